"""Looks at everything that is stored, sent and acknowledged, and writes down what may never happen."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.core import never
from bot.core.events import Decision, JournalEntry
from bot.core.model import Arrival, Delivery, Speaker, State
from bot.core.window import SendAs
from bot.sim.clock import SimTime
from bot.sim.history import Break, History, Line
from bot.store.contract import AgentFull, Committed, Loaded, Message, Outgoing, TakenIn
from bot.store.fake import FakeStore
from nurture.engine import Nurture
from nurture.flow import Flow, ways_out
from nurture.timing import known_zone, may_send

LATE = timedelta(seconds=90)
"""So late a clock or a message may be in calm times: idle look-agains, a hanging brain and a back-off fit in."""

LOADS_KEPT = 64
"""A decision is made from one of the latest loads of its conversation: screens load it as well while a slow brain thinks."""

READ_S = 1.0
"""So long after it changed whose a conversation is, a screen may still show what was looked up before."""


def at_once[T](work: Coroutine[Any, Any, T]) -> T:
    """The result of a call to the store in memory, which never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise RuntimeError("the store in memory waited")


class Watch:
    """In: what a handle on the store did (`on_...`, called before the effect; what it gives back is called after), and what the
    world saw. Out: `history.breaks`."""

    def __init__(
        self, store: FakeStore, time: SimTime, history: History, now_s: Callable[[], float], nurture: Nurture, *, capacity: float
    ) -> None:
        self._capacity = capacity
        self._store, self._time, self._history, self._now_s, self._nurture = store, time, history, now_s, nurture
        self._loads: dict[str, deque[tuple[int, State]]] = defaultdict(lambda: deque(maxlen=LOADS_KEPT))
        self._unprompted: dict[str, list[datetime]] = defaultdict(list)
        self._visited: set[tuple[str, str]] = set()
        self._straight = {flow.flow_id for flow in nurture.flows.values() if not _goes_round(flow)}
        self._names: dict[str, str] = {}
        self._could_leave: dict[tuple[int, tuple[int, str]], datetime] = {}
        self._before: dict[str, tuple[float, State]] = {}
        self.on_break: Callable[[Break], None] = lambda _break: None
        self.on_shown: Callable[[Message], None] = lambda _message: None

    def note(self, who: str, what: str) -> None:
        """A line of the history."""
        self._history.lines.append(Line(self._now_s(), who, what))

    def broken(self, who: str, rows: Iterable[str]) -> None:
        """Write down broken rows, each once per person."""
        for row in rows:
            self.note(who, f"BROKEN {row}")
            found = Break(self._now_s(), who, row)
            self._history.breaks.append(found)
            self.on_break(found)

    def refused(self, error: Exception) -> None:
        """What an agent wanted to do was refused."""
        self._history.figures.full += isinstance(error, AgentFull)

    def name(self, conversation_id: str) -> str:
        """Whose conversation it is."""
        if conversation_id not in self._names:
            self._names[conversation_id] = self._state(conversation_id).identity.external_id
        return self._names[conversation_id]

    def _state(self, conversation_id: str) -> State:
        return self._store.look(conversation_id).state

    # ---- the store

    def on_load(self, conversation_id: str) -> Callable[[Loaded], None]:
        """Remember what decisions are made from."""
        return lambda loaded: self._loads[conversation_id].append((loaded.version, loaded.state))

    def on_take_in(self, arrivals: Sequence[Arrival], **_: Any) -> Callable[[list[TakenIn]], None]:
        """After intake the state must be whole."""

        def after(taken: list[TakenIn]) -> None:
            for one in taken:
                if one.new:
                    self._history.figures.heard += 1
                    self.broken(self.name(one.conversation_id), never.of_state(self._state(one.conversation_id)))

        return after

    def on_commit(self, conversation_id: str, *, version: int, decision: Decision, **_: Any) -> Callable[[Committed], None]:
        """A decision must fit the state it is committed on, and leave a whole one."""
        before, latest = self._store.look(conversation_id), self._time.latest()

        def after(committed: Committed) -> None:
            who = self.name(conversation_id)
            self._before[conversation_id] = self._now_s(), before.state
            self._history.figures.commits += 1
            self.note(who, _said(decision, committed))
            if before.version != version:
                self.broken(who, ["I8: a decision was committed on another state than it was made from"])
            self.broken(who, never.of_decision(before.state, decision))
            self.broken(who, never.of_state(self._state(conversation_id)))
            made_from = [state for at, state in self._loads[conversation_id] if at == version] or [before.state]
            findings = [list(never.early(state, decision, latest)) for state in made_from]
            if all(findings):
                self.broken(who, findings[-1])
            self.broken(who, self._of_flows(conversation_id, before.state, decision))
            self.broken(who, self._of_capacity(decision.state))

        return after

    def _of_capacity(self, state: State) -> Iterable[str]:
        episode = state.episode
        if episode is None or episode.status != "accepted" or episode.agent is None:
            return ()
        agent = next((one for one in at_once(self._store.agents()) if one.agent_id == episode.agent.agent_id), None)
        if agent is None:
            return ()
        return never.of_capacity(self._store.held_by(agent.agent_id), agent.may_hold(self._capacity))

    def _of_flows(self, conversation_id: str, before: State, decision: Decision) -> Iterable[str]:
        spoken: dict[str, JournalEntry] = {}
        for note in decision.journal:
            if note.kind != "flow.step":
                continue
            step, flow_id, enrolment = note.data["step"], note.data["flow"], note.data["enrolment"]
            if "prompted" in note.data and flow_id in self._straight and not step.endswith((".again", ".nudge")):
                if (enrolment, step) in self._visited:
                    yield f"I7: a flow said its step {step!r} twice"
                self._visited.add((enrolment, step))
            if note.data.get("prompted") is False:
                spoken[flow_id] = note
        if spoken:
            yield from self._unasked(conversation_id, before, spoken)

    def _unasked(self, conversation_id: str, before: State, spoken: dict[str, JournalEntry]) -> Iterable[str]:
        sent = self._unprompted[conversation_id]
        for flow_id, note in spoken.items():
            flow = self._nurture.flows[flow_id]
            zone = known_zone(before.profile.zone, flow.zone, self._nurture.default_zone)
            yield from never.quiet(note.at, zone, allowed=may_send(note.at, flow.rules, zone))
            for cap in flow.caps:
                if sum(1 for at in sent if note.at - at < cap.within) >= cap.messages:
                    yield f"I7: a flow spoke up more than {cap.messages} times within {cap.within}"
        sent.append(next(iter(spoken.values())).at)

    def on_mark_sending(self, message_id: int, **_: Any) -> Callable[[bool], None]:
        """A message is on its way out: it must fit the state at this very moment."""

        def after(goes: bool) -> None:
            if goes:
                self._leaves(message_id)

        return after

    def on_mark_sent(self, message_id: int, **_: Any) -> Callable[[Message], None]:
        """On channels of our own this is the sending."""
        was_sent = self._store.peek(message_id).delivery is Delivery.SENT

        def after(message: Message) -> None:
            if not was_sent:
                self.on_shown(message)

        return after

    def reads(self, agent_id: str, conversation_id: str) -> None:
        """An agent's screen shows something of a conversation: they may read it, or might until a moment ago."""
        agents = at_once(self._store.agents())
        of_anybody = [team for one in agents for team in one.teams]
        teams = next(one.teams for one in agents if one.agent_id == agent_id)
        changed_at, before = self._before.get(conversation_id, (-READ_S, None))
        states = [self._state(conversation_id), *([before] if before and self._now_s() - changed_at < READ_S else ())]
        findings = [list(never.of_reader(agent_id, teams, of_anybody, state)) for state in states]
        if all(findings):
            self.broken(self.name(conversation_id), findings[0])

    def _leaves(self, message_id: int) -> None:
        message = self._store.peek(message_id)
        state, say = self._state(message.conversation_id), message.said()
        self.broken(state.identity.external_id, never.of_send(state, say.speaker, say.wording or ""))

    def shows(self, message: Message) -> None:
        """A message is shown by the store itself."""
        self._leaves(message.message_id)

    # ---- the world

    def acknowledged(self, who: str, arrival: Arrival, taken: TakenIn) -> None:
        """The sender was told that it is kept: then it is."""
        kept = {m.client_key for m in at_once(self._store.messages(taken.conversation_id, limit=10_000))}
        if arrival.external_id not in kept:
            self.broken(who, [f"I1: {arrival.external_id} was acknowledged and is not stored"])

    def sends(self, message: Outgoing, send_as: SendAs) -> None:
        """A message is handed to the channel."""
        now = self._time.now()
        who = message.identity.external_id
        self.broken(who, never.of_tag(send_as, message.say.speaker, closes_at=message.window_closes_at, now=now))

    def late(self, channels: tuple[str, ...]) -> None:
        """In calm times nothing that is due is left lying. A message counts from when it could have left: the first of its
        conversation, and due."""
        now = self._time.now()
        due_at = self._store.earliest_due_at()
        if due_at is not None and now - due_at > LATE:
            self.broken("service", [f"I8: a clock is {(now - due_at).total_seconds():.0f} s late"])
        could = {
            line.message_id: (line.attempts, line.conversation_id)
            for line in self._store.first_unsent(channels)
            if line.due_at <= now
        }
        self._could_leave = {key: self._could_leave.get(key, now) for key in could.items()}
        for (message_id, (_, conversation_id)), since in self._could_leave.items():
            if now - since > LATE:
                waited_s = (now - since).total_seconds()
                self.broken(self.name(conversation_id), [f"I1: #{message_id} waits {waited_s:.0f} s too long to be sent"])

    def excused_until_now(self) -> None:
        """These are no calm times."""
        self._could_leave.clear()

    def at_end(self, conversation_ids: Iterable[str]) -> None:
        """Long after the last trouble everything is answered or timed."""
        for conversation_id in conversation_ids:
            state, who = self._state(conversation_id), self.name(conversation_id)
            self.broken(who, never.of_state(state))
            if state.unheard:
                self.broken(who, [f"I1: {state.unheard[0].external_id} was never answered"])
            if at_once(self._store.unsent_count(conversation_id)):
                self.broken(who, ["I1: something was never sent"])


def _goes_round(flow: Flow) -> bool:
    """Whether a flow can come back to a step it has left."""
    done: set[str] = set()

    def visit(step_id: str, path: frozenset[str]) -> bool:
        if step_id in path:
            return True
        if step_id in done or step_id not in flow.steps:
            return False
        done.add(step_id)
        return any(visit(out, path | {step_id}) for out in ways_out(flow.steps[step_id]) if out is not None)

    return visit(flow.first.id, frozenset())


def _said(decision: Decision, committed: Committed) -> str:
    notes = ", ".join(_note(entry) for entry in decision.journal)
    says = "".join(f" | {_mark(say.speaker)}#{n}: {say.text}" for say, n in zip(decision.say, committed.message_ids, strict=True))
    return f"[{decision.state.owner.value}] {notes}{says}"


def _mark(speaker: Speaker) -> str:
    return speaker.value


def _note(entry: JournalEntry) -> str:
    told = [f"{entry.data[k]}" for k in ("how", "intent", "reason", "step", "rung", "clock", "outcome", "error") if k in entry.data]
    return entry.kind + (f"({' '.join(told)})" if told else "")
