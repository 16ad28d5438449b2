"""The engine on small flows made for the purpose: one rule each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.nurture.nurture_talk import DAY, HELLO, HOUR, MINUTE, NOON, Make


def test_a_flow_started_by_hand_speaks_when_its_clock_fires(make: Make) -> None:
    talk = make(a=("", HELLO))

    assert talk.start("a")
    talk.later(MINUTE)

    assert talk.lines == ["a/hello"]
    assert talk.ends == [("a", "done", "end")]


def test_a_flow_started_by_hand_at_night_waits_for_the_morning(make: Make) -> None:
    talk = make(a=("", HELLO), now=datetime(2026, 5, 12, 23, 0, tzinfo=UTC))
    talk.start("a")
    talk.later(9 * HOUR)
    assert talk.lines == []
    talk.later(HOUR)

    assert talk.lines == ["a/hello"]
    assert [note["reason"] for note in talk.noted("flow.held")] == ["quiet_hours"]


@pytest.mark.parametrize("flow_id", ["nowhere", ""])
def test_an_unknown_flow_is_not_started_and_the_journal_says_so(make: Make, flow_id: str) -> None:
    talk = make(a=("", HELLO))

    assert not talk.start(flow_id)
    assert talk.noted("flow.held")[0]["reason"] == "unknown_flow"


def test_one_person_is_in_a_flow_only_once_at_a_time(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1d}\n" + HELLO))
    talk.start("a")

    assert not talk.start("a")
    assert talk.noted("flow.held")[0]["reason"] == "already_live"


def test_by_hand_a_flow_may_be_met_again_by_a_trigger_it_may_not(make: Make) -> None:
    talk = make(a=("trigger: {intent: ask_tip}", HELLO))
    talk.write("a tip please", "ask_tip")
    talk.write("another tip please", "ask_tip")
    assert talk.lines.count("a/hello") == 1

    assert talk.start("a")


def test_with_repeat_a_trigger_starts_it_each_time(make: Make) -> None:
    talk = make(a=("trigger: {intent: ask_tip}\nrepeat: true", HELLO))
    talk.write("a tip please", "ask_tip")
    talk.write("another tip please", "ask_tip")

    assert talk.lines == ["> a tip please", "bot", "a/hello", "> another tip please", "bot", "a/hello"]


@pytest.mark.parametrize("audience", ["{channels: facebook}", "{tags: vip}", "{not_tags: [new]}"])
def test_people_outside_the_audience_do_not_enter(make: Make, audience: str) -> None:
    talk = make(a=(f"audience: {audience}", HELLO))
    talk.state = replace(talk.state, tags=("new",))

    assert not talk.start("a")
    assert talk.noted("flow.held")[0]["reason"] == "audience"


def test_an_offer_needs_something_useful_and_a_reply_to_it(make: Make) -> None:
    offer = "  - {id: o, offer: Want more?, accepted: bye, declined: bye, silence: {after: 1d}, then: bye}"
    bye = "  - {id: bye, goal: done}"
    ask = "  - {id: q, ask: Any good?, slot: s, expects: {intents: affirm}, silence: {after: 3d}}"
    talk = make(
        cold=("", "\n".join((offer, bye))),
        unanswered=("", "\n".join((HELLO, offer, bye))),
        warm=("", "\n".join((HELLO, ask, offer, bye))),
    )
    for flow_id in ("cold", "unanswered", "warm"):
        talk.start(flow_id)
        talk.later(DAY)
    talk.write("yes", "affirm")

    assert "cold/o" not in talk.lines
    assert "unanswered/o" not in talk.lines
    assert talk.lines[-1] == "warm/o"
    assert [note["flow"] for note in talk.noted("flow.held") if note["reason"] == "offer_too_early"] == ["cold", "unanswered"]


def test_a_wait_for_a_reply_ends_with_it_after_the_answer(make: Make) -> None:
    steps = "  - {id: w, wait: {reply: true, at_most: 1d, on_silence: bye}}\n" + HELLO + "\n  - {id: bye, stop: quiet}"
    talk = make(a=("", steps))
    talk.start("a")
    talk.later(HOUR)
    talk.write("hm", "thanks")

    assert talk.lines == ["> hm", "bot", "a/hello"]


def test_a_wait_for_a_reply_that_does_not_come_goes_where_silence_leads(make: Make) -> None:
    steps = "  - {id: w, wait: {reply: true, at_most: 1d, on_silence: bye}}\n" + HELLO + "\n  - {id: bye, stop: quiet}"
    talk = make(a=("", steps))
    talk.start("a")
    talk.later(2 * DAY)

    assert talk.ends == [("a", "stopped", "quiet")]


def test_a_tag_given_by_one_flow_starts_another(make: Make) -> None:
    talk = make(a=("", "  - {id: t, tag: warm, untag: cold}"), b=("trigger: {tag: warm}", "  - {id: w, wait: 1h}\n" + HELLO))
    talk.state = replace(talk.state, tags=("cold",))
    talk.start("a")
    talk.later(2 * HOUR)

    assert talk.state.tags == ("warm",)
    assert talk.lines == ["b/hello"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{slot: kind}", True),
        ("{slot: nothing}", False),
        ("{slot: kind, is: [A Bakery]}", True),
        ("{slot: kind, is: [a shop]}", False),
        ("{slot: kind, mentions: [bak]}", True),
        ("{slot: kind, mentions: [akery]}", False),
        ("{intent: [thanks, greet]}", True),
        ("{intent: deny}", False),
        ("{entity: product}", True),
        ("{entity: phone}", False),
        ("{replied: true}", True),
        ("{replied: false}", False),
        ("{silence: 30m}", True),
        ("{silence: 2h}", False),
        ("{tag: vip}", True),
        ("{tag: vvip}", False),
        ("{started_by: go}", True),
        ("{started_by: manual}", False),
        ("{tag: vip, intent: deny}", False),
    ],
)
def test_a_branch_looks_at(make: Make, condition: str, holds: bool) -> None:
    steps = (
        "  - {id: w, wait: 1h}\n"
        f"  - {{id: b, branch: [{{when: {condition}, then: aye}}, {{otherwise: no}}]}}\n"
        "  - {id: aye, stop: aye}\n  - {id: no, stop: no}"
    )
    talk = make(a=("trigger: {intent: go}", steps))
    talk.state = replace(talk.state, tags=("vip",), slots={"kind": "a bakery"})
    talk.write("go", "go")
    talk.write("thanks", "thanks", entities={"product": "bread"})
    talk.later(HOUR)

    assert talk.ends == [("a", "stopped", "aye" if holds else "no")]


def test_people_inside_a_flow_that_was_taken_away_leave_it(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1h}\n" + HELLO))
    talk.start("a")
    talk.later(MINUTE)
    talk.nurture = replace(talk.nurture, flows={})
    talk.later(DAY)

    assert talk.ends == [("a", "exited", "flow_gone")]


def test_people_inside_a_flow_move_to_its_new_version_or_leave_where_their_step_is_gone(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1h}\n" + HELLO), b=("", "  - {id: w, wait: 1h}\n" + HELLO))
    talk.start("a")
    talk.start("b")
    talk.later(MINUTE)
    newer = {name: replace(flow, version=2) for name, flow in talk.nurture.flows.items()}
    newer["b"] = replace(newer["b"], steps={"hello": newer["b"].steps["hello"]})
    talk.nurture = replace(talk.nurture, flows=newer)
    talk.later(2 * HOUR)

    assert [(note["flow"], note["version"]) for note in talk.noted("flow.moved")] == [("a", 2)]
    assert talk.ends == [("a", "done", "end"), ("b", "exited", "step_gone")]


def test_a_wait_that_a_person_interrupted_is_counted_from_its_beginning(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 4h}\n" + HELLO))
    talk.start("a")
    talk.later(HOUR)
    talk.person_takes_over()
    talk.later(HOUR)
    talk.person_gives_back()
    talk.later(2 * HOUR + MINUTE)

    assert talk.lines[-1] == "a/hello"
    assert talk.state.flow_sent_at == (NOON + 4 * HOUR,)


def test_a_wait_that_ran_out_while_a_person_talked_leaves_a_decent_pause(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1h}\n" + HELLO))
    talk.start("a")
    talk.later(MINUTE)
    talk.person_takes_over()
    talk.later(3 * HOUR)
    talk.person_gives_back()
    talk.later(9 * MINUTE)
    assert talk.lines[-1] == "-- back, returned"
    talk.later(MINUTE)

    assert talk.lines[-1] == "a/hello"


def test_what_is_said_on_facebook_may_differ(make: Make) -> None:
    talk = make(a=("", "  - {id: s, say: Long words, purpose: help, per_channel: {widget: Short}, quick_replies: [Ok]}"))
    talk.start("a")
    talk.later(MINUTE)

    assert talk.texts == ["Short"]
    assert talk.state.wordings == ("a/s@widget#1",)


def test_the_journal_holds_no_words(make: Make) -> None:
    ask = "  - {id: q, ask: Secret question?, slot: s, expects: {any_text: true}, silence: {after: 2h}}"
    talk = make(a=("trigger: {intent: go}", ask + "\n" + HELLO))
    talk.write("go", "go")
    talk.write("my secret answer", "nlu_fallback")

    assert {entry.kind for entry in talk.journal} == {"flow.started", "flow.step", "flow.answered", "flow.ended"}
    assert "ecret" not in str(talk.journal)


def test_an_answer_the_flow_has_nothing_to_say_to_is_left_to_the_brain(make: Make) -> None:
    ask = "  - {id: q, ask: Hm?, slot: s, expects: {intents: affirm}, silence: {after: 2h}}\n  - {id: done, goal: done}"
    talk = make(a=("trigger: {intent: go}", ask))
    talk.write("go", "go")

    assert not talk.write("yes", "affirm", brain=("Great.",))
    assert talk.lines[-2:] == ["> yes", "bot"]
    assert talk.ends == [("a", "done", "goal")]


def test_an_opt_out_that_left_an_enrolment_behind_is_still_honoured(make: Make) -> None:
    talk = make(a=("", "  - {id: w, wait: 1h}\n" + HELLO), b=("", "  - {id: w, wait: 1h}\n" + HELLO))
    talk.start("a")
    talk.start("b")
    talk.later(MINUTE)
    talk.person_takes_over()
    talk.state = replace(talk.state, opted_out_at=talk.now)
    talk.person_gives_back("won")
    talk.later(DAY)

    assert not [line for line in talk.lines if "/" in line]
    assert all(e.waiting_for == "person" for e in talk.state.live_enrolments)
