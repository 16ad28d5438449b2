"""What follows from each event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.events import (
    AgentGaveBack,
    AgentTook,
    AgentWrote,
    BrainFailed,
    ClockFired,
    DeliveryFailed,
    ForeignEcho,
    Inbound,
    ProfileSeen,
)
from bot.core.model import (
    AgentRef,
    Attachment,
    Clock,
    ClockKind,
    CommandRefused,
    Enrolment,
    Identity,
    Owner,
    Profile,
    Say,
    Speaker,
    State,
    Unsent,
)
from tests.core.conversing import NOW, SAM, answer, answered, follows, heard, waiting_state

SAM_REF = AgentRef(agent_id="a_sam", name="Sam")


def burst(*texts: str):
    return tuple(heard(t, message_id=i, at=NOW + timedelta(seconds=i)) for i, t in enumerate(texts, 1))


class TestATurn:
    def test_a_burst_is_asked_once_and_as_one(self) -> None:
        messages = burst("hey", "quick question", "how much is it")
        decision = follows(waiting_state(*messages), Inbound(messages=messages))

        assert decision.ask_brain is not None
        assert decision.ask_brain.text == "hey\nquick question\nhow much is it"
        assert decision.heard == (1, 2, 3)
        assert decision.say == ()

    def test_the_answer_keeps_the_promise_and_stops_its_clocks(self) -> None:
        messages = burst("how much is it")
        state = waiting_state(*messages)
        first = follows(state, Inbound(messages=messages))
        second = answered(first, answer("ask_price", "490 a month."))

        assert [s.text for s in second.say] == ["490 a month."]
        assert second.state.promise is None
        assert second.state.clocks == ()
        assert [j.kind for j in second.journal][-1] == "promise.kept"

    def test_a_silent_brain_brings_in_a_person_instead_of_silence(self) -> None:
        messages = burst("asdf")
        first = follows(waiting_state(*messages), Inbound(messages=messages))
        second = answered(first, answer("nlu_fallback"))

        assert second.state.owner is Owner.WAITING
        assert second.state.episode is not None
        assert second.say, "the prospect is told"

    def test_what_the_brain_learned_is_kept(self) -> None:
        messages = burst("i sell candles")
        first = follows(waiting_state(*messages), Inbound(messages=messages))
        second = answered(first, answer("tell_business", "Nice!", slots={"product": "candles"}))

        assert second.state.slots["product"] == "candles"

    def test_a_quick_reply_is_asked_by_its_payload(self) -> None:
        message = heard("How much?", payload="/ask_price")
        decision = follows(waiting_state(message), Inbound(messages=(message,)))

        assert decision.ask_brain is not None
        assert decision.ask_brain.text == "/ask_price"

    def test_a_sticker_needs_no_answer_and_a_photo_needs_a_person(self) -> None:
        sticker = heard("", attachments=(Attachment(kind="sticker"),))
        photo = heard("", attachments=(Attachment(kind="image", url="https://example.com/a.jpg"),))

        quiet = follows(waiting_state(sticker), Inbound(messages=(sticker,)))
        person = follows(waiting_state(photo), Inbound(messages=(photo,)))

        assert (quiet.say, quiet.state.promise, quiet.state.episode) == ((), None, None)
        assert person.state.owner is Owner.WAITING
        assert person.state.promise is None


class TestConsent:
    @pytest.mark.parametrize(
        "words", ["stop", "STOP!", "please stop messaging me", "unsubscribe", "leave me alone", "don’t text me anymore"]
    )
    def test_stop_holds_without_the_brain(self, words: str) -> None:
        enrolment = Enrolment(
            enrolment_id="e_1",
            flow_id="welcome",
            flow_version=1,
            step_id="ask",
            entered_at=NOW,
            step_entered_at=NOW,
            waiting_for="reply",
        )
        message = heard(words)
        queued = Unsent(message_id=9, say=Say(speaker=Speaker.FLOW, text="One more thing"))
        state = waiting_state(message, enrolments=(enrolment,), unsent=(queued,))
        state_clocks = (*state.clocks, Clock(kind=ClockKind.STEP, key="e_1", due_at=NOW + timedelta(hours=1)))
        decision = follows(
            waiting_state(message, enrolments=(enrolment,), unsent=(queued,), clocks=state_clocks), Inbound(messages=(message,))
        )

        assert decision.ask_brain is None
        assert decision.state.opted_out_at == NOW
        assert decision.withdraw == (9,)
        assert decision.state.live_enrolments == ()
        assert decision.state.clocks == ()
        assert len(decision.say) == 1

    def test_a_second_stop_is_not_confirmed_again(self) -> None:
        message = heard("stop")
        state = waiting_state(message, opted_out_at=NOW - timedelta(days=1))

        assert follows(state, Inbound(messages=(message,))).say == ()

    @pytest.mark.parametrize("words", ["can you stop by tomorrow?", "how do i stop losing leads", "i can't stop laughing"])
    def test_the_word_stop_in_a_question_is_no_opt_out(self, words: str) -> None:
        message = heard(words)
        decision = follows(waiting_state(message), Inbound(messages=(message,)))

        assert decision.ask_brain is not None

    def test_other_words_for_stop_come_from_the_brain(self) -> None:
        message = heard("i'd rather not hear from you")
        first = follows(waiting_state(message), Inbound(messages=(message,)))
        second = answered(first, answer("stop", directives=({"do": "opt_out"},)))

        assert second.state.opted_out_at == NOW
        assert len(second.say) == 1

    def test_start_allows_us_to_write_again(self) -> None:
        message = heard("start")
        state = waiting_state(message, opted_out_at=NOW - timedelta(days=1))
        decision = follows(state, Inbound(messages=(message,)))

        assert decision.state.opted_out_at is None
        assert len(decision.say) == 1


class TestTheBrainIsAway:
    def test_one_honest_line_and_a_person(self) -> None:
        message = heard("hello?")
        first = follows(waiting_state(message), Inbound(messages=(message,)))
        assert first.ask_brain is not None
        failed = follows(first.state, BrainFailed(ask=first.ask_brain, error="timeout"))

        assert len(failed.say) == 1
        assert failed.state.owner is Owner.WAITING
        assert failed.state.episode is not None
        assert failed.state.episode.reason.value == "bot_failure"

        again = heard("anyone?", message_id=2)
        second = follows(failed.state, Inbound(messages=(again,)))
        assert second.ask_brain is not None
        still = follows(second.state, BrainFailed(ask=second.ask_brain, error="timeout"))
        assert still.say == (), "the line is not repeated for each message"
        assert still.state.episode == failed.state.episode

    def test_an_overdue_promise_brings_in_a_person_and_keeps_running(self) -> None:
        state = waiting_state(heard("hello?"))
        clock = state.clock(ClockKind.PROMISE)
        assert clock is not None
        late = NOW + timedelta(seconds=21)
        decision = follows(state, ClockFired(clock=clock), now=late)

        assert decision.state.owner is Owner.WAITING
        assert decision.state.promise is not None
        assert decision.state.clock(ClockKind.PROMISE) is not None
        assert "promise.broken" in [j.kind for j in decision.journal]


class TestClocks:
    def test_a_clock_that_no_longer_runs_has_no_effect(self) -> None:
        state = waiting_state(clocks=(), promise=None)
        decision = follows(state, ClockFired(clock=Clock(kind=ClockKind.PROMISE, due_at=NOW)))

        assert decision.state == state
        assert decision.say == ()

    def test_a_clock_that_was_moved_is_not_early(self) -> None:
        state = waiting_state(heard("hi"))
        decision = follows(state, ClockFired(clock=Clock(kind=ClockKind.PROMISE, due_at=NOW)))

        assert decision.state == state


class TestHandoff:
    def test_asked_for_taken_answered_and_given_back(self) -> None:
        message = heard("can i talk to a person")
        first = follows(waiting_state(message), Inbound(messages=(message,)), desk=SAM)
        asked = answered(first, answer("want_human", directives=({"do": "handoff", "reason": "asked"},)), desk=SAM)
        assert asked.state.owner is Owner.WAITING
        assert "offer" in [n.kind for n in asked.notify]

        taken = follows(asked.state, AgentTook(agent=SAM_REF), now=NOW + timedelta(seconds=10), desk=SAM)
        assert taken.state.owner is Owner.AGENT
        assert taken.state.owner_version > asked.state.owner_version
        assert "Sam" in " ".join(s.text for s in taken.say)

        wrote = follows(
            taken.state, AgentWrote(agent=SAM_REF, text="Hi, Sam here.", client_key="k1"), now=NOW + timedelta(seconds=20)
        )
        assert [(s.speaker, s.text) for s in wrote.say] == [(Speaker.AGENT, "Hi, Sam here.")]
        assert wrote.state.episode is not None
        assert wrote.state.episode.breached == ()

        back = follows(wrote.state, AgentGaveBack(agent=SAM_REF, summary="Promised a quote", slots={"goal": "repeat orders"}))
        assert back.state.owner is Owner.BOT
        assert back.state.slots["goal"] == "repeat orders"
        told = [(e["name"], e["value"]) for e in back.tracker_events if e["event"] == "slot"]
        assert ("goal", "repeat orders") in told

    def test_the_bot_is_silent_while_an_agent_talks(self) -> None:
        message = heard("is anyone there")
        base = waiting_state(heard("person please"))
        taken = follows(base, AgentTook(agent=SAM_REF), desk=SAM)
        decision = follows(taken.state, Inbound(messages=(message,)), desk=SAM)

        assert decision.ask_brain is None
        assert [s for s in decision.say if s.speaker in (Speaker.BOT, Speaker.FLOW)] == []
        assert decision.state.promise is not None
        assert decision.state.clock(ClockKind.PROMISE) is not None
        assert "message" in [n.kind for n in decision.notify]

    def test_two_agents_press_take_and_one_is_told(self) -> None:
        taken = follows(waiting_state(heard("hi")), AgentTook(agent=SAM_REF), desk=SAM)
        with pytest.raises(CommandRefused) as refused:
            follows(taken.state, AgentTook(agent=AgentRef(agent_id="a_kim", name="Kim")), desk=SAM)

        assert refused.value.code == "taken"

    def test_only_the_holder_writes(self) -> None:
        taken = follows(waiting_state(heard("hi")), AgentTook(agent=SAM_REF), desk=SAM)
        with pytest.raises(CommandRefused) as refused:
            follows(taken.state, AgentWrote(agent=AgentRef(agent_id="a_kim", name="Kim"), text="x", client_key="k"))

        assert refused.value.code == "not_yours"


class TestTheRest:
    def test_flow_bubbles_that_have_not_left_wait_for_the_answer(self) -> None:
        message = heard("how much is it")
        queued = Unsent(message_id=9, say=Say(speaker=Speaker.FLOW, text="A tip for you.", wording="welcome/tip#1"))
        first = follows(waiting_state(message, unsent=(queued,)), Inbound(messages=(message,)))
        second = answered(first, answer("ask_price", "490 a month."))

        assert first.withdraw == (9,)
        assert [s.text for s in second.say] == ["490 a month.", "A tip for you."]

    def test_what_the_channel_tells_of_a_person_never_erases(self) -> None:
        state = waiting_state(profile=Profile(first_name="Anna", zone="Europe/Berlin"))
        decision = follows(state, ProfileSeen(profile=Profile(last_name="Berg")))

        assert decision.state.profile == Profile(first_name="Anna", last_name="Berg", zone="Europe/Berlin")

    def test_an_unreachable_person_leaves_every_flow(self) -> None:
        enrolment = Enrolment(
            enrolment_id="e_1", flow_id="welcome", flow_version=1, step_id="s", entered_at=NOW, step_entered_at=NOW
        )
        state = waiting_state(enrolments=(enrolment,), promise=None, clocks=())
        decision = follows(state, DeliveryFailed(message_id=4, error="unreachable"))

        assert decision.state.live_enrolments == ()

    def test_a_silent_brain_after_an_earlier_handoff_brings_in_a_person_again(self) -> None:
        taken = follows(waiting_state(heard("person please")), AgentTook(agent=SAM_REF), desk=SAM)
        wrote = follows(taken.state, AgentWrote(agent=SAM_REF, text="Hi", client_key="k"), desk=SAM)
        back = follows(wrote.state, AgentGaveBack(agent=SAM_REF, summary="talked"))
        message = heard("asdf", message_id=2)
        state = replace(back.state, unheard=(message,))
        first = follows(state, Inbound(messages=(message,)))
        second = answered(first, answer("nlu_fallback"))

        assert second.state.owner is Owner.WAITING
        assert second.state.episode is not None
        assert taken.state.episode is not None
        assert second.state.episode.episode_id != taken.state.episode.episode_id


class TestAPersonAnswersBeforeTheTurn:
    def held(self, text: str) -> State:
        first = waiting_state(heard("person please"), identity=Identity(channel="facebook", external_id="p1"), unheard=())
        taken = follows(first, AgentTook(agent=SAM_REF), desk=SAM).state
        return replace(taken, unheard=(heard(text, message_id=9),))

    def test_the_channels_window_opens_all_the_same(self) -> None:
        state = follows(self.held("hello"), AgentWrote(agent=SAM_REF, text="Hi!", client_key="k")).state
        assert state.window is not None
        assert state.window.closes_at == NOW + timedelta(hours=24)
        echo = ForeignEcho(text="hi", app_id=None, at=NOW)
        assert follows(self.held("hello"), echo).state.window == state.window

    def test_a_stop_is_a_stop(self) -> None:
        with pytest.raises(CommandRefused, match="asked us to stop"):
            follows(self.held("stop"), AgentWrote(agent=SAM_REF, text="Hi!", client_key="k"))
        decision = follows(self.held("stop"), ForeignEcho(text="hi", app_id=None, at=NOW))
        assert decision.state.opted_out_at == NOW
        assert [say.wording.partition("#")[0] for say in decision.say if say.wording] == ["ladder/opted_out"]
