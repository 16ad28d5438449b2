"""What must hold after any sequence of events, whatever the order."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.core.model import AgentRef, ClockKind, CommandRefused, Owner, Reason, Speaker
from handoff import episodes
from handoff.accounts import Cause, booked_until
from handoff.calendar import working_between
from handoff.desk import Desk
from handoff.policy import Choice
from handoff.steps import EPISODE_CLOCKS, PURPOSE
from tests.handoff.worlds import MIA, OFFICE_HOURS, SAM, World, berlin, desk, promises, seat

AGENTS = st.sampled_from([SAM, MIA])
FULL = Desk((seat(SAM, presence="away"), seat(MIA, load=3)))
DESKS = st.sampled_from([desk(), desk(SAM), desk(SAM, MIA), Desk((seat(SAM, load=3), seat(MIA))), FULL])
HONEST = {
    "nobody_came",
    "closed_now",
    "callback_late",
    "agent_silent",
    "callback_done",
    "booked_done",
    "agent_left",
}


BUSY = promises(
    OFFICE_HOURS
    + """
supervisors: [lena]
policies:
  - name: complaints
    match: {reason: complaint}
    pause: {out_of_hours: [offer, accept, first_words, next_words, callback]}
    ladder:
      - {after_s: 5, actions: [offer_next]}
      - {at: 40, actions: [sound, push], until: first_words}
      - {at: 60, actions: [widen, say], say: ["One.", "Two.", "Three."], until: seen}
      - {at: 90, actions: [page, raise_value], raise_by: 10, until: first_words}
      - {at: 100, actions: [tell_prospect]}
      - {at: 300, actions: [ask_number]}
      - {after_s: 500, actions: [tell_prospect]}
  - name: leads
    match: {reason: hot_lead}
    calendar: always
    ladder:
      - {at: 10, actions: [offer_next]}
      - {at: 50, actions: [widen]}
      - {at: 100, actions: [return_to_bot]}
"""
)
"""Office hours, a long ladder with everything in it, and one that ends the request."""


class AnyTalk(RuleBasedStateMachine):
    """Agents, a prospect, clocks and outages in any order, with the promises that come with Warmline."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(desk(SAM))

    @rule(reason=st.sampled_from(list(Reason)), quiet=st.booleans())
    def a_person_is_needed(self, reason: Reason, quiet: bool) -> None:
        self.world.open(reason, quiet=quiet)

    @precondition(lambda self: self.world.state.owner is Owner.WAITING or self.world.now.second == 0)
    @rule(agent=AGENTS)
    def an_agent_takes(self, agent: AgentRef) -> None:
        with contextlib.suppress(CommandRefused):
            self.world.take(agent)

    @rule(agent=AGENTS)
    def an_agent_writes(self, agent: AgentRef) -> None:
        with contextlib.suppress(CommandRefused):
            self.world.write(agent)

    @rule(agent=AGENTS, outcome=st.sampled_from(["returned", "won", "later", "no_fit"]))
    def an_agent_gives_back(self, agent: AgentRef, outcome: str) -> None:
        with contextlib.suppress(CommandRefused):
            self.world.give_back(agent, outcome)

    @rule(agent=AGENTS)
    def an_agent_vanishes(self, agent: AgentRef) -> None:
        self.world.gone(agent)

    @rule(who=DESKS)
    def the_desk_changes(self, who: Desk) -> None:
        self.world.agents_change(who)

    @rule(text=st.sampled_from(["hello?", "+49 170 1234567", "12345", "tomorrow at 5", "what do you sell?"]))
    def the_prospect_writes(self, text: str) -> None:
        self.world.prospect_writes(text)

    @rule(choice=st.sampled_from(list(Choice)))
    def the_prospect_taps(self, choice: Choice) -> None:
        self.world.prospect_writes("tap", payload=choice.value)

    @precondition(lambda self: self.world.now.second % 10 == 0)
    @rule()
    def the_page_answers(self) -> None:
        self.world.echo()

    @rule()
    def nobody_may_be_asked_any_more(self) -> None:
        self.world.do(lambda d: episodes.stopped(d, self.world.policy))

    @rule(seconds=st.sampled_from([0.0, 0.5, 5.0, 20.0, 30.0, 60.0, 61.0, 400.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(agent=AGENTS)
    def an_agent_sees_it(self, agent: AgentRef) -> None:
        self.world.seen(agent)

    @rule(seconds=st.sampled_from([1.0, 59.0, 61.0, 600.0]))
    def the_service_is_down(self, seconds: float) -> None:
        self.world.sleep(seconds)

    # ---- what must hold

    @invariant()
    def the_owner_and_the_episode_agree(self) -> None:
        state = self.world.state
        status = state.episode.status if state.episode else "closed"
        assert (state.owner is Owner.WAITING) == (status == "waiting")
        assert (state.owner is Owner.AGENT) == (status == "accepted")
        assert (status == "accepted") == (state.episode is not None and status != "closed" and state.episode.agent is not None)

    @invariant()
    def an_open_episode_is_never_without_a_clock(self) -> None:
        state = self.world.state
        if state.episode is None or state.episode.status == "closed":
            assert not [c for c in state.clocks if c.kind in EPISODE_CLOCKS]
            return
        key = state.episode.episode_id
        assert all(c.key == key for c in state.clocks if c.kind in EPISODE_CLOCKS)
        if state.episode.status == "waiting":
            assert state.clock(ClockKind.RUNG, key)
        elif state.episode.first_words_at is None:
            assert state.clock(ClockKind.FIRST_WORDS, key)

    @invariant()
    def an_open_promise_has_a_clock(self) -> None:
        assert (self.world.state.promise is not None) == (self.world.state.clock(ClockKind.PROMISE) is not None)

    @invariant()
    def first_words_are_missed_exactly_when_the_timestamps_say_so(self) -> None:
        episode = self.world.state.episode
        if episode is None:
            return
        missed = "first_words" in episode.breached
        ended_at = episode.first_words_at or episode.closed_at
        if ended_at is not None:
            assert missed == (ended_at >= episode.first_words_due_at)
        elif missed:
            assert self.world.now >= episode.first_words_due_at

    @invariant()
    def every_miss_has_a_cause(self) -> None:
        episode = self.world.state.episode
        if episode is not None:
            assert set(episode.causes) == set(episode.breached)
            assert set(episode.causes.values()) <= set(Cause)

    @invariant()
    def the_segments_add_up_to_the_whole(self) -> None:
        episode, hours = self.world.state.episode, self.world.policy.of(self.world.state).hours
        if episode is None:
            return
        until = episode.closed_at or self.world.now
        booked = booked_until(episode, until, hours)
        whole = (until - episode.requested_at).total_seconds()
        assert sum(one.wall_s for one in booked) == pytest.approx(whole, abs=1e-3)
        working = working_between(episode.requested_at, until, hours)
        assert sum(one.working_s for one in booked) == pytest.approx(working, abs=1e-3)

    @invariant()
    def a_miss_is_recorded_once(self) -> None:
        noted = [(e.data["episode_id"], e.data["clock"]) for e in self.world.noted("episode.breached")]
        once = [n for n in noted if n[1] != "next_words"]
        assert len(once) == len(set(once))

    @invariant()
    def only_the_ladder_and_agents_speak(self) -> None:
        for say in self.world.says:
            assert say.speaker in (Speaker.LADDER, Speaker.AGENT)
            assert (say.speaker is Speaker.AGENT) == (say.agent is not None)
            assert say.speaker is Speaker.AGENT or (say.purpose == PURPOSE and say.urgent)

    @invariant()
    def nobody_waits_in_silence_past_the_promise(self) -> None:
        """Once a wait is longer than promised and every due clock has fired, the prospect has been told something."""
        world, state = self.world, self.world.state
        due_clocks = [c for c in state.clocks if c.due_at <= world.now]
        if state.owner is not Owner.WAITING or due_clocks:
            return
        overdue = world.now - world.episode.first_words_due_at
        if world.episode.first_words_at is None and overdue > timedelta(seconds=1):
            assert HONEST & set(world.said(world.episode.requested_at))


AnyTalk.TestCase.settings = settings(max_examples=120, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow])
TestAnyTalk = AnyTalk.TestCase


class AnyTalkInOfficeHours(AnyTalk):
    """The same with hours, windows and ladders of every kind, begun at any time of a week with a holiday in it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(desk(SAM), BUSY, now=berlin("2026-12-23T17:50:00"), channel="facebook")

    @rule(hours=st.sampled_from([1, 4, 11, 24]))
    def hours_pass(self, hours: int) -> None:
        self.world.wait(hours * 3600)

    @rule(hours=st.sampled_from([1, 24]))
    def the_channels_window_opens(self, hours: int) -> None:
        self.world.window_opens(self.world.now + timedelta(hours=hours))


AnyTalkInOfficeHours.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow]
)
TestAnyTalkInOfficeHours = AnyTalkInOfficeHours.TestCase
