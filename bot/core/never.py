"""What may never happen, as far as one conversation shows it: pure checks over its states, decisions and sends.

Each gives the broken rows of the design's table as sentences that begin with the row's number, and nothing where all is well. The
property tests and the simulator ask these same functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.audit import CHECKS, lacks
from bot.core.events import Decision
from bot.core.model import ClockKind, Episode, Owner, Speaker, State
from bot.core.window import SendAs
from handoff.match import TEAM_SLOT

SPOKEN_BY_ITSELF = frozenset({Speaker.BOT, Speaker.FLOW})
NATIVE = "native"
"""The holder that stands for whoever answers in the page's own inbox; an agent may take over from it."""

ENDS_A_WAIT = frozenset({"prospect_chose_bot", "prospect_cancelled", "opted_out"})
"""How an episode may end while a person is still awaited: only by what the prospect did."""


def of_state(state: State) -> Iterator[str]:
    """What a state that is stored must not look like: the audit's own checks, and nobody twice in one flow."""
    for lack in lacks(state):
        check = CHECKS[lack.code]
        yield f"{check.row}: {check.sentence}"
    live = state.live_enrolments
    if len({e.flow_id for e in live}) != len(live):
        yield "I7: somebody is twice in one flow"


def of_capacity(held: Sequence[Episode], capacity: float) -> Iterator[str]:
    """What an agent must not come to hold. One episode fits always, and an admin may let it be too much."""
    weight = sum(episode.weight for episode in held)
    if len(held) > 1 and weight > capacity and not any(episode.above_capacity for episode in held):
        yield f"I9: an agent holds {weight:g} with room for {capacity:g}"


def of_decision(before: State, decision: Decision) -> Iterator[str]:
    """What a decision must not do to the state it is committed on."""
    after, notes = decision.state, decision.journal
    if after.owner is Owner.AGENT and any(say.speaker in SPOKEN_BY_ITSELF for say in decision.say):
        yield "I3: bot and agent at once"
    kept = [note.data.get("how") for note in notes if note.kind == "promise.kept"]
    if after.promise is None and (before.promise is not None or decision.heard) and not kept:
        yield "I1: a promise fell away and nobody says how it was kept"
    if "answer" in kept and not decision.say and _open(after.episode) is None:
        yield "I1: counted as answered, and nothing was said"
    if after.opted_out_at and any(say.speaker is Speaker.FLOW for say in decision.say):
        yield "I5: a flow speaks to somebody who opted out"
    yield from _of_episodes(before, decision)
    yield from _of_effects(before, decision)


def _of_episodes(before: State, decision: Decision) -> Iterator[str]:
    old, new = _open(before.episode), _open(decision.state.episode)
    if old is None:
        return
    if new is None or new.episode_id != old.episode_id:
        outcome = next((n.data.get("outcome") for n in decision.journal if n.kind == "episode.closed"), None)
        if old.status == "waiting" and outcome not in ENDS_A_WAIT:
            yield f"I2: somebody who waits for a person was closed ({outcome})"
        return
    held_by, holds = old.agent, new.agent
    if held_by and holds and held_by.agent_id not in (holds.agent_id, NATIVE):
        yield "I9: two agents hold one episode"


def _of_effects(before: State, decision: Decision) -> Iterator[str]:
    """An effect belongs to what is true when it is committed: a rung is climbed once, a flow does not talk over people."""
    for note in decision.journal:
        if note.kind == "rung.climbed":
            episode = before.episode
            if episode is not None and episode.episode_id == note.data["episode_id"] and note.data["rung"] < episode.rung:
                yield "I8: a rung was climbed twice"
        if note.kind == "flow.step" and note.data.get("prompted") is False:
            if before.owner not in (Owner.BOT, Owner.CLOSED):
                yield "I3: a flow spoke up while a person was called or there"
            if before.unheard:
                yield "I7: a flow spoke up before what the person just said was answered"


def early(before: State, decision: Decision, latest: datetime) -> Iterator[str]:
    """Effects of clocks that were not due yet. `latest` is the latest time that the clock on the wall lately showed."""
    for note in decision.journal:
        slot = _fired(note.kind, note.data, before)
        clock = before.clock(*slot) if slot else None
        if clock is not None and clock.due_at > latest:
            yield f"I8: a {clock.kind.value} clock had its effect {(clock.due_at - latest).total_seconds():.3f} s early"


def _fired(kind: str, data: Mapping[str, Any], before: State) -> tuple[ClockKind, str] | None:
    """The clock whose firing this line of the journal tells of."""
    match kind:
        case "turn.heard":
            return ClockKind.TURN, ""
        case "promise.broken":
            return ClockKind.PROMISE, ""
        case "rung.climbed" | "ladder.alarmed_again":
            return ClockKind.RUNG, str(data["episode_id"])
        case "snooze.ended" if data.get("why") == "due":
            return ClockKind.SNOOZE, ""
        case "episode.offer_lapsed" if "why" not in data:
            return ClockKind.ACCEPT, str(data["episode_id"])
        case "flow.step" if data.get("prompted") is False and any(e.enrolment_id == data["enrolment"] for e in before.enrolments):
            return ClockKind.STEP, str(data["enrolment"])
        case _:
            return None


def of_send(state: State, speaker: Speaker, wording: str) -> Iterator[str]:
    """What a message must not be that leaves while the conversation is in this state."""
    if state.owner is Owner.AGENT and speaker in SPOKEN_BY_ITSELF:
        yield "I3: the bot spoke over an agent"
    if state.opted_out_at and "opted_out" not in wording:
        if state.last_inbound_at is None or state.last_inbound_at <= state.opted_out_at:
            yield "I5: written to after an opt-out"
        if speaker is Speaker.FLOW:
            yield "I5: a flow's words left after an opt-out"


def of_tag(send_as: SendAs, speaker: Speaker, *, closes_at: datetime | None, now: datetime) -> Iterator[str]:
    """What may not be said of how a message leaves: outside the window, or as a person's words when they are none."""
    if send_as is SendAs.HUMAN_AGENT and speaker is not Speaker.AGENT:
        yield "I6: the human tag on words that no person wrote"
    if send_as is SendAs.RESPONSE and closes_at is not None and now >= closes_at:
        yield "I6: a send outside the window"


def of_reader(agent_id: str, teams: Collection[str], of_anybody: Collection[str], state: State) -> Iterator[str]:
    """What is wrong with this agent's screen showing something of this conversation. Who is of no team reads everything; `teams`
    are theirs, `of_anybody` those of all who can sign in."""
    said = (state.episode.team if state.episode is not None else None) or state.slots.get(TEAM_SLOT)
    team, theirs, all_there_are = str(said or "").strip().lower(), *({t.lower() for t in some} for some in (teams, of_anybody))
    if not theirs or team in theirs or team not in all_there_are:
        return
    holder = state.episode.agent if state.episode is not None and state.episode.status == "accepted" else None
    asked = [c.data.get("agent_id") for c in state.clocks if c.kind is ClockKind.ACCEPT]
    if agent_id not in (*asked, holder.agent_id if holder else None):
        yield f"I10: an agent saw a conversation of the team {team}, which is none of theirs"


def quiet(at: datetime, zone: ZoneInfo, *, allowed: bool) -> Iterator[str]:
    """A flow's own initiative outside the hours it may use; `allowed` is the flow's rule for that moment."""
    if not allowed:
        yield f"I7: a flow spoke up in quiet hours ({at.astimezone(zone):%a %H:%M} in {zone.key})"


def _open(episode: Episode | None) -> Episode | None:
    return episode if episode is not None and episode.status != "closed" else None
