"""Intake, clocks and commits in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from bot.core import brake, guard
from bot.core.events import Decision, JournalEntry, Notice
from bot.core.model import Arrival, Clock, ClockKind, Delivery, Episode, FlowMode, Identity, Say, State, changed
from bot.store.braked import ARM_STOPPED, BRAKE, Braked, CountsInMemory, arm_noticed, first_day, may_brake, noticed
from bot.store.contract import (
    AlreadyExists,
    Committed,
    DueClock,
    JournalLine,
    Loaded,
    NotFound,
    TakenIn,
    TimeTaken,
    VersionConflict,
)
from bot.store.fake.notices import Notices
from bot.store.fake.records import Line, Slot, Talk, can_withdraw, copied, must_be_aware
from bot.store.flowbook import FlowChange, FlowHead, FlowVersion, StoppedArm, ruled
from bot.store.jsontext import json_text
from bot.store.ledger import ClockKey, Ledger, claimable_clocks, key_of, must_be_short, named_clocks
from bot.store.marketing import CONVERTED, HAPPENED, Conversion
from bot.store.rules import (
    Owed,
    by_sent_at,
    cancellable,
    clean_arrival,
    clean_say,
    earliest,
    in_order,
    kept_promise,
    latest,
    must_have_room,
    must_not_be_taken_back,
    served_at,
    turn_due_at,
)
from bot.store.waits import booked_in


class Talks(Notices):
    """Conversations in memory: what came in, what was decided, what is due."""

    def __init__(self, mint: Callable[[], str]) -> None:
        super().__init__()
        self._mint = mint
        self._message_ids = count(1)
        self._journal_ids = count(1)
        self._talks: dict[str, Talk] = {}
        self._by_identity: dict[Identity, str] = {}
        self._lines: dict[int, Line] = {}
        self._by_key: dict[str, Line] = {}
        self._due: list[tuple[datetime, str, str, str]] = []
        self._leaving: dict[str, None] = {}
        self._open_episodes: dict[str, Episode] = {}
        self._served: dict[str, tuple[str, datetime]] = {}
        self._parked: dict[int, Line] = {}
        self._conversions: dict[str, Conversion] = {}
        self._held_clocks: Ledger[ClockKey] = Ledger()
        self._held_messages: Ledger[int] = Ledger()
        self._flow_versions: dict[str, list[FlowVersion]] = {}
        self._flow_heads: dict[str, FlowHead] = {}
        self._flow_log: list[FlowChange] = []
        self._flow_revision = 0
        self._flow_counts = CountsInMemory()
        self._arms_harmed: dict[tuple[str, str], Counter[str]] = {}
        self._stopped_arms: dict[tuple[str, str, str], StoppedArm] = {}

    def _talk(self, conversation_id: str) -> Talk:
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
            self._talks[conversation_id] = Talk(state=state, last_at=arrival.sent_at)
            self._by_identity[arrival.identity] = conversation_id
        talk = self._talks[conversation_id]
        known = talk.inbound.get(arrival.external_id)
        if known is not None:
            return TakenIn(conversation_id=conversation_id, message_id=known.message_id, seq=known.seq or 0, new=False)
        talk.last_seq += 1
        line = Line(
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
        else:
            self._set_clock(talk, replace(running, due_at=max(running.due_at, due_at)), in_place=True)

    def _add(self, talk: Talk, line: Line) -> None:
        talk.lines.append(line)
        talk.open[line.message_id] = line
        self._lines[line.message_id] = line

    def _set_clock(self, talk: Talk, clock: Clock, *, in_place: bool = False) -> None:
        slot = (clock.kind, clock.key)
        self._held_clocks.drop((talk.state.conversation_id, *slot))
        if slot in talk.clocks:
            self._undue(talk, talk.clocks[slot])
            if not in_place:
                del talk.clocks[slot]
        talk.clocks[slot] = changed(clock, data=copied(clock.data))
        insort(self._due, (clock.due_at, talk.state.conversation_id, clock.kind.value, clock.key))

    def _stop_clock(self, talk: Talk, slot: Slot) -> None:
        clock = talk.clocks.pop(slot, None)
        if clock is not None:
            self._undue(talk, clock)

    def _undue(self, talk: Talk, clock: Clock) -> None:
        entry = (clock.due_at, talk.state.conversation_id, clock.kind.value, clock.key)
        del self._due[bisect_left(self._due, entry)]

    async def find_conversation(self, identity: Identity) -> str | None:
        """See `Store.find_conversation`."""
        return self._by_identity.get(identity)

    # ---- one conversation

    async def load(self, conversation_id: str) -> Loaded:
        """See `Store.load`."""
        talk = self._talk(conversation_id)
        return Loaded(state=talk.whole(), version=talk.version, flows=self._flow_revision)

    async def tracker_tail(self, conversation_id: str, *, limit: int) -> list[str]:
        """See `Store.tracker_tail`."""
        talk = self._talks.get(conversation_id)
        if talk is None or limit <= 0:
            return []
        return talk.tracker[-limit:]

    async def commit(self, conversation_id: str, *, version: int, decision: Decision, now: datetime) -> Committed:
        """See `Store.commit`."""
        talk = self._talk(conversation_id)
        if talk.version != version:
            raise VersionConflict(f"conversation {conversation_id} is at version {talk.version}, not {version}")
        self._check(talk, decision)
        if decision.claim is not None:
            must_have_room(decision.claim, self._weight_held(decision.claim.agent_id, beside=conversation_id))
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
        talk.tracker.extend(json_text(event) for event in decision.tracker_events)
        for entry in decision.journal:
            self._journal_line(talk, entry)
        braked = self._count_and_brake(conversation_id, decision.journal, now)
        notice_ids = self.write_notices(conversation_id, decision.notify, now)
        return Committed(version=talk.version, message_ids=message_ids, notice_ids=notice_ids, braked=braked)

    def _count_and_brake(self, conversation_id: str, journal: Sequence[JournalEntry], now: datetime) -> tuple[Braked, ...]:
        self._flow_counts.add(journal)
        braked = []
        for flow_id, limit in brake.harmed_in(journal).items():
            head = self._flow_heads.get(flow_id)
            pulled = brake.pull(self._flow_counts.of(flow_id, since=first_day(now)), limit=limit)
            if head is None or pulled is None or not may_brake(head.mode):
                continue
            reason = brake.in_words(pulled)
            self._flow_heads[flow_id] = ruled(head, FlowMode.PAUSED, by=BRAKE, now=now, reason=reason)
            line = FlowChange(
                log_id=len(self._flow_log) + 1, flow_id=flow_id, at=now, by=BRAKE, what=FlowMode.PAUSED.value, number=head.number,
                reason=reason,
            )  # fmt: skip
            self._flow_log.append(line)
            self._flow_revision += 1
            self._flow_counts.forget(flow_id)
            braked.append(self._braked(conversation_id, flow_id, reason, noticed(flow_id, reason), now))
        for one in guard.harmed_in(journal):
            place = (one.flow_id, one.experiment)
            harmed = self._arms_harmed.setdefault(place, Counter())
            harmed[one.arm] += 1
            shares = {arm: share for arm, share in one.shares.items() if (*place, arm) not in self._stopped_arms}
            worst = guard.harmful(harmed, shares)
            if worst is None or one.flow_id not in self._flow_heads:
                continue
            reason = guard.in_words(worst, harmed, shares)
            arm = StoppedArm(flow_id=one.flow_id, experiment=one.experiment, arm=worst, stopped_at=now, reason=reason)
            self._stopped_arms[(*place, worst)] = arm
            self._arm_line(one.flow_id, ARM_STOPPED, by=BRAKE, now=now, reason=f"{one.experiment}: {reason}")
            told = arm_noticed(one.flow_id, one.experiment, worst, reason)
            braked.append(self._braked(conversation_id, one.flow_id, reason, told, now))
        return tuple(braked)

    def _braked(self, conversation_id: str, flow_id: str, reason: str, told: Notice, now: datetime) -> Braked:
        (notice_id,) = self.write_notices(conversation_id, [told], now)
        return Braked(flow_id=flow_id, reason=reason, notice_id=notice_id, notice=told)

    def _arm_line(self, flow_id: str, what: str, *, by: str, now: datetime, reason: str) -> None:
        number, log_id = self._flow_heads[flow_id].number, len(self._flow_log) + 1
        line = FlowChange(log_id=log_id, flow_id=flow_id, at=now, by=by, what=what, number=number, reason=reason)
        self._flow_log.append(line)
        self._flow_revision += 1

    def _weight_held(self, agent_id: str, *, beside: str = "") -> float:
        return sum(
            episode.weight
            for conversation_id, episode in self._open_episodes.items()
            if conversation_id != beside
            and episode.status == "accepted"
            and episode.agent is not None
            and episode.agent.agent_id == agent_id
        )

    def _check(self, talk: Talk, decision: Decision) -> None:
        """Raise for whatever a database would refuse, before anything is changed."""
        for message_id in decision.withdraw:
            line = talk.open.get(message_id)
            if line is None or not can_withdraw(line):
                raise VersionConflict(f"message {message_id} of conversation {talk.state.conversation_id} has left already")
        for say in decision.say:
            known = talk.by_client_key.get(say.client_key) if say.client_key is not None else None
            if known is not None and known.delivery is not None:
                must_not_be_taken_back(known.delivery)
        live = dict(talk.live_flows)
        held = {enrolment.enrolment_id: enrolment for enrolment in decision.state.enrolments}
        for flow_id, enrolment_id in talk.live_flows.items():
            if enrolment_id in held and held[enrolment_id].status != "live":
                del live[flow_id]
        for enrolment in decision.state.live_enrolments:
            if live.setdefault(enrolment.flow_id, enrolment.enrolment_id) != enrolment.enrolment_id:
                raise AlreadyExists(f"a unique value is taken: a live enrolment in flow {enrolment.flow_id!r}")
        mine = set(booked_in([decision.state.episode] if decision.state.episode else []))
        if mine and mine & set(booked_in(one for of, one in self._open_episodes.items() if of != talk.state.conversation_id)):
            raise TimeTaken("that place at that time is taken")
        told = [entry.data["external_id"] for entry in decision.journal if entry.kind in (CONVERTED, HAPPENED)]
        if len(set(told)) < len(told) or any(external_id in self._conversions for external_id in told):
            raise AlreadyExists("a unique value is taken: a conversion")

    def _close_line(self, talk: Talk, line: Line) -> None:
        talk.open.pop(line.message_id, None)
        self._held_messages.drop(line.message_id)
        if not talk.unsent():
            self._leaving.pop(line.conversation_id, None)

    def _say(self, talk: Talk, say: Say, owner_version: int, now: datetime) -> int:
        if say.client_key is not None and say.client_key in talk.by_client_key:
            return talk.by_client_key[say.client_key].message_id
        line = Line(
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

    def _keep_served(self, episode: Episode) -> None:
        at = served_at(episode)
        if episode.agent is not None and at is not None:
            self._served[episode.episode_id] = (episode.agent.agent_id, at)
        else:
            self._served.pop(episode.episode_id, None)

    def _keep_state(self, talk: Talk, decision: Decision, still_owed: Sequence[Owed], now: datetime) -> None:
        state, before = decision.state, talk.state.episode
        promise = kept_promise(decision, talk.promise, still_owed)
        self._held_clocks.drop(*named_clocks(talk.state.conversation_id, decision))
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
            self._keep_served(state.episode)
        if state.episode is not None and state.episode.status != "closed":
            self._open_episodes[talk.state.conversation_id] = state.episode
        else:
            self._open_episodes.pop(talk.state.conversation_id, None)
        for enrolment in state.enrolments:
            if enrolment.status == "live":
                talk.live_flows[enrolment.flow_id] = enrolment.enrolment_id
            elif talk.live_flows.get(enrolment.flow_id) == enrolment.enrolment_id:
                del talk.live_flows[enrolment.flow_id]
        talk.promise = promise
        talk.last_inbound_at = latest(talk.last_inbound_at, state.last_inbound_at)
        talk.last_outbound_at = latest(talk.last_outbound_at, state.last_outbound_at)
        talk.state = changed(
            state,
            conversation_id=talk.state.conversation_id,
            identity=talk.state.identity,
            created_at=talk.state.created_at,
            slots=copied(state.slots),
        )
        talk.version += 1

    def _journal_line(self, talk: Talk, entry: JournalEntry) -> None:
        line = JournalLine(
            journal_id=next(self._journal_ids),
            conversation_id=talk.state.conversation_id,
            entry=changed(entry, data=copied(entry.data)),
        )
        talk.journal.append(line)
        if entry.kind in (CONVERTED, HAPPENED):
            told = Conversion(external_id=entry.data["external_id"], conversation_id=talk.state.conversation_id, entry=line.entry)
            self._conversions[told.external_id] = told

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

    async def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """See `Store.next_due_at`."""
        if after is None:
            return self._due[0][0] if self._due else None
        later = bisect_right(self._due, after, key=lambda entry: entry[0])
        due_at = self._due[later][0] if later < len(self._due) else None
        return earliest(due_at, self._held_clocks.next_end(after))

    # ---- claims

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str] = frozenset()
    ) -> list[DueClock]:
        """See `Store.claim_clocks`."""
        must_be_short(now, until)
        due = await self.due_clocks(now=now, limit=len(self._due), skip=skip)
        chosen = claimable_clocks(self._held_clocks, due, worker=worker, now=now, limit=limit)
        for one in chosen:
            self._held_clocks.take(one.conversation_id, key_of(one), worker=worker, now=now, until=until)
        return chosen

    async def renew_claims(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""
        must_be_short(now, until)
        held = (self._held_clocks, self._held_messages)
        renewed = (ledger.renew(worker=worker, until=until, conversations=conversations) for ledger in held)
        return frozenset[str]().union(*renewed)

    async def release_claims(
        self, *, worker: str, conversations: Collection[str] | None = None, not_before: datetime | None = None
    ) -> None:
        """See `Store.release_claims`."""
        self._held_clocks.release(worker=worker, conversations=conversations, not_before=not_before)
        self._held_messages.release(worker=worker, conversations=conversations, not_before=not_before)
