"""Intake in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.model import Arrival, Clock, ClockKind, Identity, State
from bot.store.contract import TakenIn
from bot.store.fake.memory import Memory
from bot.store.fake.records import Line, Talk, copied, must_be_aware
from bot.store.rules import by_sent_at, clean_arrival, latest, turn_due_at


class Intake(Memory):
    """What came in. See `bot.store.contract.talks`."""

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

    async def find_conversation(self, identity: Identity) -> str | None:
        """See `Store.find_conversation`."""
        return self._by_identity.get(identity)

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
