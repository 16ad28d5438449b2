"""Virtual time: people, clocks and bubbles in one queue, everything decided by `bot.core.decide`.

Played: the people, the desk, the platform (every send arrives when it is due), intake. Real: all rules, and what they do with the
state. The queue is ordered by time and then by the order in which things were put into it, so nothing depends on luck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import accumulate, count
from random import Random
from typing import Any

from bot.core import window
from bot.core.decide import Rules, decide
from bot.core.events import Audited, BrainAnswered, BrainFailed, ClockFired, Decision, DeliveryFailed, Event, FlowTriggered, Inbound
from bot.core.interrupt import HELD_BACK
from bot.core.model import (
    Clock,
    ClockKind,
    FlowMode,
    Heard,
    Identity,
    Json,
    Owner,
    Profile,
    Promise,
    Say,
    Speaker,
    State,
    Unsent,
    changed,
)
from bot.errors import BrainError
from bot.simulate.brains import MadeUpBrain, RecordedBrain, SimulatedBrain, read_lines
from bot.simulate.brakes import Brakes
from bot.simulate.characters import CHARACTERS, Character
from bot.simulate.desk import SimulatedDesk
from bot.simulate.entering import Entrance, channel_of, entrances, way_tags
from bot.simulate.person import Catalogue, Seen, awake, react
from bot.simulate.result import ArmStopped, PausedTold, Simulated
from bot.simulate.setup import BadSetup, Setup
from bot.simulate.tally import Tally
from bot.store.rules import turn_due_at
from handoff.policy import AfterLadder, Policy
from nurture.book import Nurture
from nurture.flow import AskStep, Flow, OfferStep

BURST = timedelta(seconds=1.2)
"""How long the turn waits for more; the default of the setting `burst_wait_s`."""
TELL_EVERY = 2000
"""Things that happen between two words on how far it is."""
MOST_EXCHANGES = 40
"""After so many replies a person leaves; a talk between two machines must end."""
PAUSE_IN_BURST_S = 0.6
INTERRUPTED_S = 1.0
"""How soon words are looked at again that the person interrupted; as the delivery does."""
ALARM_EVERY_S = 6 * 3600.0


@dataclass(slots=True, eq=False)
class Talk:
    """One person, and the conversation with them."""

    number: int
    name: str
    character: Character
    state: State
    rng: Random
    seen: Seen = field(default_factory=Seen)
    question: AskStep | OfferStep | None = None
    exchanges: int = 0
    writing: int = 0
    gone: bool = False
    decided_under: dict[int, int] = field(default_factory=dict)
    tracker: list[Json] = field(default_factory=list)


def simulate(
    rules: Rules,
    flow_id: str,
    setup: Setup | None = None,
    *,
    brain: SimulatedBrain | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Simulated:
    """Play a flow to people who do not exist; every other flow of `rules` is live as well.

    `progress` is told now and then which share of the time has passed; it may raise `Cancelled`. Raises `BadSetup` for a flow that
    does not exist or cannot be played so, and what `brain` raises (recorded readings, if None, raise nothing).
    """
    setup = setup or Setup()
    flow = rules.nurture.flows.get(flow_id)
    if flow is None:
        raise BadSetup("flow", f"there is no flow {flow_id}; there are {', '.join(sorted(rules.nurture.flows))}")
    return World(rules, flow, setup, brain=brain, progress=progress).run()


class World:
    """One simulation."""

    def __init__(
        self, rules: Rules, flow: Flow, setup: Setup, *, brain: SimulatedBrain | None, progress: Callable[[float], None]
    ) -> None:
        nurture, before = _let_go_on(rules.nurture, flow.flow_id)
        self.rules = replace(rules, policy=_seldom_alarmed(rules.policy), nurture=nurture)
        self.flow, self.channel = flow, channel_of(flow, setup.channel, rules.nurture.flows.values())
        self.setup = replace(setup, channel=self.channel)
        lines = read_lines()
        self._brain = MadeUpBrain(brain or RecordedBrain(lines))
        self._keeps_tracker = brain is not None
        self.catalogue = Catalogue(lines, self._brain)
        self._progress = progress
        self._queue: list[tuple[datetime, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order, self._message_ids, self._ids = count(), count(1), count(1)
        self.now = setup.start
        self.desk = SimulatedDesk(self, self.setup)
        self.tally = Tally(flow, self.setup)
        self.tally.stopped_itself(before)
        self.talks: list[Talk] = []
        self._brakes = Brakes()

    def run(self) -> Simulated:
        """Until the last day is over."""
        self._invite()
        ends_at, span = self.setup.ends_at, self.setup.ends_at - self.setup.start
        for step in count():
            if not self._queue or self._queue[0][0] > ends_at:
                break
            at, _, happens, given = heappop(self._queue)
            self.now = at
            happens(*given)
            if step % TELL_EVERY == 0:
                self._progress((at - self.setup.start) / span)
        self._progress(1.0)
        self.now = ends_at
        return self.tally.told((talk.state for talk in self.talks), tuple(self.catalogue.invented))

    def at(self, at: datetime, happens: Callable[..., None], *given: Any) -> None:
        """Let something happen then, or now if that is past."""
        heappush(self._queue, (max(at, self.now), next(self._order), happens, given))

    def after(self, seconds: float, happens: Callable[..., None], *given: Any) -> None:
        """Let something happen in so many seconds."""
        self.at(self.now + timedelta(seconds=seconds), happens, *given)

    # ---- people -----------------------------------------------------------------------------------------------------

    def _invite(self) -> None:
        """Everybody, each with a random generator of their own."""
        setup, rng = self.setup, Random(f"{self.setup.seed}/people")
        ways = entrances(self.flow)
        names = [name for name, weight in setup.mix.items() if weight > 0]
        weights = list(accumulate(setup.mix[name] for name in names))
        for number in range(setup.people):
            name = rng.choices(names, cum_weights=weights)[0]
            way, zone = rng.choice(ways), rng.choice(setup.zones)
            language = rng.choice(setup.languages) if setup.languages else None
            at = awake(setup.start + timedelta(seconds=rng.uniform(0, setup.entering_days * 86_400)), zone, rng)
            state = State(
                conversation_id=f"s{number}",
                identity=Identity(channel=self.channel, external_id=f"p{number}"),
                created_at=at,
                profile=Profile(zone=zone, locale=language),
            )
            talk = Talk(number, name, CHARACTERS[name], state, Random(f"{setup.seed}/{number}"))
            self.talks.append(talk)
            self.tally.meets(talk)
            self.at(at, self._enter, talk, way)

    def _enter(self, talk: Talk, way: Entrance) -> None:
        if way.writes:
            metadata: dict[str, Any] = {"referral": dict(way.referral)} if way.referral else {}
            if way.comment:
                told = {**way.comment, "id": f"comment{talk.number}"}
                self._write(talk, ("",), None, {"action": window.COMMENT, "comment": told})
                return
            texts = self.catalogue.meaning(frozenset({way.intent})) if way.intent else tuple(self.catalogue.kinds["hello"])
            self._write(talk, (talk.rng.choice(texts),), None, metadata)
            return
        wrote_at = self.now if way.falls_silent else self.now - self.setup.last_wrote
        opened = window.rule_for(talk.state.identity.channel).opened(action="message", at=wrote_at)
        tags = tuple(sorted({*self.flow.audience.tags, *(way_tags(self.flow) if way.falls_silent else ())}))
        talk.state = changed(talk.state, last_inbound_at=wrote_at, window=opened, turns=1, tags=tags)
        self.handle(talk, Audited() if way.by_clock else FlowTriggered(flow_id=self.flow.flow_id))

    def _write(self, talk: Talk, texts: Sequence[str], payload: str | None, metadata: Json | None = None) -> None:
        """A message is taken in: it opens the promise and starts or puts off the turn, as intake does."""
        text, *more = texts
        state, now = talk.state, self.now
        heard = Heard(
            message_id=next(self._message_ids),
            external_id=f"{talk.number}.{len(state.unheard)}.{now.timestamp()}",
            at=now,
            text=text,
            payload=payload if not more else None,
            metadata=metadata or {},
        )
        due_at = now + timedelta(seconds=self.rules.policy.targets.reply_s)
        clocks = [c for c in state.clocks if c.kind is not ClockKind.TURN]
        promise = state.promise
        if promise is None:
            promise = Promise(opened_at=now, due_at=due_at, message_id=heard.message_id)
            made = Clock(kind=ClockKind.PROMISE, due_at=due_at)
            clocks = [*(c for c in clocks if c.kind is not ClockKind.PROMISE), made]
            self.at(due_at, self._fire, talk, made)
        turn_at = turn_due_at(answer_at=now + BURST, promise_due_at=due_at, open_promise=state.promise, now=now)
        turn = Clock(kind=ClockKind.TURN, due_at=turn_at)
        talk.state = changed(state, unheard=(*state.unheard, heard), promise=promise, last_inbound_at=now, clocks=(*clocks, turn))
        self.at(turn_at, self._fire, talk, turn)
        self.tally.written(talk, text, now)
        if state.owner is Owner.AGENT:
            self.desk.wrote(talk)
        talk.writing = len(more)
        if more:
            self.after(PAUSE_IN_BURST_S, self._write, talk, more, payload)

    def _reply(self, talk: Talk, texts: Sequence[str], payload: str | None, kind: str) -> None:
        talk.writing = 0
        talk.exchanges += 1
        if kind == "stop":
            talk.gone = True
        talk.seen = Seen(question=talk.question)
        self.tally.replies(talk, kind)
        self._write(talk, texts, payload)

    def _look(self, talk: Talk) -> None:
        """Everything that was on its way has come: they make something of it."""
        if talk.writing or talk.gone or talk.state.unsent or talk.state.unheard or talk.exchanges >= MOST_EXCHANGES:
            return
        reply = react(talk.character, talk.seen, exchanges=talk.exchanges, catalogue=self.catalogue, rng=talk.rng)
        talk.seen = Seen(question=talk.question, rests=True)
        if reply is not None:
            talk.writing = 1
            at = awake(self.now + timedelta(seconds=reply.after_s), talk.state.profile.zone or "UTC", talk.rng)
            self.at(at, self._reply, talk, reply.texts, reply.payload, reply.kind)

    # ---- events -----------------------------------------------------------------------------------------------------

    def _fire(self, talk: Talk, clock: Clock) -> None:
        """A clock is due, if it still runs and was not moved; as the clock worker does."""
        running = talk.state.clock(clock.kind, clock.key)
        if running is None or running.due_at != clock.due_at:
            return
        if clock.kind is ClockKind.TURN and talk.state.unheard:
            self.handle(talk, Inbound(messages=talk.state.unheard))
        else:
            self.handle(talk, ClockFired(clock=running))

    def handle(self, talk: Talk, event: Event) -> None:
        """Decide and commit, the brain's answer included."""
        decision = self._decide(talk, event)
        while (ask := decision.ask_brain) is not None:
            self._commit(talk, decision)
            try:
                answer = self._brain.turn(talk.state.conversation_id, talk.state.identity.channel, ask, talk.tracker)
                answered: Event = BrainAnswered(ask=ask, answer=answer)
            except BrainError as error:
                answered = BrainFailed(ask=ask, error=error.code)
            decision = self._decide(talk, answered)
        self._commit(talk, decision)

    def _decide(self, talk: Talk, event: Event) -> Decision:
        return decide(
            talk.state, event, now=self.now, rng=talk.rng, new_id=self._new_id, rules=self.rules, desk=self.desk.seats(self.now)
        )

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._ids)}"

    def _commit(self, talk: Talk, decision: Decision) -> None:
        state = decision.state
        if decision.say:
            queued = tuple(Unsent(message_id=next(self._message_ids), say=say) for say in decision.say)
            state = changed(state, unsent=(*state.unsent, *queued))
            for one in queued:
                talk.decided_under[one.message_id] = state.owner_version
                self.at(one.say.due_at or self.now, self._send, talk, one.message_id)
        talk.state = state
        for clock in decision.set_clocks:
            self.at(clock.due_at, self._fire, talk, clock)
        if self._keeps_tracker:
            talk.tracker.extend(decision.tracker_events)
        for note in decision.journal:
            self.tally.note(talk, note)
        self._brake(decision)
        self.desk.follow(talk, decision)

    def _brake(self, decision: Decision) -> None:
        """Flows and arms that do too much harm are stopped, and nobody is there to let them go on."""
        nurture, told = self._brakes.after(decision.journal, self.rules.nurture, self.now)
        if told:
            self.rules = replace(self.rules, nurture=nurture)
            self.tally.stopped_itself(told)

    def _send(self, talk: Talk, message_id: int) -> None:
        """A bubble is due: it leaves unless it was taken back, is stale, or the channel's window is closed."""
        state = talk.state
        unsent = next((u for u in state.unsent if u.message_id == message_id), None)
        owner_version = talk.decided_under.pop(message_id)
        if unsent is None:
            return
        say = unsent.say
        if say.speaker in HELD_BACK and state.unheard and owner_version == state.owner_version:
            talk.decided_under[message_id] = owner_version
            self.after(INTERRUPTED_S, self._send, talk, message_id)
            return
        rest = tuple(u for u in state.unsent if u.message_id != message_id)
        if say.speaker is not Speaker.AGENT and owner_version != state.owner_version:
            talk.state = changed(state, unsent=rest)
            return
        closes_at = state.window.closes_at if state.window else None
        allowed = window.permit(
            state.identity.channel, speaker=say.speaker, closes_at=closes_at, last_inbound_at=state.last_inbound_at, now=self.now,
            commented_at=self.now if say.comment_id else None,
        )  # fmt: skip
        if allowed is None:
            talk.state = changed(state, unsent=rest)
            self.tally.refused(talk, say)
            self.handle(talk, DeliveryFailed(message_id=message_id, error="window"))
            return
        talk.state = changed(state, unsent=rest, last_outbound_at=self.now)
        self.tally.delivered(talk, say, self.now)
        self._sees(talk, say)

    def _sees(self, talk: Talk, say: Say) -> None:
        seen = talk.seen
        asked = self._question_of(talk, say)
        if asked is not None:
            talk.question = seen.question = asked
        seen.quick_replies = say.quick_replies or seen.quick_replies
        seen.unprompted = say.prompted is False
        seen.rests = say.speaker is Speaker.LADDER and not say.quick_replies
        if not talk.state.unsent:
            self._look(talk)

    def _question_of(self, talk: Talk, say: Say) -> AskStep | OfferStep | None:
        if say.enrolment_id is None:
            return None
        enrolment = next((e for e in talk.state.enrolments if e.enrolment_id == say.enrolment_id), None)
        flow = self.rules.nurture.flows.get(enrolment.flow_id) if enrolment else None
        step = flow.steps.get(enrolment.step_id) if flow and enrolment else None
        return step if isinstance(step, AskStep | OfferStep) else None

    @property
    def waiting(self) -> list[Talk]:
        """Those whom a person was promised, longest first."""
        held = [t for t in self.talks if t.state.owner is Owner.WAITING and t.state.episode]
        return sorted(held, key=lambda t: t.state.episode.requested_at if t.state.episode else self.now)


def _let_go_on(nurture: Nurture, flow_id: str) -> tuple[Nurture, list[PausedTold | ArmStopped]]:
    """What held before: the flow that is played goes on, since that is what is tried out; others and arms stay as they are."""
    arms = [
        ArmStopped(flow=flow, experiment=experiment, arm=arm, at=None, reason=reason)
        for (flow, experiment, arm), reason in sorted(nurture.stopped.items())
    ]
    paused = [
        PausedTold(flow=flow, at=None, reason=ruling.reason)
        for flow, ruling in sorted(nurture.rulings.items())
        if ruling.mode is FlowMode.PAUSED
    ]
    rulings = {flow: ruling for flow, ruling in nurture.rulings.items() if flow != flow_id}
    return replace(nurture, rulings=rulings), [*paused, *arms]


def _seldom_alarmed(policy: Policy) -> Policy:
    """The promises, with alarms that only agents hear rung once in `ALARM_EVERY_S` while nobody comes for somebody.

    Each is a decision, and a month of waiting has tens of thousands. Prospects are told what they are told at the same times.
    """

    def seldom(after: AfterLadder) -> AfterLadder:
        return after.model_copy(update={"alarm_every_s": max(after.alarm_every_s, ALARM_EVERY_S)})

    others = tuple(
        other.model_copy(update={"after_ladder": seldom(other.after_ladder)}) if other.after_ladder else other
        for other in policy.policies
    )
    return policy.model_copy(update={"after_ladder": seldom(policy.after_ladder), "policies": others})
