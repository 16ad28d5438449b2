"""The card an agent reads before saying a word: made from what is stored, without guessing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from bot.core.events import JournalEntry
from bot.core.model import Episode, Owner, Reason, State
from handoff.routing import told

MAX_HISTORY = 12
MAX_VALUE = 200
"""Characters of a slot's value on the card."""

CHANNELS = {"facebook": "Messenger", "widget": "the website", "rest": "the REST channel", "socketio": "socket.io"}

HEADLINES = {
    Reason.ASKED: "{name} asked for a person",
    Reason.NOT_UNDERSTOOD: "The bot did not understand {name}",
    Reason.COMPLAINT: "{name} has a complaint",
    Reason.HOT_LEAD: "{name} is ready to talk business",
    Reason.UNANSWERABLE: "{name} sent something the bot cannot answer",
    Reason.BOT_FAILURE: "The bot failed {name}",
    Reason.FLOW_STEP: "{name} reached a step that needs a person",
    Reason.AGENT_STEPPED_IN: "{agent} stepped in for {name}",
    Reason.NATIVE_INBOX: "{name} is being answered from the page inbox",
}

OUTCOMES = {
    "returned": "handed back to the bot",
    "answered": "answered",
    "won": "won",
    "lost": "lost",
    "later": "wants to hear from us later",
    "no_fit": "no fit",
    "prospect_chose_bot": "went on with the bot",
    "prospect_cancelled": "called it off",
    "opted_out": "asked us to stop writing",
}

OUR_SLOTS = frozenset(
    {"handoff_summary", "handoff_outcome", "handoff_promised", "handoff_resume", "callback_number", "callback_time", "referral"}
)
"""Slots the card shows in words of its own."""


class Guide(BaseModel):
    """How slots read on the card: labels of facts, which slots are wants and objections, and what to ask for an empty one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: dict[str, str] = {}
    wants: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    questions: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What an agent should know at a glance.

    Headline (one sentence), facts (label, value), wants, objections, what is promised and still open, what agents noted before
    when they gave back, the flow step as (flow, step), the next question worth asking, history (when, what), the last reading as
    (intent, confidence), and who was asked about the open episode and why they.
    """

    headline: str
    facts: tuple[tuple[str, str], ...]
    wants: tuple[str, ...]
    objections: tuple[str, ...]
    promised: tuple[str, ...]
    before: tuple[str, ...]
    flow: tuple[str, str] | None
    next_question: str | None
    history: tuple[tuple[datetime, str], ...]
    reading: tuple[str, float] | None
    asked: tuple[str, tuple[str, ...]] | None = None


def card(state: State, episodes: Sequence[Episode], journal: Sequence[JournalEntry], guide: Guide | None = None) -> Card:
    """What is known of this prospect. `episodes` and `journal` are oldest first."""
    guide = guide or Guide()
    reading = state.last_reading
    live = state.live_enrolments
    return Card(
        headline=_headline(state),
        facts=_facts(state, guide),
        wants=_values(state.slots, guide.wants),
        objections=_values(state.slots, guide.objections),
        promised=_promised(state),
        before=tuple(e.summary for e in episodes if e.status == "closed" and e.summary),
        flow=(live[-1].flow_id.replace("_", " ").capitalize(), live[-1].step_id.replace("_", " ")) if live else None,
        next_question=next((q for slot, q in guide.questions.items() if not _text(state.slots.get(slot))), None),
        history=_history(state, episodes, journal),
        reading=(reading.intent, reading.confidence) if reading and reading.intent else None,
        asked=_asked(state, journal),
    )


def _asked(state: State, journal: Sequence[JournalEntry]) -> tuple[str, tuple[str, ...]] | None:
    """Who is being asked, or was when they took it, with the reasons kept with the offer."""
    episode = state.episode
    if episode is None or episode.status == "closed":
        return None
    offers = (e.data for e in reversed(journal) if e.kind == "episode.offered" and e.data.get("episode_id") == episode.episode_id)
    last = next(offers, None)
    if last is None or (episode.agent is not None and episode.agent.agent_id != last.get("agent_id")):
        return None
    why = told(last.get("why", ()))
    return (str(last["agent_id"]), why) if why else None


def _name(state: State) -> str:
    parts = (state.profile.first_name, state.profile.last_name)
    return " ".join(p for p in parts if p) or _text(state.slots.get("name")) or "Someone"


def _headline(state: State) -> str:
    name, episode = _name(state), state.episode
    where = CHANNELS.get(state.identity.channel, state.identity.channel)
    if episode is None or episode.status == "closed":
        talking = {Owner.BOT: "is talking with the bot", Owner.CLOSED: "has no open question"}
        return f"{name} {talking.get(state.owner, 'is here')} on {where}."
    agent = episode.agent.name if episode.agent else "Somebody"
    sentence = HEADLINES[episode.reason].format(name=name, agent=agent)
    waits_for = {"callback": ", and wants to be called back", "book": ", and wants a time"}.get(episode.choice or "", "")
    return f"{sentence} on {where}{waits_for}."


def _text(value: Any) -> str:
    """A slot's value in one line; empty for nothing known."""
    if value is None or value is False or value == "":
        return ""
    if value is True:
        return "yes"
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_text, value)))
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {_text(v)}" for k, v in value.items() if _text(v))
    return " ".join(str(value).split())[:MAX_VALUE]


def _values(slots: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = slots.get(name)
        items = value if isinstance(value, (list, tuple)) else (value,)
        found += [text for item in items if (text := _text(item))]
    return tuple(dict.fromkeys(found))


def _facts(state: State, guide: Guide) -> tuple[tuple[str, str], ...]:
    told = {
        "Came from": _origin(state.slots.get("referral")),
        "Number": _text(state.slots.get("callback_number")),
        "Best time": _text(state.slots.get("callback_time")),
        "Language": state.profile.locale or "",
        "Time zone": state.profile.zone or "",
    }
    shown_elsewhere = OUR_SLOTS | {*guide.wants, *guide.objections}
    order = (*guide.labels, *(slot for slot in state.slots if slot not in guide.labels))
    slots = {
        guide.labels.get(slot, slot.replace("_", " ").capitalize()): _text(state.slots.get(slot))
        for slot in order
        if slot not in shown_elsewhere
    }
    facts: dict[str, str] = {}
    for label, value in (slots | told).items():
        if value and value not in facts.values():
            facts[label] = value
    return tuple(facts.items())


def _origin(referral: Any) -> str:
    """Where somebody came from, as a person would say it: the link's or ad's name, the campaign, else the page."""
    if not isinstance(referral, Mapping):
        return _text(referral)
    utm = referral.get("utm")
    campaign = " / ".join(_text(utm[k]) for k in ("utm_source", "utm_campaign") if utm.get(k)) if isinstance(utm, Mapping) else ""
    ad = f"ad {_text(referral['ad_id'])}" if referral.get("ad_id") else ""
    told = [_text(referral.get("ref")), campaign, ad]
    return ", ".join(filter(None, told)) or _text(referral.get("url")).partition("?")[0]


def _promised(state: State) -> tuple[str, ...]:
    promised = []
    choice = state.episode.choice if state.episode and state.episode.status != "closed" else None
    if choice == "callback" and (number := _text(state.slots.get("callback_number"))):
        promised.append(f"A call back on {number}")
    if choice == "book" and (time := _text(state.slots.get("callback_time"))):
        promised.append(f"A talk: {time}")
    return (*promised, *_values(state.slots, ("handoff_promised",)))


def _history(state: State, episodes: Sequence[Episode], journal: Sequence[JournalEntry]) -> tuple[tuple[datetime, str], ...]:
    lines = [(state.created_at, "First contact")]
    for episode in episodes:
        if episode.closed_at is not None:
            by = f" by {episode.agent.name}" if episode.agent else ""
            outcome = OUTCOMES.get(episode.outcome or "", (episode.outcome or "").replace("_", " "))
            lines.append((episode.closed_at, f"Talk{by}: {outcome}" if episode.agent else f"Request ended: {outcome}"))
    lines += [(entry.at, text) for entry in journal if (text := _journal_text(entry))]
    return tuple(sorted(lines, key=lambda line: line[0]))[-MAX_HISTORY:]


def _journal_text(entry: JournalEntry) -> str | None:
    """A journal entry as a person reads it; None for those that say nothing about the prospect."""
    data = entry.data
    match entry.kind:
        case "episode.opened":
            return f"A person was needed: {str(data.get('reason', '')).replace('_', ' ')}"
        case "episode.breached":
            return f"Our promise was missed: {str(data.get('clock', '')).replace('_', ' ')}"
        case "episode.chose":
            return f"Chose: {str(data.get('choice', '')).replace('_', ' ')}"
        case "episode.booked":
            return "Booked a time"
        case "episode.rated":
            return f"Rated the talk {data.get('rating')} of 5"
        case "native_inbox.took":
            return "Somebody took it over in the page inbox"
        case "native_inbox.gave_back":
            return "Came back from the page inbox"
        case "episode.transferred":
            return "Passed on to a colleague" if data.get("to") else f"Passed on to the team {data.get('team', '')}"
        case "episode.transfer_undone":
            return "Passing on was undone"
        case "episode.returned":
            return "Back in the queue"
        case "episode.reopened":
            return "Giving back was undone"
        case "prospect.opted_out":
            return "Asked us to stop writing"
        case "prospect.opted_in":
            return "Asked to hear from us again"
        case "brain.failed":
            return "The bot was not answering"
    return None
