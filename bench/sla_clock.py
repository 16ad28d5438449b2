"""Misses found by the rules of handoff, and by a scheduler that looks every five minutes, on the same waits.

The scheduler is a model of how Chatwoot 4.15 judges the next reply, by its source: at each tick, whoever has waited too long since
`waiting_since` gets one event for each last message of theirs; an answer clears `waiting_since`. So a wait that is over by the next
tick leaves no trace, and one in which the prospect writes again while it lasts is counted again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from bench.crowd import percentile
from bench.rows import Row
from bot.core.draft import Draft
from bot.core.model import AgentRef, Clock, ClockKind, Heard, Identity, Owner, Promise, Reason, State
from handoff import episodes
from handoff.desk import Desk, Seat
from handoff.policy import Policy

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
TICK_S = 300.0
AGENT = AgentRef(agent_id="mia", name="Mia")
DESK = Desk((Seat(AGENT.agent_id, capacity=1_000_000),))
LONGEST_S = 900.0
DOWN = 0.1
"""The share of waits during which our service is down, so that no clock of theirs fires before the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """A wait for an agent's next words: when the prospect wrote, wrote again, and was answered (seconds from the start)."""

    since_s: float
    again_s: tuple[float, ...]
    answered_s: float
    down: bool

    def is_missed(self, target_s: float) -> bool:
        """The truth, told by timestamps."""
        return self.answered_s - self.since_s >= target_s


def waits(count: int, rng: Random) -> list[Waited]:
    """So many waits over a day, up to a quarter of an hour each; half of the prospects write again while they wait."""
    made = []
    for _ in range(count):
        since_s = rng.uniform(60, 86_400)
        lasts_s = rng.uniform(5, LONGEST_S)
        again = sorted(since_s + rng.uniform(0, lasts_s) for _ in range(rng.randint(1, 3))) if rng.random() < 0.5 else []
        made.append(Waited(since_s=since_s, again_s=tuple(again), answered_s=since_s + lasts_s, down=rng.random() < DOWN))
    return made


@dataclass
class Talk:
    """One conversation through the rules themselves. `found` holds when each miss of the next words was recorded, and for when."""

    policy: Policy
    state: State
    now: datetime = START
    found: list[tuple[datetime, float]] = field(default_factory=list)

    def do(self, rule: Callable[[Draft], object]) -> None:
        draft = Draft(self.state, now=self.now, rng=Random(1), new_id=lambda prefix: f"{prefix}1")
        rule(draft)
        decision = draft.close()
        self.state = decision.state
        for entry in decision.journal:
            if entry.kind == "episode.breached" and entry.data["clock"] == "next_words":
                self.found.append((entry.at, entry.data["late_ms"] / 1000))

    def until(self, at: datetime, *, down: bool) -> None:
        """Let time pass; clocks fire at their moment unless the service is down."""
        while not down:
            running = [c for c in self.state.clocks if c.due_at <= at and c.kind is not ClockKind.TURN]
            clock = min(running, key=lambda c: c.due_at, default=None)
            if clock is None:
                break
            self.now = max(self.now, clock.due_at)
            self.fire(clock)
        self.now = at

    def fire(self, clock: Clock) -> None:
        if clock.kind is ClockKind.PROMISE:
            if self.state.owner is Owner.AGENT:
                self.do(lambda d: episodes.promise_overdue(d, self.policy, DESK, clock))
            else:
                self.do(lambda d: (d.cancel_clock(ClockKind.PROMISE), d.set(promise=None)))
            return
        self.do(lambda d: episodes.clock_fired(d, self.policy, DESK, clock))

    def write(self, number: int) -> None:
        """The prospect writes: intake and turn."""
        heard = Heard(message_id=number, external_id=str(number), at=self.now, text="still there?")
        state = replace(self.state, unheard=(*self.state.unheard, heard))
        if state.promise is None:
            due_at = self.now + timedelta(seconds=self.policy.targets.reply_s)
            clock = Clock(kind=ClockKind.PROMISE, due_at=due_at)
            promise = Promise(opened_at=self.now, due_at=due_at, message_id=number)
            state = replace(state, promise=promise, clocks=(*state.clocks, clock))
        self.state = state

        def turn(draft: Draft) -> None:
            draft.heard((number,))
            episodes.prospect_waits(draft, self.policy, (heard,))
            if draft.state.owner is not Owner.AGENT:
                draft.set(promise=None)
                draft.cancel_clock(ClockKind.PROMISE)

        self.do(turn)

    def answer(self) -> None:
        """The agent writes; whoever lost the conversation by then takes it again first."""
        self.do(lambda d: episodes.take(d, self.policy, AGENT))
        self.do(lambda d: episodes.wrote(d, self.policy, AGENT, "Yes!", f"key-{self.now.timestamp()}"))


def ours(policy: Policy, wait: Waited) -> list[tuple[float, float]]:
    """When the rules record this wait's misses, in seconds from the start, and how late they say it was then."""
    state = State(conversation_id="c", identity=Identity(channel="widget", external_id="p"), created_at=START)
    talk = Talk(policy, state)
    talk.do(lambda d: episodes.open_episode(d, policy, DESK, Reason.ASKED))
    talk.answer()
    for number, at_s in enumerate((wait.since_s, *wait.again_s), start=1):
        talk.until(START + timedelta(seconds=at_s), down=wait.down)
        talk.write(number)
    talk.until(START + timedelta(seconds=wait.answered_s), down=wait.down)
    talk.answer()
    return [((at - START).total_seconds(), late_s) for at, late_s in talk.found]


def ticked(wait: Waited, target_s: float, offset_s: float) -> list[float]:
    """When the five-minute scheduler records this wait's misses."""
    found: dict[float, float] = {}
    tick = offset_s + TICK_S * math.ceil((wait.since_s - offset_s) / TICK_S)
    while tick < wait.answered_s:
        if tick - wait.since_s > target_s:
            last = max(at for at in (wait.since_s, *wait.again_s) if at <= tick)
            found.setdefault(last, tick)
        tick += TICK_S
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How a way of looking did: misses that it hid, counted again, or made up, and how long after the moment it told of them."""

    hidden: int
    doubled: int
    invented: int
    error_s: tuple[float, ...]

    def as_data(self) -> dict[str, float]:
        """Plain numbers."""
        ordered = sorted(self.error_s) or [0.0]
        return {
            "hidden": self.hidden,
            "doubled": self.doubled,
            "invented": self.invented,
            "error_p50_s": abs(round(percentile(ordered, 0.5), 1)),
            "error_p95_s": round(percentile(ordered, 0.95), 1),
            "error_worst_s": round(ordered[-1], 1),
        }


def tally(found: list[list[float]], made: list[Waited], target_s: float) -> Tally:
    """Hold what was found against the timestamps. The error counts from the moment of the miss to its record."""
    missed = [wait.is_missed(target_s) for wait in made]
    return Tally(
        hidden=sum(late and not times for late, times in zip(missed, found, strict=True)),
        doubled=sum(max(0, len(times) - 1) for late, times in zip(missed, found, strict=True) if late),
        invented=sum(len(times) for late, times in zip(missed, found, strict=True) if not late),
        error_s=tuple(
            min(times) - wait.since_s - target_s for late, times, wait in zip(missed, found, made, strict=True) if late and times
        ),
    )


def sla_clock(*, count: int = 5_000, seed: int = 7) -> Row:
    """Both ways on the same waits."""
    policy, rng = Policy.default(), Random(seed)
    target_s = policy.targets.next_words_s
    made = waits(count, rng)
    offset_s = rng.uniform(0, TICK_S)
    records = [ours(policy, wait) for wait in made]
    awake = [place for place, wait in enumerate(made) if not wait.down]
    us = tally([[at for at, _ in found] for found in records], made, target_s)
    up = tally([[at for at, _ in records[place]] for place in awake], [made[place] for place in awake], target_s)
    cron = tally([ticked(wait, target_s, offset_s) for wait in made], made, target_s)
    missed = sum(wait.is_missed(target_s) for wait in made)
    by_us, by_cron = us.as_data(), cron.as_data()

    def words(told: dict[str, float], error: dict[str, float]) -> str:
        when = f"told {error['error_p50_s']} s (p50) to {error['error_worst_s']} s (worst) after the moment"
        return f"hidden {told['hidden']}, doubled {told['doubled']}, made up {told['invented']}; {when}"

    return Row(
        name="SLA clock error",
        warmline=words(by_us, up.as_data()),
        rasa=f"a look every five minutes: {words(by_cron, by_cron)}",
        ratio=None,
        note=(
            f"{count} waits for an agent's next words, {target_s:g} s promised, {missed} of them missed; half of the prospects "
            "write again while they wait. Ours through the rules of handoff in virtual time, with the service down during a "
            "tenth of the waits: those misses are judged by timestamps when the answer comes, and left out of our delay. How "
            "late real clocks fire is another row."
        ),
        data={"waits": count, "missed": missed, "warmline": {**by_us, "while_up": up.as_data()}, "five_minute_cron": by_cron},
    )
