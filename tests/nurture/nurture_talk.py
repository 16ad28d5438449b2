"""A conversation for tests: plays the part of the core around the engine, keeps virtual time, writes a transcript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from bot.core.draft import Draft
from bot.core.events import JournalEntry
from bot.core.model import ClockKind, Heard, Identity, Owner, Profile, Reading, Say, Speaker, State, Window
from nurture import engine, gate
from nurture.copy import asks
from nurture.engine import Nurture, Persona
from nurture.load import load_flows
from nurture.timing import known_zone, may_send

FLOWS = Path(__file__).parents[2] / "flows"
NOON = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
PERSONA = Persona(name="Juno", business="Sundial")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HELLO = "  - {id: hello, say: Hi, purpose: help}"
DAILY = "\n".join(f"  - {{id: w{n}, wait: 1d}}\n  - {{id: s{n}, say: Day {n}, purpose: help}}" for n in range(1, 8))

type Make = Callable[..., Talk]


def reference_nurture() -> Nurture:
    return Nurture(flows=load_flows(FLOWS), persona=PERSONA, default_zone="UTC")


class Talk:
    """`write` is the prospect, `later` lets clocks fire, `lines` is who said which step: `> hi`, `welcome/hello`."""

    def __init__(
        self,
        nurture: Nurture,
        *,
        now: datetime = NOON,
        seed: int = 0,
        window: timedelta | None = None,
        zone: str | None = None,
        channel: str = "widget",
    ) -> None:
        self.nurture = nurture
        self.now = now
        self.window = window
        self.rng = Random(seed)
        self.lines: list[str] = []
        self.texts: list[str] = []
        self.journal: list[JournalEntry] = []
        self.tracked: list[Any] = []
        self._ids = count(1)
        self.state = State(
            conversation_id="c1",
            identity=Identity(channel=channel, external_id="p1"),
            created_at=now,
            profile=Profile(zone=zone),
        )

    # ---- events ----

    def write(
        self,
        text: str,
        intent: str | None = None,
        *,
        brain: tuple[str, ...] = ("Sure.",),
        entities: dict[str, str] | None = None,
        slots: dict[str, str] | None = None,
        payload: str | None = None,
        handoff: bool = False,
        referral: dict[str, Any] | None = None,
    ) -> bool:
        """The prospect writes, the brain reads it as `intent` and would say `brain`. True if the flow's words came instead."""
        self.lines.append(f"> {text}")
        reading = Reading(
            text=text,
            intent=intent,
            confidence=0.9,
            entities=tuple({"entity": name, "value": value} for name, value in (entities or {}).items()),
        )
        metadata = {"referral": referral} if referral else {}
        heard = (Heard(message_id=next(self._ids), external_id="m", at=self.now, text=text, payload=payload, metadata=metadata),)
        closes_at = None if self.window is None else self.now + self.window
        self.state = replace(
            self.state,
            last_inbound_at=self.now,
            window=Window(opened_at=self.now, closes_at=closes_at),
            owner=Owner.BOT if self.state.owner is Owner.CLOSED else self.state.owner,
        )
        absorbed = False

        def turn(draft: Draft) -> None:
            nonlocal absorbed
            draft.set(last_reading=reading, slots={**draft.state.slots, **(slots or {})})
            if draft.state.owner is Owner.BOT and not handoff:
                absorbed = engine.hear(draft, self.nurture, heard=heard, reading=reading)
            if not absorbed:
                for words in brain:
                    draft.say(Say(speaker=Speaker.BOT, text=words, wording="brain"))
            if handoff:
                engine.hold(draft)
                draft.set(owner=Owner.WAITING)
            elif draft.state.owner is Owner.BOT:
                engine.carry_on(draft, self.nurture, aside=not absorbed)
            draft.set(turns=draft.state.turns + 1)

        self._decide(turn, prompted=True)
        return absorbed

    def later(self, length: timedelta) -> None:
        """Time passes; STEP clocks fire when they are due."""
        until = self.now + length
        while (clock := self._next_clock()) and clock.due_at <= until:
            self.now = max(self.now, clock.due_at)
            self._decide(lambda draft, clock=clock: self._fire(draft, clock), prompted=False)  # type: ignore[misc]
        self.now = until

    def comes_by(self, referral: dict[str, Any]) -> None:
        """The prospect opens the chat by a link or an ad and writes nothing."""
        heard = (Heard(message_id=next(self._ids), external_id="r", at=self.now, metadata={"referral": referral}),)
        self.state = replace(self.state, last_inbound_at=self.now)
        self._decide(lambda draft: engine.referred(draft, self.nurture, heard), prompted=True)

    def is_tagged(self, tag: str) -> None:
        """Something outside the flow puts a tag on the person."""

        def tag_it(draft: Draft) -> None:
            draft.set(tags=(*draft.state.tags, tag))
            engine.settle(draft, self.nurture)

        self._decide(tag_it, prompted=False)

    def opt_out(self) -> None:
        def stop(draft: Draft) -> None:
            engine.stop_all(draft, "opted_out")
            draft.set(opted_out_at=draft.now)

        self.lines.append("> stop")
        self._decide(stop, prompted=True)

    def person_takes_over(self) -> None:
        self.lines.append("-- a person")

        def take(draft: Draft) -> None:
            engine.hold(draft)
            draft.set(owner=Owner.AGENT)

        self._decide(take, prompted=False)

    def person_gives_back(self, outcome: str = "returned") -> None:
        self.lines.append(f"-- back, {outcome}")

        def back(draft: Draft) -> None:
            draft.set(owner=Owner.BOT)
            engine.ended(draft, self.nurture, outcome)
            engine.resume(draft, self.nurture)

        self._decide(back, prompted=False)

    def close(self) -> None:
        self.state = replace(self.state, owner=Owner.CLOSED)

    def start(self, flow_id: str) -> bool:
        started = False

        def by_hand(draft: Draft) -> None:
            nonlocal started
            started = engine.start(draft, self.nurture, flow_id)

        self._decide(by_hand, prompted=False)
        return started

    # ---- what to look at ----

    def noted(self, kind: str) -> list[Any]:
        return [entry.data for entry in self.journal if entry.kind == kind]

    def asks_for_person(self) -> str | None:
        draft = Draft(self.state, now=self.now, rng=self.rng, new_id=lambda prefix: prefix)
        return engine.asks_for_person(draft, self.nurture)

    @property
    def ends(self) -> list[tuple[str, str, str | None]]:
        return [(e.flow_id, e.status, e.end_reason) for e in self.state.enrolments if e.status != "live"]

    # ---- inside ----

    def _next_clock(self) -> Any:
        steps = [c for c in self.state.clocks if c.kind is ClockKind.STEP]
        return min(steps, key=lambda c: c.due_at, default=None)

    def _fire(self, draft: Draft, clock: Any) -> None:
        draft.cancel_clock(clock.kind, clock.key)
        engine.due(draft, self.nurture, clock)

    def _decide(self, rules: Callable[[Draft], object], *, prompted: bool) -> None:
        before = self.state
        draft = Draft(before, now=self.now, rng=self.rng, new_id=lambda prefix: f"{prefix}{next(self._ids)}")
        rules(draft)
        decision = draft.close()
        self.state = decision.state
        self.journal.extend(decision.journal)
        self.tracked.extend(decision.tracker_events)
        for say in decision.say:
            self.texts.append(say.text)
            name = "bot" if say.speaker is Speaker.BOT else (say.wording or "").split("#")[0]
            if not self.lines or self.lines[-1] != name or name == "bot":
                self.lines.append(name)
        self._check(before, decision.say, prompted=prompted)

    def _check(self, before: State, says: tuple[Say, ...], *, prompted: bool) -> None:
        """What may never happen, whatever the events were."""
        live = self.state.live_enrolments
        clocks = {c.key for c in self.state.clocks if c.kind is ClockKind.STEP}
        assert clocks == {e.enrolment_id for e in live if e.waiting_for != "person"}
        assert len({e.flow_id for e in live}) == len(live)
        flow_says = [say for say in says if say.speaker is Speaker.FLOW]
        if before.opted_out_at:
            assert not flow_says
        for say in flow_says:
            assert all((say.enrolment_id, say.wording, say.purpose))
        if flow_says and not prompted:
            assert before.owner in gate.TALKING_OWNERS
            flow = self.nurture.flows[flow_says[0].wording.split("/")[0]]  # type: ignore[union-attr]
            zone = known_zone(self.state.profile.zone, flow.zone, self.nurture.default_zone)
            assert may_send(self.now, flow.rules, zone)
            for cap in flow.caps:
                recent = [at for at in self.state.flow_sent_at if at > self.now - cap.within]
                assert len(recent) <= cap.messages
            assert gate.unanswered(self.state) <= flow.unanswered
            assert before.window is None or before.window.closes_at is None or self.now < before.window.closes_at
        assert sum(asks(say.text) for say in flow_says) <= 1


def met(nurture: Nurture, *, seed: int = 0) -> Talk:
    """A talk with the reference flows in which both discovery questions were answered and a tip was given."""
    talk = Talk(nurture, seed=seed)
    talk.write("hi", "greet")
    talk.write("i sell candles", "tell_business", entities={"product": "candles"})
    talk.write("people go quiet", "tell_obstacle")
    return talk
