"""A store in memory that behaves like the durable one, for tests and simulations of what stands on it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from bot.core.model import (
    AgentRef,
    Arrival,
    Clock,
    ClockKind,
    Decision,
    Delivery,
    Episode,
    Heard,
    Identity,
    JournalEntry,
    Owner,
    Promise,
    Say,
    Speaker,
    State,
    Unsent,
)
from bot.store.contract import (
    Agent,
    AlreadyExists,
    Committed,
    Counts,
    DueClock,
    JournalLine,
    Loaded,
    Message,
    Note,
    NotFound,
    Outgoing,
    Overview,
    StoreError,
    TakenIn,
    VersionConflict,
)
from bot.store.rules import (
    Owed,
    by_sent_at,
    cancellable,
    clean_arrival,
    clean_say,
    clean_text,
    in_order,
    kept_promise,
    latest,
    must_be_final,
    turn_due_at,
    waiting_since,
)

type Slot = tuple[ClockKind, str]

LEAVING = (Delivery.QUEUED, Delivery.SENDING)


@dataclass(slots=True, kw_only=True)
class _Line:
    """A message in either direction; a prospect's has an arrival, an outgoing one a say and a delivery."""

    message_id: int
    conversation_id: str
    at: datetime
    created_at: datetime
    due_at: datetime
    seq: int | None = None
    arrival: Arrival | None = None
    unheard: bool = False
    say: Say | None = None
    delivery: Delivery | None = None
    key: str = ""
    owner_version: int = 0
    attempts: int = 0
    error: str | None = None
    read_at: datetime | None = None

    def shown(self) -> Message:
        shared = {
            "message_id": self.message_id,
            "conversation_id": self.conversation_id,
            "seq": self.seq,
            "at": self.at,
            "error": self.error,
            "read_at": self.read_at,
        }
        if self.arrival is not None:
            return Message(
                **shared,  # type: ignore[arg-type]
                speaker=Speaker.PROSPECT,
                text=self.arrival.text,
                attachments=self.arrival.attachments,
                payload=self.arrival.payload,
                client_key=self.arrival.external_id,
            )
        say = self.said()
        return Message(
            **shared,  # type: ignore[arg-type]
            speaker=say.speaker,
            text=say.text,
            quick_replies=say.quick_replies,
            image_url=say.image_url,
            agent=say.agent,
            delivery=self.delivery,
            client_key=say.client_key,
        )

    def said(self) -> Say:
        if self.say is None:
            raise NotFound("outgoing message", str(self.message_id))
        return replace(self.say, due_at=self.due_at)

    def heard(self) -> Heard:
        if self.arrival is None:
            raise NotFound("message of a prospect", str(self.message_id))
        return Heard(
            message_id=self.message_id,
            external_id=self.arrival.external_id,
            at=self.at,
            text=self.arrival.text,
            payload=self.arrival.payload,
            attachments=self.arrival.attachments,
            metadata=copied(self.arrival.metadata),
        )

    def owed(self) -> Owed:
        return Owed(message_id=self.message_id, at=self.at, received_at=self.created_at, due_at=self.due_at)


@dataclass(slots=True, kw_only=True)
class _Talk:
    """A conversation. `state` is as it was committed last; what moves without a version stands beside it."""

    state: State
    last_at: datetime
    version: int = 0
    last_seq: int = 0
    promise: Promise | None = None
    last_inbound_at: datetime | None = None
    last_outbound_at: datetime | None = None
    clocks: dict[Slot, Clock] = field(default_factory=dict)
    lines: list[_Line] = field(default_factory=list)
    open: dict[int, _Line] = field(default_factory=dict)
    inbound: dict[str, _Line] = field(default_factory=dict)
    by_client_key: dict[str, _Line] = field(default_factory=dict)
    tracker: list[dict[str, Any]] = field(default_factory=list)
    journal: list[JournalLine] = field(default_factory=list)
    episodes: dict[str, Episode] = field(default_factory=dict)
    live_flows: dict[str, str] = field(default_factory=dict)

    def unheard(self) -> list[_Line]:
        lines = (line for line in self.open.values() if line.unheard)
        return sorted(lines, key=lambda line: (line.at, line.message_id))

    def unsent(self) -> list[_Line]:
        return [line for line in self.open.values() if line.delivery in LEAVING]

    def whole(self) -> State:
        waiting = (line for line in self.open.values() if can_withdraw(line))
        return replace(
            self.state,
            promise=self.promise,
            slots=copied(self.state.slots),
            clocks=tuple(self.clocks.values()),
            unheard=tuple(line.heard() for line in self.unheard()),
            unsent=tuple(Unsent(message_id=line.message_id, say=line.said()) for line in waiting),
            last_inbound_at=self.last_inbound_at,
            last_outbound_at=self.last_outbound_at,
        )


def copied(value: Any) -> Any:
    """JSON data as a database gives it back: nothing shared with what was put in."""
    if isinstance(value, Mapping):
        return {str(key): copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(item) for item in value]
    return value


def can_withdraw(line: _Line) -> bool:
    """It is queued and was never handed to its channel."""
    return line.delivery is Delivery.QUEUED and line.attempts == 0


def must_be_aware(*moments: datetime) -> None:
    """Raises `StoreError` for a datetime without a zone."""
    for moment in moments:
        if moment.tzinfo is None:
            raise StoreError(f"a datetime without a zone cannot be stored: {moment!r}")


class FakeStore:
    """`bot.store.contract.Store` in memory. `mint` makes ids of conversations and keys; the default counts, so that a
    simulation gives the same ids each time."""

    def __init__(self, *, mint: Callable[[], str] | None = None) -> None:
        numbers = count(1)
        self._mint = mint or (lambda: f"id-{next(numbers)}")
        self._message_ids = count(1)
        self._journal_ids = count(1)
        self._note_ids = count(1)
        self._talks: dict[str, _Talk] = {}
        self._by_identity: dict[Identity, str] = {}
        self._lines: dict[int, _Line] = {}
        self._by_key: dict[str, _Line] = {}
        self._due: list[tuple[datetime, str, str, str]] = []
        self._leaving: dict[str, None] = {}
        self._notes: list[Note] = []
        self._agents: dict[str, Agent] = {}
        self._sessions: dict[str, tuple[str, datetime]] = {}
        self._settings: dict[str, str] = {}

    # ---- life

    async def migrate(self) -> None:
        """Nothing to bring up to date."""

    async def ping(self) -> None:
        """Memory is there."""

    async def close(self) -> None:
        """Nothing to let go of; what is stored stays, so a test can open it again."""

    def _talk(self, conversation_id: str) -> _Talk:
        try:
            return self._talks[conversation_id]
        except KeyError:
            raise NotFound("conversation", conversation_id) from None

    # ---- intake

    async def take_in(
        self, arrivals: Sequence[Arrival], *, now: datetime, answer_at: datetime, promise_due_at: datetime
    ) -> list[TakenIn]:
        """See `Store.take_in`."""
        must_be_aware(now, answer_at, promise_due_at, *(arrival.sent_at for arrival in arrivals))
        taken: dict[int, TakenIn] = {}
        grown: dict[str, None] = {}
        for place, arrival in by_sent_at(clean_arrival(arrival) for arrival in arrivals):
            taken[place] = self._take_one(arrival, now=now, promise_due_at=promise_due_at)
            if taken[place].new:
                grown[taken[place].conversation_id] = None
        for conversation_id in grown:
            self._start_turn(conversation_id, now=now, answer_at=answer_at, promise_due_at=promise_due_at)
        return [taken[place] for place in range(len(arrivals))]

    def _take_one(self, arrival: Arrival, *, now: datetime, promise_due_at: datetime) -> TakenIn:
        conversation_id = self._by_identity.get(arrival.identity)
        met = conversation_id is None
        if conversation_id is None:
            self._mint()  # the prospect's, so that ids agree with a database's count
            conversation_id = self._mint()
            state = State(conversation_id=conversation_id, identity=arrival.identity, created_at=now)
            self._talks[conversation_id] = _Talk(state=state, last_at=arrival.sent_at)
            self._by_identity[arrival.identity] = conversation_id
        talk = self._talks[conversation_id]
        known = talk.inbound.get(arrival.external_id)
        if known is not None:
            return TakenIn(conversation_id=conversation_id, message_id=known.message_id, seq=known.seq or 0, new=False)
        talk.last_seq += 1
        line = _Line(
            message_id=next(self._message_ids),
            conversation_id=conversation_id,
            seq=talk.last_seq,
            at=arrival.sent_at,
            created_at=now,
            due_at=promise_due_at,
            arrival=replace(arrival, metadata=copied(arrival.metadata)),
            unheard=True,
        )
        self._add(talk, line)
        talk.inbound[arrival.external_id] = line
        talk.last_at = max(talk.last_at, arrival.sent_at)
        talk.last_inbound_at = latest(talk.last_inbound_at, arrival.sent_at)
        if talk.promise is None:
            talk.promise = line.owed().promise
            self._set_clock(talk, Clock(kind=ClockKind.PROMISE, due_at=promise_due_at), in_place=True)
        return TakenIn(
            conversation_id=conversation_id,
            message_id=line.message_id,
            seq=talk.last_seq,
            new=True,
            new_conversation=met,
        )

    def _start_turn(self, conversation_id: str, *, now: datetime, answer_at: datetime, promise_due_at: datetime) -> None:
        talk = self._talks[conversation_id]
        due_at = turn_due_at(answer_at=answer_at, promise_due_at=promise_due_at, open_promise=talk.promise, now=now)
        running = talk.clocks.get((ClockKind.TURN, ""))
        if running is None:
            self._set_clock(talk, Clock(kind=ClockKind.TURN, due_at=due_at))
        elif running.due_at < due_at:
            self._set_clock(talk, replace(running, due_at=due_at), in_place=True)

    def _add(self, talk: _Talk, line: _Line) -> None:
        talk.lines.append(line)
        talk.open[line.message_id] = line
        self._lines[line.message_id] = line

    def _set_clock(self, talk: _Talk, clock: Clock, *, in_place: bool = False) -> None:
        slot = (clock.kind, clock.key)
        if slot in talk.clocks:
            self._undue(talk, talk.clocks[slot])
            if not in_place:
                del talk.clocks[slot]
        talk.clocks[slot] = replace(clock, data=copied(clock.data))
        insort(self._due, (clock.due_at, talk.state.conversation_id, clock.kind.value, clock.key))

    def _stop_clock(self, talk: _Talk, slot: Slot) -> None:
        clock = talk.clocks.pop(slot, None)
        if clock is not None:
            self._undue(talk, clock)

    def _undue(self, talk: _Talk, clock: Clock) -> None:
        entry = (clock.due_at, talk.state.conversation_id, clock.kind.value, clock.key)
        del self._due[bisect_left(self._due, entry)]

    async def find_conversation(self, identity: Identity) -> str | None:
        """See `Store.find_conversation`."""
        return self._by_identity.get(identity)

    # ---- one conversation

    async def load(self, conversation_id: str) -> Loaded:
        """See `Store.load`."""
        talk = self._talk(conversation_id)
        return Loaded(state=talk.whole(), version=talk.version)

    async def tracker_tail(self, conversation_id: str, *, limit: int) -> list[dict[str, Any]]:
        """See `Store.tracker_tail`."""
        talk = self._talks.get(conversation_id)
        if talk is None or limit <= 0:
            return []
        return [copied(event) for event in talk.tracker[-limit:]]

    async def commit(self, conversation_id: str, *, version: int, decision: Decision, now: datetime) -> Committed:
        """See `Store.commit`."""
        talk = self._talk(conversation_id)
        if talk.version != version:
            raise VersionConflict(f"conversation {conversation_id} is at version {talk.version}, not {version}")
        self._check(talk, decision)
        for message_id in decision.withdraw:
            self._lines[message_id].delivery = Delivery.WITHDRAWN
            self._close_line(talk, self._lines[message_id])
        for message_id in decision.heard:
            line = talk.open.get(message_id)
            if line is not None and line.unheard:
                line.unheard = False
                self._close_line(talk, line)
        still_owed = [line.owed() for line in talk.unheard()]
        message_ids = tuple(self._say(talk, clean_say(say), decision.state.owner_version, now) for say in decision.say)
        self._keep_state(talk, decision, still_owed, now)
        talk.tracker.extend(copied(event) for event in decision.tracker_events)
        for entry in decision.journal:
            self._journal_line(talk, entry)
        return Committed(version=talk.version, message_ids=message_ids)

    def _check(self, talk: _Talk, decision: Decision) -> None:
        """Raise for whatever a database would refuse, before anything is changed."""
        for message_id in decision.withdraw:
            line = talk.open.get(message_id)
            if line is None or not can_withdraw(line):
                raise VersionConflict(f"message {message_id} of conversation {talk.state.conversation_id} has left already")
        live = dict(talk.live_flows)
        held = {enrolment.enrolment_id: enrolment for enrolment in decision.state.enrolments}
        for flow_id, enrolment_id in talk.live_flows.items():
            if enrolment_id in held and held[enrolment_id].status != "live":
                del live[flow_id]
        for enrolment in decision.state.live_enrolments:
            if live.setdefault(enrolment.flow_id, enrolment.enrolment_id) != enrolment.enrolment_id:
                raise AlreadyExists(f"a unique value is taken: a live enrolment in flow {enrolment.flow_id!r}")

    def _close_line(self, talk: _Talk, line: _Line) -> None:
        talk.open.pop(line.message_id, None)
        if not talk.unsent():
            self._leaving.pop(line.conversation_id, None)

    def _say(self, talk: _Talk, say: Say, owner_version: int, now: datetime) -> int:
        if say.client_key is not None and say.client_key in talk.by_client_key:
            return talk.by_client_key[say.client_key].message_id
        line = _Line(
            message_id=next(self._message_ids),
            conversation_id=talk.state.conversation_id,
            at=now,
            created_at=now,
            due_at=say.due_at or now,
            say=say,
            delivery=Delivery.QUEUED,
            key=self._mint(),
            owner_version=owner_version,
        )
        self._add(talk, line)
        self._by_key[line.key] = line
        self._leaving[line.conversation_id] = None
        if say.client_key is not None:
            talk.by_client_key[say.client_key] = line
        return line.message_id

    def _keep_state(self, talk: _Talk, decision: Decision, still_owed: Sequence[Owed], now: datetime) -> None:
        state, before = decision.state, talk.state.episode
        promise = kept_promise(decision, talk.promise, still_owed)
        for slot in cancellable(decision, still_owed):
            self._stop_clock(talk, slot)
        for clock in in_order(decision.set_clocks, state.clocks):
            self._set_clock(talk, clock)
        if promise is not None and state.promise is None:
            self._set_clock(talk, Clock(kind=ClockKind.PROMISE, due_at=promise.due_at), in_place=True)
        if (
            before is not None
            and before.status != "closed"
            and (state.episode is None or state.episode.episode_id != before.episode_id)
        ):
            talk.episodes[before.episode_id] = replace(before, status="closed", closed_at=now)
        if state.episode is not None:
            talk.episodes[state.episode.episode_id] = state.episode
        for enrolment in state.enrolments:
            if enrolment.status == "live":
                talk.live_flows[enrolment.flow_id] = enrolment.enrolment_id
            elif talk.live_flows.get(enrolment.flow_id) == enrolment.enrolment_id:
                del talk.live_flows[enrolment.flow_id]
        talk.promise = promise
        talk.last_inbound_at = latest(talk.last_inbound_at, state.last_inbound_at)
        talk.last_outbound_at = latest(talk.last_outbound_at, state.last_outbound_at)
        talk.state = replace(
            state,
            conversation_id=talk.state.conversation_id,
            identity=talk.state.identity,
            created_at=talk.state.created_at,
            slots=copied(state.slots),
        )
        talk.version += 1

    def _journal_line(self, talk: _Talk, entry: JournalEntry) -> None:
        line = JournalLine(
            journal_id=next(self._journal_ids),
            conversation_id=talk.state.conversation_id,
            entry=replace(entry, data=copied(entry.data)),
        )
        talk.journal.append(line)

    # ---- clocks

    async def due_clocks(self, *, now: datetime, limit: int, skip: frozenset[str] = frozenset()) -> list[DueClock]:
        """See `Store.due_clocks`."""
        due: list[DueClock] = []
        for due_at, conversation_id, kind, key in self._due:
            if due_at > now or len(due) == limit:
                break
            if conversation_id not in skip:
                clock = self._talks[conversation_id].clocks[ClockKind(kind), key]
                due.append(DueClock(conversation_id=conversation_id, clock=clock))
        return due

    async def next_due_at(self) -> datetime | None:
        """See `Store.next_due_at`."""
        return self._due[0][0] if self._due else None

    # ---- outbox

    def _firsts(self, channels: tuple[str, ...]) -> Iterable[tuple[_Talk, _Line]]:
        for conversation_id in self._leaving:
            talk = self._talks[conversation_id]
            if talk.state.identity.channel in channels:
                yield talk, min(talk.unsent(), key=lambda line: line.message_id)

    async def outbox_due(
        self, *, now: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str] = frozenset()
    ) -> list[Outgoing]:
        """See `Store.outbox_due`."""
        due = [
            (line.due_at, line.message_id, talk, line)
            for talk, line in self._firsts(channels)
            if line.due_at <= now and line.conversation_id not in skip
        ]
        due.sort(key=lambda entry: entry[:2])
        return [self._outgoing(talk, line) for _, _, talk, line in due[:limit]]

    def _outgoing(self, talk: _Talk, line: _Line) -> Outgoing:
        say, state = line.said(), talk.state
        return Outgoing(
            message_id=line.message_id,
            conversation_id=line.conversation_id,
            identity=state.identity,
            say=say,
            key=line.key,
            delivery=line.delivery or Delivery.QUEUED,
            attempts=line.attempts,
            stale=say.speaker is not Speaker.AGENT and line.owner_version != state.owner_version,
            window_closes_at=None if state.window is None else state.window.closes_at,
            opted_out_at=state.opted_out_at,
            last_inbound_at=talk.last_inbound_at,
        )

    async def outbox_next_at(self, *, channels: tuple[str, ...]) -> datetime | None:
        """See `Store.outbox_next_at`."""
        return min((line.due_at for _, line in self._firsts(channels)), default=None)

    def _outbound(self, message_id: int) -> _Line:
        line = self._lines.get(message_id)
        if line is None or line.say is None:
            raise NotFound("outgoing message", str(message_id))
        return line

    async def mark_sending(self, message_id: int, *, now: datetime) -> bool:
        """See `Store.mark_sending`."""
        line = self._lines.get(message_id)
        if line is None or line.delivery not in LEAVING:
            return False
        line.delivery = Delivery.SENDING
        line.attempts += 1
        return True

    async def mark_sent(self, message_id: int, *, now: datetime, external_id: str | None) -> Message:
        """See `Store.mark_sent`. Raises `NotFound`, `VersionConflict`."""
        return self._sent(self._outbound(message_id), now)

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """See `Store.settle_by_echo`."""
        line = self._by_key.get(key)
        return None if line is None else self._sent(line, now)

    def _sent(self, line: _Line, now: datetime) -> Message:
        if line.delivery is Delivery.SENT:
            return line.shown()
        if line.delivery not in LEAVING and line.attempts == 0:
            raise VersionConflict(f"message {line.message_id} is {line.delivery} and was never handed to its channel")
        talk = self._talks[line.conversation_id]
        talk.last_seq += 1
        line.seq, line.at, line.delivery, line.error = talk.last_seq, now, Delivery.SENT, None
        talk.last_at = max(talk.last_at, now)
        talk.last_outbound_at = latest(talk.last_outbound_at, now)
        self._close_line(talk, line)
        return line.shown()

    async def mark_retry(self, message_id: int, *, due_at: datetime, error: str) -> None:
        """See `Store.mark_retry`. Raises `NotFound`."""
        line = self._outbound(message_id)
        if line.delivery is Delivery.SENDING:
            line.delivery, line.due_at, line.error = Delivery.QUEUED, due_at, error

    async def mark_unsendable(self, message_id: int, *, delivery: Delivery, error: str, now: datetime) -> None:
        """See `Store.mark_unsendable`. Raises `NotFound`, and `ValueError` for any other delivery."""
        must_be_final(delivery)
        line = self._outbound(message_id)
        if line.delivery not in LEAVING:
            return
        line.delivery, line.error = delivery, error
        talk = self._talks[line.conversation_id]
        self._close_line(talk, line)
        data = {"message_id": message_id, "error": error}
        self._journal_line(talk, JournalEntry(kind=f"message.{delivery.value}", at=now, data=data))

    async def unsent_count(self, conversation_id: str) -> int:
        """See `Store.unsent_count`."""
        talk = self._talks.get(conversation_id)
        return 0 if talk is None else len(talk.unsent())

    # ---- reading

    def _lines_of(self, conversation_id: str) -> list[_Line]:
        talk = self._talks.get(conversation_id)
        return [] if talk is None else talk.lines

    async def messages(
        self, conversation_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 200
    ) -> list[Message]:
        """See `Store.messages`."""
        shown = sorted(
            (line.seq, line)
            for line in self._lines_of(conversation_id)
            if line.seq is not None and line.seq > after_seq and (before_seq is None or line.seq < before_seq)
        )
        part = shown[:limit] if before_seq is None else shown[max(0, len(shown) - limit) :]
        return [line.shown() for _, line in part]

    async def pending_messages(self, conversation_id: str) -> list[Message]:
        """See `Store.pending_messages`."""
        return [
            line.shown() for line in self._lines_of(conversation_id) if line.seq is None and line.delivery is not Delivery.WITHDRAWN
        ]

    async def mark_read(self, conversation_id: str, *, up_to_seq: int, now: datetime) -> None:
        """See `Store.mark_read`."""
        for line in self._lines_of(conversation_id):
            if line.say is not None and line.seq is not None and line.seq <= up_to_seq and line.read_at is None:
                line.read_at = now

    async def overview(self, conversation_id: str) -> Overview:
        """See `Store.overview`."""
        return self._overview(self._talk(conversation_id))

    def _overview(self, talk: _Talk) -> Overview:
        state = talk.whole()
        last = next((line for line in reversed(talk.lines) if line.seq == talk.last_seq), None)
        return Overview(
            conversation_id=state.conversation_id,
            identity=state.identity,
            profile=state.profile,
            owner=state.owner,
            slots=state.slots,
            tags=state.tags,
            episode=state.episode,
            clocks=state.clocks,
            last_message=None if last is None else last.shown(),
            last_at=talk.last_at,
            waiting_since=waiting_since(talk.promise, state.episode),
        )

    async def overviews(
        self, *, view: str, agent_id: str | None = None, limit: int = 50, before: datetime | None = None
    ) -> list[Overview]:
        """See `Store.overviews`. Raises `ValueError` for an unknown view, or `mine` without an agent."""
        match view:
            case "queue":
                found = [self._talks[conversation_id] for conversation_id in self._waiting()]
            case "mine" if agent_id is not None:
                found = self._latest_first(talk for talk in self._talks.values() if _holds(talk, agent_id))
            case "all":
                found = self._latest_first(talk for talk in self._talks.values() if before is None or talk.last_at < before)
            case _:
                raise ValueError(f"no such view: {view!r} (agent {agent_id!r})")
        return [self._overview(talk) for talk in found[:limit]]

    def _latest_first(self, talks: Iterable[_Talk]) -> list[_Talk]:
        by_id = sorted(talks, key=lambda talk: talk.state.conversation_id)
        return sorted(by_id, key=lambda talk: talk.last_at, reverse=True)

    def _waiting(self) -> list[str]:
        waiting = [
            (episode.first_words_due_at, conversation_id)
            for conversation_id, talk in self._talks.items()
            for episode in talk.episodes.values()
            if episode.status == "waiting"
        ]
        return [conversation_id for _, conversation_id in sorted(waiting)]

    async def waiting_conversations(self) -> list[str]:
        """See `Store.waiting_conversations`."""
        return self._waiting()

    async def agent_load(self) -> dict[str, int]:
        """See `Store.agent_load`."""
        load: dict[str, int] = {}
        for talk in self._talks.values():
            for episode in talk.episodes.values():
                if episode.status == "accepted" and episode.agent is not None:
                    load[episode.agent.agent_id] = load.get(episode.agent.agent_id, 0) + 1
        return load

    async def journal(self, conversation_id: str, *, limit: int = 200) -> list[JournalLine]:
        """See `Store.journal`."""
        talk = self._talks.get(conversation_id)
        return [] if talk is None or limit <= 0 else talk.journal[-limit:]

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """See `Store.episodes`."""
        talk = self._talks.get(conversation_id)
        found = () if talk is None else talk.episodes.values()
        return sorted(found, key=lambda episode: (episode.requested_at, episode.episode_id))

    async def add_note(self, conversation_id: str, *, agent: AgentRef, text: str, now: datetime) -> Note:
        """See `Store.add_note`. Raises `NotFound`."""
        self._talk(conversation_id)
        note = Note(
            note_id=next(self._note_ids),
            conversation_id=conversation_id,
            agent=agent,
            text=clean_text(text),
            at=now,
        )
        self._notes.append(note)
        return note

    async def notes(self, conversation_id: str) -> list[Note]:
        """See `Store.notes`."""
        return [note for note in self._notes if note.conversation_id == conversation_id]

    async def counts(self, *, now: datetime) -> Counts:
        """See `Store.counts`."""
        by_owner: dict[str, int] = {}
        for talk in self._talks.values():
            by_owner[talk.state.owner.value] = by_owner.get(talk.state.owner.value, 0) + 1
        promises = [talk.promise for talk in self._talks.values() if talk.promise is not None]
        return Counts(
            conversations_by_owner=by_owner,
            open_promises=len(promises),
            overdue_promises=sum(promise.due_at < now for promise in promises),
            waiting_episodes=len(self._waiting()),
            queued_messages=sum(line.delivery is Delivery.QUEUED for line in self._lines.values()),
            due_clocks=sum(due_at <= now for due_at, *_ in self._due),
        )

    # ---- agents

    async def add_agent(self, agent: Agent) -> None:
        """See `Store.add_agent`."""
        self._must_be_free(agent)
        if agent.agent_id in self._agents:
            raise AlreadyExists(f"there is an agent {agent.agent_id!r} already")
        self._agents[agent.agent_id] = agent

    async def agents(self) -> list[Agent]:
        """See `Store.agents`."""
        return sorted(self._agents.values(), key=lambda agent: (agent.name, agent.agent_id))

    async def agent(self, agent_id: str) -> Agent:
        """See `Store.agent`."""
        if agent_id not in self._agents:
            raise NotFound("agent", agent_id)
        return self._agents[agent_id]

    async def agent_by_email(self, email: str) -> Agent | None:
        """See `Store.agent_by_email`."""
        return self._holder(email)

    def _holder(self, email: str) -> Agent | None:
        folded = email.strip().casefold()
        return next((a for a in self._agents.values() if a.email.strip().casefold() == folded), None)

    def _must_be_free(self, agent: Agent) -> None:
        holder = self._holder(agent.email)
        if holder is not None and holder.agent_id != agent.agent_id:
            raise AlreadyExists(f"there is an agent with the e-mail address {agent.email!r} already")

    async def update_agent(self, agent: Agent) -> None:
        """See `Store.update_agent`. Raises `AlreadyExists` if the new e-mail address is another agent's."""
        await self.agent(agent.agent_id)
        self._must_be_free(agent)
        self._agents[agent.agent_id] = agent

    async def open_session(self, *, token_sha256: str, agent_id: str, expires_at: datetime) -> None:
        """See `Store.open_session`. Raises `NotFound` for an unknown agent."""
        await self.agent(agent_id)
        self._sessions[token_sha256] = (agent_id, expires_at)

    async def session_agent(self, *, token_sha256: str, now: datetime) -> Agent | None:
        """See `Store.session_agent`."""
        agent_id, expires_at = self._sessions.get(token_sha256, ("", now))
        agent = self._agents.get(agent_id)
        return agent if agent is not None and expires_at > now and agent.disabled_at is None else None

    async def close_session(self, *, token_sha256: str) -> None:
        """See `Store.close_session`."""
        self._sessions.pop(token_sha256, None)

    async def setting(self, name: str) -> str | None:
        """See `Store.setting`."""
        return self._settings.get(name)

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """See `Store.put_setting`."""
        if if_absent:
            return self._settings.setdefault(name, value)
        self._settings[name] = value
        return value


def _holds(talk: _Talk, agent_id: str) -> bool:
    held = (e for e in talk.episodes.values() if e.status == "accepted" and e.agent is not None)
    return talk.state.owner is Owner.AGENT and any(e.agent is not None and e.agent.agent_id == agent_id for e in held)
