"""Turns in memory: loading a conversation, and committing what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.events import Decision
from bot.core.model import Clock, ClockKind, Delivery, Episode, Say, changed
from bot.store.contract import AlreadyExists, Committed, Loaded, TimeTaken, VersionConflict
from bot.store.fake.braking import Braking
from bot.store.fake.due import Due
from bot.store.fake.intake import Intake
from bot.store.fake.records import Line, Talk, can_withdraw, copied
from bot.store.jsontext import json_text
from bot.store.ledger import named_clocks
from bot.store.marketing import CONVERTED, HAPPENED
from bot.store.rules import (
    Owed,
    cancellable,
    clean_say,
    in_order,
    kept_promise,
    latest,
    must_have_room,
    must_not_be_taken_back,
    served_at,
)
from bot.store.waits import booked_in


class Talks(Intake, Braking, Due):
    """Conversations in memory: what came in, what was decided, what is due."""

    async def load(self, conversation_id: str) -> Loaded:
        """See `Store.load`."""
        talk = self._talk(conversation_id)
        return Loaded(state=talk.whole(), version=talk.version, flows=self._flow_revision)

    def look(self, conversation_id: str) -> Loaded:
        """The same for those who watch a simulation, and change nothing of it. Raises `NotFound`."""
        talk = self._talk(conversation_id)
        return Loaded(state=talk.seen(), version=talk.version, flows=self._flow_revision)

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

    def _keep_served(self, episode: Episode) -> None:
        at = served_at(episode)
        if episode.agent is not None and at is not None:
            self._served[episode.episode_id] = (episode.agent.agent_id, at)
        else:
            self._served.pop(episode.episode_id, None)
