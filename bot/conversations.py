"""Carries events through `decide` and commits what follows, one transaction each.

A commit holds only if the conversation has not changed since it was loaded; else everything is decided again from what is true now.
So a bot's answer that was computed while an agent took over is never committed, and no lock is held while the brain thinks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from time import perf_counter
from typing import Any

import structlog

from bot.brain import Brain
from bot.core.decide import Rules, decide
from bot.core.draft import joined
from bot.core.events import BrainAnswered, BrainAsk, BrainFailed, Decision, Event
from bot.core.model import State
from bot.errors import BrainError
from bot.hub import Hub
from bot.published import Published
from bot.store.contract import Committed, Loaded, Store, TimeTaken, VersionConflict
from bot.time import Time
from handoff.desk import Desk
from handoff.policy import Policy

log = structlog.get_logger()

TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of an event: the state after it and the ids of the messages it queued."""

    state: State
    message_ids: tuple[int, ...] = ()


class Conversations:
    """The one path for every event, whoever caused it."""

    def __init__(
        self,
        store: Store,
        brain: Brain,
        hub: Hub,
        time: Time,
        rules: Rules,
        *,
        desk: Callable[[], Desk],
        rng: Random,
        new_id: Callable[[str], str],
        tracker_events: int,
        published: Published | None = None,
    ) -> None:
        self._store, self._brain, self._hub, self._time = store, brain, hub, time
        self._rules, self._published = rules, published
        self._desk, self._rng, self._new_id = desk, rng, new_id
        self._tracker_events = tracker_events
        self.on_queued: Callable[[str, Decision, Committed], None] = lambda _id, _decision, _committed: None
        self.on_clocks: Callable[[datetime | None], None] = lambda _due_at: None
        self.on_decided: Callable[[State, State], None] = lambda _before, _after: None
        self.on_settled: Callable[[str], None] = lambda _id: None
        self.on_committed: Callable[[State, State], None] = lambda _before, _after: None
        self.on_notices: Callable[[], None] = lambda: None
        self.on_time_taken: Callable[[], Awaitable[None]] = _nothing
        self.on_calls: Callable[[str, Decision], None] = lambda _id, _decision: None
        self.on_turn: Callable[[State], None] = lambda _state: None
        self.on_journal: Callable[[], None] = lambda: None

    @property
    def rules(self) -> Rules:
        """What decisions go by, as far as this service knows."""
        return self._rules if self._published is None else replace(self._rules, nurture=self._published.nurture)

    def go_by(self, policy: Policy) -> None:
        """These promises hold from now on."""
        self._rules = replace(self._rules, policy=policy)

    async def _rules_for(self, loaded: Loaded) -> Rules:
        if self._published is None:
            return self._rules
        nurture = await self._published.holding_for(loaded.state, loaded.flows)
        return replace(self._rules, nurture=nurture)

    async def handle(self, conversation_id: str, event: Event | Callable[[State], Event | None]) -> Handled:
        """Decide and commit. `event` may be a function of the state, None meaning that there is nothing to do any more.

        Raises `NotFound`, `CommandRefused`, `StoreUnavailable`, or `VersionConflict` when others keep changing it.
        """
        for left in reversed(range(TRIES)):
            started = perf_counter()
            loaded = await self._store.load(conversation_id)
            happened = event(loaded.state) if callable(event) else event
            if happened is None:
                return Handled(state=loaded.state)
            decision = await self._decide(loaded.state, happened, await self._rules_for(loaded))
            if decision == Decision(state=loaded.state):
                return Handled(state=loaded.state)
            self.on_decided(loaded.state, decision.state)
            try:
                committed = await self._store.commit(
                    conversation_id, version=loaded.version, decision=decision, now=self._time.now()
                )
            except VersionConflict as conflict:
                if left == 0:
                    raise
                log.info("turn.again", conversation_id=conversation_id, happened=type(happened).__name__)
                if isinstance(conflict, TimeTaken):
                    await self.on_time_taken()
                continue
            finally:
                self.on_settled(conversation_id)
            self.on_committed(loaded.state, decision.state)
            self._tell(conversation_id, loaded.state, happened, decision, committed)
            self._log(conversation_id, happened, decision, started)
            return Handled(state=decision.state, message_ids=committed.message_ids)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _decide(self, state: State, event: Event, rules: Rules) -> Decision:
        decision = self._pure(state, event, rules)
        while decision.ask_brain is not None:
            answered = await self._ask(decision.state, decision.ask_brain)
            decision = joined(decision, self._pure(decision.state, answered, rules))
        return decision

    def _pure(self, state: State, event: Event, rules: Rules) -> Decision:
        return decide(state, event, now=self._time.now(), rng=self._rng, new_id=self._new_id, rules=rules, desk=self._desk())

    async def _ask(self, state: State, ask: BrainAsk) -> BrainAnswered | BrainFailed:
        self.on_turn(state)
        tracker = await self._store.tracker_tail(state.conversation_id, limit=self._tracker_events)
        try:
            answer = await self._brain.turn(state.conversation_id, state.identity.channel, ask, tracker)
        except BrainError as error:
            log.warning("brain.failed", conversation_id=state.conversation_id, error=error.code)
            return BrainFailed(ask=ask, error=error.code)
        return BrainAnswered(ask=ask, answer=answer)

    def _tell(self, conversation_id: str, before: State, event: Event, decision: Decision, committed: Committed) -> None:
        if decision.say:
            self.on_queued(conversation_id, decision, committed)
        if decision.calls:
            self.on_calls(conversation_id, decision)
        if decision.set_clocks or decision.cancel_clocks:
            self.on_clocks(min((clock.due_at for clock in decision.set_clocks), default=None))
        if decision.journal:
            self.on_journal()
        changed = {"type": "conversation", "conversation_id": conversation_id}
        self._hub.publish("console", changed)
        self._hub.publish(f"conversation:{conversation_id}", changed)
        if decision.state.owner is not before.owner:
            self._hub.publish(f"conversation:{conversation_id}", {"type": "owner", "conversation_id": conversation_id})
        for notice, notice_id in zip(decision.notify, committed.notice_ids, strict=True):
            frame: dict[str, Any] = {
                "type": "notice",
                "kind": notice.kind,
                "to": list(notice.to),
                "conversation_id": conversation_id,
                "notice_id": notice_id,
                **notice.data,
            }
            self._hub.publish("console", frame)
        for braked in committed.braked:
            log.warning("flow.braked", flow=braked.flow_id)
            notice = braked.notice
            told = {"type": "notice", "kind": notice.kind, "to": [], "conversation_id": conversation_id, **notice.data}
            self._hub.publish("console", {**told, "notice_id": braked.notice_id})
        if decision.notify or committed.braked:
            self.on_notices()

    def _log(self, conversation_id: str, event: Event, decision: Decision, started: float) -> None:
        log.info(
            "turn.committed",
            conversation_id=conversation_id,
            happened=type(event).__name__,
            owner=decision.state.owner.value,
            says=len(decision.say),
            ms=round((perf_counter() - started) * 1000, 1),
        )


async def _nothing() -> None:
    return
