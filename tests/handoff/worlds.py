"""A small world for tests of handoff rules: one conversation, a hand-wound clock, and the fold check on every decision."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.draft import Draft
from bot.core.events import Decision, ForeignEcho, JournalEntry, Notice, PageDid
from bot.core.model import AgentRef, Clock, ClockKind, Episode, Heard, Identity, Owner, Promise, Reason, Say, State, Unsent, Window
from handoff import episodes
from handoff.desk import Desk, Seat
from handoff.policy import Policy

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
POLICY = Policy.default(Path(__file__).resolve().parents[2] / "promises.yml")
SAM = AgentRef(agent_id="sam", name="Sam")
MIA = AgentRef(agent_id="mia", name="Mia")


TEXT = (Path(__file__).resolve().parents[2] / "promises.yml").read_text(encoding="utf-8")
OFFICE_HOURS = """
calendar: office
calendars:
  office:
    zone: Europe/Berlin
    week:
      mon-thu: ["09:00-12:30", "13:30-18:00"]
      fri: ["09:00-15:00"]
    holidays: {country: DE, region: BE}
    dates:
      2026-12-24: ["09:00-12:00"]
      12-31: closed
"""


def promises(more: str = "", text: str = TEXT) -> Policy:
    """The promises file that comes with Warmline, and more; its hours are for `more` to say."""
    text = text.replace("calendar: always\n", "")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "promises.yml"
        path.write_text(text + more, encoding="utf-8")
        return Policy.load(path)


def berlin(text: str) -> datetime:
    """A wall time in Berlin as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def seat(agent: AgentRef, *, presence: str = "online", load: int = 0, capacity: int = 3) -> Seat:
    return Seat(agent_id=agent.agent_id, name=agent.name, presence=presence, load=load, capacity=capacity)


def desk(*agents: AgentRef) -> Desk:
    return Desk(tuple(seat(agent) for agent in agents))


class World:
    """One conversation. Every event goes through `do`, which checks that the decision's effects give its state."""

    def __init__(self, who: Desk | None = None, policy: Policy = POLICY, *, now: datetime = START, **known: Any) -> None:
        self.now = now
        self.policy = policy
        self.desk = who if who is not None else desk()
        identity = Identity(channel=known.pop("channel", "widget"), external_id="p1")
        self.state = State(conversation_id="c1", identity=identity, created_at=now, **known)
        self.says: list[Say] = []
        self.said_at: list[datetime] = []
        self.journal: list[JournalEntry] = []
        self.notices: list[Notice] = []
        self.tracker: list[object] = []
        self.asked: list[str] = []
        self.fired: list[tuple[ClockKind, datetime]] = []
        self._ids = itertools.count(1)

    # ---- events

    def do(self, rule: Callable[[Draft], object]) -> Decision:
        draft = Draft(self.state, now=self.now, rng=Random(7), new_id=lambda prefix: f"{prefix}{next(self._ids)}")
        rule(draft)
        decision = draft.close()
        self._check_fold(decision)
        self.state = decision.state
        self.says += decision.say
        self.said_at += [self.now] * len(decision.say)
        self.journal += decision.journal
        self.notices += decision.notify
        self.tracker += decision.tracker_events
        if decision.ask_brain:
            self.asked = [*self.asked, decision.ask_brain.text]
        return decision

    def open(self, reason: Reason = Reason.ASKED, *, quiet: bool = False) -> Decision:
        return self.do(lambda d: episodes.open_episode(d, self.policy, self.desk, reason, quiet=quiet))

    def take(self, agent: AgentRef) -> Decision:
        return self.do(lambda d: episodes.take(d, self.policy, agent))

    def write(self, agent: AgentRef, text: str = "Hi, how can I help?") -> Decision:
        key = f"k{next(self._ids)}"
        return self.do(lambda d: episodes.wrote(d, self.policy, agent, text, key))

    def give_back(self, agent: AgentRef, outcome: str = "returned") -> Decision:
        return self.do(lambda d: episodes.give_back(d, self.policy, agent, "They want a quote.", outcome, {"goal": "more sales"}))

    def agents_change(self, who: Desk) -> Decision:
        self.desk = who
        return self.do(lambda d: episodes.agents_changed(d, self.policy, self.desk))

    def gone(self, agent: AgentRef) -> Decision:
        self.desk = Desk(tuple(s for s in self.desk.seats if s.agent_id != agent.agent_id))
        return self.do(lambda d: episodes.agent_gone(d, self.policy, self.desk, agent.agent_id))

    def seen(self, agent: AgentRef) -> Decision:
        return self.do(lambda d: episodes.seen(d, self.policy, agent.agent_id))

    def echo(self, at: datetime | None = None, did: PageDid = "wrote") -> Decision:
        echo = ForeignEcho(text="Hello from the page", app_id=None, at=at or self.now, did=did)
        return self.do(lambda d: episodes.native_inbox(d, self.policy, echo))

    def gave_back(self, at: datetime | None = None) -> Decision:
        return self.do(lambda d: episodes.native_gave_back(d, self.policy, at or self.now))

    def prospect_writes(self, text: str = "hello?", payload: str | None = None) -> bool:
        """Intake and the turn of one message, as the service does them. True if handoff dealt with it."""
        heard = Heard(message_id=next(self._ids), external_id="m", at=self.now, text=text, payload=payload)
        state = replace(self.state, unheard=(*self.state.unheard, heard), last_inbound_at=self.now)
        if state.promise is None:
            due_at = self.now + timedelta(seconds=self.policy.targets.reply_s)
            clock = Clock(kind=ClockKind.PROMISE, due_at=due_at)
            promise = Promise(opened_at=self.now, due_at=due_at, message_id=heard.message_id)
            state = replace(state, promise=promise, clocks=(*state.clocks, clock))
        self.state = state
        dealt_with = False

        def turn(draft: Draft) -> None:
            nonlocal dealt_with
            draft.heard((heard.message_id,))
            if draft.state.owner is Owner.AGENT:
                episodes.prospect_waits(draft, self.policy, (heard,))
                dealt_with = True
                return
            if draft.state.owner is Owner.WAITING:
                episodes.prospect_waits(draft, self.policy, (heard,))
            dealt_with = payload is not None and episodes.choose_option(draft, self.policy, self.desk, payload)
            dealt_with = dealt_with or episodes.typed_option(draft, self.policy, self.desk, (heard,))
            dealt_with = dealt_with or episodes.told(draft, self.policy, self.desk, (heard,))
            draft.set(promise=None)
            draft.cancel_clock(ClockKind.PROMISE)

        self.do(turn)
        return dealt_with

    def bot_bubble(self, say: Say) -> None:
        self.state = replace(self.state, unsent=(*self.state.unsent, Unsent(message_id=next(self._ids), say=say)))

    def bot_said(self, text: str) -> None:
        """The bot's words came last, so the ladder does not repeat itself by speaking."""
        self.state = replace(self.state, wordings=(*self.state.wordings, f"utter_{text}"))

    def window_opens(self, closes_at: datetime) -> None:
        """The prospect did something that keeps the channel's window open until later."""
        self.state = replace(self.state, window=Window(opened_at=self.now, closes_at=closes_at))

    # ---- time

    def wait(self, seconds: float) -> None:
        """Let time pass; clocks fire when due, earliest first."""
        end = self.now + timedelta(seconds=seconds)
        while clock := self._next_clock(end):
            self.now = max(self.now, clock.due_at)
            self.fire(clock)
        self.now = end

    def sleep(self, seconds: float) -> None:
        """Let time pass while the service is down: nothing fires."""
        self.now += timedelta(seconds=seconds)

    def fire(self, clock: Clock) -> None:
        self.fired.append((clock.kind, self.now))
        if clock.kind is ClockKind.PROMISE and self.state.owner is not Owner.AGENT:
            self.do(self._bot_failed)
        elif clock.kind is ClockKind.PROMISE:
            self.do(lambda d: episodes.promise_overdue(d, self.policy, self.desk, clock))
        else:
            self.do(lambda d: episodes.clock_fired(d, self.policy, self.desk, clock))

    def _bot_failed(self, draft: Draft) -> None:
        """The bot's own lateness, as the service deals with it."""
        episodes.open_episode(draft, self.policy, self.desk, Reason.BOT_FAILURE, quiet=True)
        draft.set(promise=None)
        draft.cancel_clock(ClockKind.PROMISE)

    def _next_clock(self, end: datetime) -> Clock | None:
        ours = [c for c in self.state.clocks if c.due_at <= end and c.kind is not ClockKind.TURN]
        return min(ours, key=lambda c: c.due_at, default=None)

    # ---- what to look at

    @property
    def episode(self) -> Episode:
        assert self.state.episode is not None
        return self.state.episode

    def clock(self, kind: ClockKind) -> Clock | None:
        return self.state.clock(kind, "" if kind is ClockKind.PROMISE else self.episode.episode_id)

    def said(self, since: datetime = START) -> list[str]:
        """Names of the ladder's phrases and the words of agents, in order."""
        says = [say for say, at in zip(self.says, self.said_at, strict=True) if at >= since]
        return [s.wording.split("/")[1].split("#")[0] if s.wording else s.text for s in says]

    def noted(self, kind: str) -> list[JournalEntry]:
        return [entry for entry in self.journal if entry.kind == kind]

    def breaches(self) -> list[str]:
        return [str(entry.data["clock"]) for entry in self.noted("episode.breached")]

    def offers(self) -> list[str]:
        return [str(entry.data["agent_id"]) for entry in self.noted("episode.offered")]

    def _check_fold(self, decision: Decision) -> None:
        """The clocks before, less the cancelled, plus the set ones, are the clocks after."""
        clocks = {(c.kind, c.key): c for c in self.state.clocks}
        for slot in decision.cancel_clocks:
            clocks.pop(slot, None)
        clocks |= {(c.kind, c.key): c for c in decision.set_clocks}
        assert clocks == {(c.kind, c.key): c for c in decision.state.clocks}
        assert decision.state.owner_version >= self.state.owner_version
        if decision.state.owner is not self.state.owner:
            assert decision.state.owner_version > self.state.owner_version
