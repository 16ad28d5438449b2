"""What every store must decide alike, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.core.audit import Finding
from bot.core.events import Claim, Decision, JournalEntry, Notice
from bot.core.model import Arrival, Clock, ClockKind, CommandRefused, Delivery, Enrolment, Episode, Promise, Say, Standing
from bot.store.contract import NOBODY, AgentFull, Filter, Overview

GUARDED = ((ClockKind.TURN, ""), (ClockKind.PROMISE, ""))
"""Clocks that must run while a prospect's message is unheard."""


def mention(agent_ids: Sequence[str], *, by: str) -> Notice:
    """What those hear who are mentioned in a note. `agent_id` is who wrote it."""
    text = "{holder} mentioned you in a note about {prospect}."
    return Notice(kind="mention", to=tuple(agent_ids), data={"agent_id": by, "text": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A prospect's message that is still unheard, and the promise it would open by itself."""

    message_id: int
    at: datetime
    received_at: datetime
    due_at: datetime

    @property
    def promise(self) -> Promise:
        """The wait counts from when the prospect wrote, unless their clock runs ahead of ours."""
        return Promise(opened_at=min(self.at, self.received_at), due_at=self.due_at, message_id=self.message_id)


def turn_due_at(*, answer_at: datetime, promise_due_at: datetime, open_promise: Promise | None, now: datetime) -> datetime:
    """When to answer a burst that just grew: at `answer_at`, but never past a deadline that can still be kept."""
    latest = promise_due_at
    if open_promise is not None and open_promise.due_at > now:
        latest = min(latest, open_promise.due_at)
    return min(answer_at, latest)


def kept_promise(decision: Decision, stored: Promise | None, still_owed: Sequence[Owed]) -> Promise | None:
    """The promise to store with a decision: its own, or, if messages came in while it was made, theirs.

    `stored` is the promise in the database now, `still_owed` the messages that stay unheard, oldest first.
    """
    promise = decision.state.promise
    if promise is not None or not still_owed:
        return promise
    if stored is not None and stored.message_id in {owed.message_id for owed in still_owed}:
        return stored
    return still_owed[0].promise


def cancellable(decision: Decision, still_owed: Sequence[Owed]) -> tuple[tuple[ClockKind, str], ...]:
    """The clocks a decision may stop: while a message is unheard, not those that see to its answer."""
    if not still_owed:
        return decision.cancel_clocks
    return tuple(slot for slot in decision.cancel_clocks if slot not in GUARDED)


def in_order(set_clocks: Sequence[Clock], held: Sequence[Clock]) -> list[Clock]:
    """Clocks to set, one per kind and key, in the order in which the state holds them."""
    rank = {(clock.kind, clock.key): n for n, clock in enumerate(held)}
    last = {(clock.kind, clock.key): clock for clock in set_clocks}
    return sorted(last.values(), key=lambda clock: rank.get((clock.kind, clock.key), len(rank)))


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of these moments, or None if there is none."""
    return max((moment for moment in moments if moment is not None), default=None)


def earliest(*moments: datetime | None) -> datetime | None:
    """The earliest of these moments, or None if there is none."""
    return min((moment for moment in moments if moment is not None), default=None)


def by_sent_at(arrivals: Iterable[Arrival]) -> list[tuple[int, Arrival]]:
    """Arrivals with their places in the batch, in the order in which they were sent."""
    return sorted(enumerate(arrivals), key=lambda pair: pair[1].sent_at)


NO_RISK = datetime(9999, 12, 31, tzinfo=UTC)
"""Where nothing is owed."""


def risk_at(overview: Overview) -> datetime:
    """When the promise of an open handoff breaks, or broke; `NO_RISK` if nothing is owed at the moment."""
    episode = overview.episode
    if episode is None or episode.status == "closed":
        return NO_RISK
    words = (c.due_at for c in overview.clocks if c.kind is ClockKind.FIRST_WORDS and c.key == episode.episode_id)
    if episode.status == "waiting":
        return next(words, episode.first_words_due_at)
    if episode.first_words_at is None:
        return episode.first_words_due_at
    return overview.promise_due_at or NO_RISK


def fits(overview: Overview, wanted: Filter) -> bool:
    """Whether a conversation belongs in the list."""
    episode = overview.episode if overview.episode and overview.episode.status != "closed" else None
    holder = None if episode is None or episode.status == "waiting" else episode.agent and episode.agent.agent_id
    waits = episode is not None and episode.status == "waiting"
    snoozed = any(clock.kind is ClockKind.SNOOZE for clock in overview.clocks)
    return (
        (episode is not None or not wanted.risk)
        and wanted.channel in (None, overview.identity.channel)
        and (wanted.reason is None or (episode is not None and episode.reason.value == wanted.reason))
        and (wanted.team is None or (episode is not None and episode.team == wanted.team))
        and (wanted.holder is None or (waits if wanted.holder == NOBODY else holder == wanted.holder))
        and wanted.snoozed in (None, snoozed)
    )


def waiting_since(promise: Promise | None, episode: Episode | None) -> datetime | None:
    """Since when somebody is owed an answer, or a person they were promised."""
    if promise is not None:
        return promise.opened_at
    if episode is not None and episode.status == "waiting":
        return episode.requested_at
    return None


def doubled(conversation_id: str, message_id: int, now: datetime) -> Finding:
    """A message has come back from its channel under a second id: the person sees it twice."""
    return Finding(code="sent_twice", at=now, conversation_id=conversation_id, key=str(message_id))


def served_at(episode: Episode) -> datetime | None:
    """When the episode's agent took it, or ended it."""
    return None if episode.agent is None else episode.closed_at or episode.accepted_at


def must_have_room(claim: Claim, held: float) -> None:
    """Raises `AgentFull` unless the claim fits beside what its agent holds."""
    if not claim.fits(held):
        raise AgentFull(claim, held)


def must_not_be_taken_back(known: Delivery) -> None:
    """Raises `CommandRefused` if words that are said once more under their key were taken back: they are not said."""
    if known is Delivery.WITHDRAWN:
        raise CommandRefused("taken_back", "You took that back. Write it anew to send it.")


def must_be_final(delivery: Delivery, *, parked: bool = False) -> None:
    """Raises `ValueError` unless this delivery ends a message unsent. Only what failed can be parked: what was refused must
    not be sent again."""
    if parked and delivery is not Delivery.FAILED:
        raise ValueError(f"only a failed message is parked, not one that is {delivery.value}")
    if delivery not in (Delivery.FAILED, Delivery.REFUSED):
        raise ValueError(f"a message that cannot be sent is failed or refused, not {delivery.value}")


# ---- text that no database can hold ---------------------------------------------------------------------------------


def clean_text(text: str) -> str:
    """Half surrogate pairs (a cut emoji) and NUL have no place in UTF-8 text: they become U+FFFD."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


def clean_json(value: Any) -> Any:
    """A copy of JSON data with every text in it clean."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(item) for item in value]
    return value


def clean_arrival(arrival: Arrival) -> Arrival:
    """The arrival as it can be stored."""
    return replace(
        arrival,
        text=clean_text(arrival.text),
        payload=None if arrival.payload is None else clean_text(arrival.payload),
        attachments=tuple(
            replace(a, url=a.url and clean_text(a.url), title=a.title and clean_text(a.title)) for a in arrival.attachments
        ),
        metadata=clean_json(arrival.metadata),
    )


def clean_say(say: Say) -> Say:
    """The bubble as it can be stored."""
    text = clean_text(say.text)
    return say if text == say.text else replace(say, text=text)


AWAY, ONLINE = "away", "online"


def presence_setting(agent_id: str) -> str:
    """The name under which an agent's online/away switch is kept."""
    return f"presence:{agent_id}"


def whose_presence(name: str) -> str:
    """The agent's id in such a name."""
    return name.removeprefix(presence_setting(""))


def standing_of(
    conversation_id: str, enrolment: Enrolment, due: Iterable[datetime], notes: Iterable[JournalEntry], *, zone: str | None = None
) -> Standing:
    """How an enrolment stands, from the moments its clock is due and the journal's lines, newest first."""
    latest = next((note for note in notes if note.data.get("enrolment") == enrolment.enrolment_id), None)
    held = latest.data if latest is not None and latest.kind == "flow.held" else None
    return Standing(conversation_id=conversation_id, enrolment=enrolment, due_at=next(iter(due), None), held=held, zone=zone)
