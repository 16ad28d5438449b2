"""Starting by link, goals and exits, experiments and warmth: one rule each, on small flows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.core.model import Reading, Say, Speaker, Unsent
from bot.yamlfile import YamlFileError
from nurture.schema import json_schema
from tests.nurture.nurture_talk import DAY, HELLO, HOUR, MINUTE, NOON, Make

ROOT = Path(__file__).parents[2]

ASK = "  - {id: q, ask: What?, slot: s, expects: {intents: [tell_business]}, silence: {after: 1d}}\n" + HELLO
STRANGERS = ("trigger: first_message", "  - {id: hey, say: Hey, purpose: delight}")


# ---- by a link or an ad ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "referral"),
    [
        ("{ref: [guide, list]}", {"ref": "guide"}),
        ('{ad: "2384"}', {"source": "ADS", "ad_id": "2384"}),
        ("{utm: spring}", {"url": "https://x.example", "utm": {"utm_source": "news", "utm_campaign": "spring"}}),
    ],
)
def test_a_stranger_who_comes_by_a_link_gets_its_flow_and_not_the_one_for_strangers(
    make: Make, trigger: str, referral: dict[str, object]
) -> None:
    talk = make(a=(f"trigger: {trigger}", HELLO), b=STRANGERS)

    talk.write("hi", "greet", referral=referral)

    assert talk.lines == ["> hi", "a/hello"]


def test_another_link_leads_to_the_flow_for_strangers(make: Make) -> None:
    talk = make(a=("trigger: {ref: guide}", HELLO), b=STRANGERS)

    talk.write("hi", "greet", referral={"ref": "other"})

    assert talk.lines == ["> hi", "b/hey"]


def test_somebody_we_know_who_comes_by_a_link_is_answered_and_then_gets_its_flow(make: Make) -> None:
    talk = make(a=("trigger: {ref: guide}", HELLO), b=STRANGERS)
    talk.write("hi", "greet")
    talk.write("how much?", "ask_price", referral={"ref": "guide"})

    assert talk.lines == ["> hi", "b/hey", "> how much?", "bot", "a/hello"]


def test_a_link_without_a_word_is_answered_at_once_and_the_first_words_start_nothing_more(make: Make) -> None:
    talk = make(a=("trigger: {ref: guide}", ASK), b=STRANGERS)

    talk.comes_by({"ref": "guide"})
    talk.write("candles", "tell_business")

    assert talk.lines == ["a/q", "> candles", "a/hello"]


def test_a_link_starts_nothing_while_a_person_talks_or_after_a_stop(make: Make) -> None:
    talk = make(a=("trigger: {ref: guide}", HELLO))
    talk.person_takes_over()
    talk.comes_by({"ref": "guide"})
    talk.person_gives_back()
    talk.opt_out()
    talk.comes_by({"ref": "guide"})

    assert talk.lines == ["-- a person", "-- back, returned", "> stop"]


# ---- goals and exits ------------------------------------------------------------------------------------------------


def test_a_goal_reached_elsewhere_ends_the_flow_in_the_same_decision(make: Make) -> None:
    talk = make(a=("goal_when: {tag: customer}", f"  - {{id: w, wait: 1d}}\n{HELLO}"), b=("trigger: {after_flow: a}", HELLO))
    talk.start("a")
    talk.later(MINUTE)

    talk.is_tagged("customer")

    assert talk.ends == [("a", "done", "goal")]
    assert [e.flow_id for e in talk.state.live_enrolments] == ["b"]


def test_a_reason_to_leave_holds_while_a_person_talks(make: Make) -> None:
    talk = make(a=("exit_when: [{tag: vip}, {tag: customer}]", f"  - {{id: w, wait: 1d}}\n{HELLO}"))
    talk.start("a")
    talk.person_takes_over()

    talk.is_tagged("customer")

    assert talk.ends == [("a", "exited", "exit_when")]


def test_words_that_have_not_left_are_taken_back_at_the_goal(make: Make) -> None:
    talk = make(a=("goal_when: {tag: customer}", f"  - {{id: w, wait: 1d}}\n{HELLO}"))
    talk.start("a")
    talk.later(MINUTE)
    (enrolment,) = talk.state.live_enrolments
    mine = Say(speaker=Speaker.FLOW, text="Hi", enrolment_id=enrolment.enrolment_id)
    other = Say(speaker=Speaker.BOT, text="Sure")
    talk.state = replace(talk.state, unsent=tuple(Unsent(message_id=n, say=say) for n, say in enumerate((mine, other), 1)))

    talk.is_tagged("customer")

    assert [unsent.say for unsent in talk.state.unsent] == [other]


def test_a_condition_that_came_true_unseen_is_seen_before_the_flow_speaks(make: Make) -> None:
    talk = make(a=("exit_when: {slot: bought}", f"  - {{id: w, wait: 1d}}\n{HELLO}"))
    talk.start("a")
    talk.later(MINUTE)
    talk.state = replace(talk.state, slots={"bought": "yes"})

    talk.later(2 * DAY)

    assert (talk.lines, talk.ends) == ([], [("a", "exited", "exit_when")])


def test_what_was_meant_before_the_flow_began_is_no_reason_to_leave_it(make: Make) -> None:
    talk = make(a=("exit_when: {intent: deny}", f"  - {{id: w, wait: 1d}}\n{ASK}"))
    talk.state = replace(talk.state, last_inbound_at=NOON - HOUR, last_reading=Reading(text="no", intent="deny"))
    talk.start("a")
    talk.later(DAY + HOUR)
    assert talk.lines == ["a/q"]

    talk.write("no", "deny")

    assert talk.ends == [("a", "exited", "exit_when")]
    assert talk.lines == ["a/q", "> no", "bot"]


# ---- experiments and warmth -----------------------------------------------------------------------------------------

SPLIT = "  - {id: e, experiment: [{arm: x, then: sx}, {arm: y, then: sy}]}"
ENDS = "  - {id: sx, say: X, purpose: help, then: w}\n  - {id: sy, say: Y, purpose: help, then: w}"


def test_arms_are_kept_in_the_journal_and_both_are_walked(make: Make) -> None:
    talk = make(a=("repeat: true", f"{SPLIT}\n{ENDS}\n  - {{id: w, stop: over}}"))
    for number in range(12):
        talk.state = replace(talk.state, conversation_id=f"c{number}", enrolments=(), clocks=(), flow_sent_at=())
        talk.start("a")
        talk.later(MINUTE)

    told = [entry["arm"] for entry in talk.noted("flow.assigned")]
    said = [entry["step"][1:] for entry in talk.noted("flow.step") if entry["step"] in ("sx", "sy")]
    assert len(told) == 12
    assert told == said
    assert set(told) == {"x", "y"}


def test_who_comes_by_an_experiment_twice_keeps_the_arm_even_if_shares_change(make: Make) -> None:
    round_trip = f"{SPLIT}\n{ENDS}\n  - {{id: w, wait: 1d}}\n  - {{id: b, goto: e}}"
    talk = make(a=("unanswered: 9\ncaps: []", round_trip))
    talk.start("a")
    talk.later(MINUTE)
    (first,) = talk.noted("flow.assigned")
    other = "y" if first["arm"] == "x" else "x"
    flow = talk.nurture.flows["a"]
    step = flow.steps["e"]
    arms = tuple(replace(arm, share=999 if arm.name == other else 1) for arm in step.arms)  # type: ignore[union-attr]
    changed = replace(flow, steps={**flow.steps, "e": replace(step, arms=arms)})  # type: ignore[call-arg]
    talk.nurture = replace(talk.nurture, flows={"a": changed})

    talk.later(3 * DAY)

    assert len(talk.noted("flow.assigned")) >= 3
    assert {entry["arm"] for entry in talk.noted("flow.assigned")} == {first["arm"]}


@pytest.mark.parametrize(
    ("points", "warmth", "way"), [((30,), 30, "warm"), ((20, 9), 29, "cold"), ((90, 90, -60), 40, "warm"), ((-5,), 0, "cold")]
)
def test_warmth_adds_up_within_bounds_and_branches(make: Make, points: tuple[int, ...], warmth: int, way: str) -> None:
    scores = "\n".join(f"  - {{id: p{n}, score: {value}}}" for n, value in enumerate(points))
    branch = "  - {id: b, branch: [{when: {warmth_at_least: 30}, then: warm}, {otherwise: cold}]}"
    talk = make(a=("", f"{scores}\n{branch}\n  - {{id: warm, stop: warm}}\n  - {{id: cold, stop: cold}}"))
    talk.start("a")
    talk.later(MINUTE)

    assert talk.state.slots["warmth"] == warmth
    assert talk.ends == [("a", "stopped", way)]


# ---- languages ------------------------------------------------------------------------------------------------------

PORTUGUESE = """\
  - id: q
    ask: What do you sell?
    slot: s
    quick_replies: [{title: Candles, value: candles}]
    expects: {intents: [tell_business]}
    silence: {after: 1h, nudge: No rush.}
    per_language:
      pt: {words: O que vendes?, nudge: Sem pressa., quick_replies: [{title: Velas, value: candles}]}
  - {id: thx, say: Thanks, purpose: help, per_language: {pt: {words: Obrigado}}}"""


@pytest.mark.parametrize(
    ("locale", "tapped", "said"),
    [
        ("pt_BR", "Velas", ["O que vendes?", "Sem pressa.", "Obrigado"]),
        ("pt-pt", "Velas", ["O que vendes?", "Sem pressa.", "Obrigado"]),
        ("de_DE", "Candles", ["What do you sell?", "No rush.", "Thanks"]),
        (None, "Candles", ["What do you sell?", "No rush.", "Thanks"]),
    ],
)
def test_people_hear_their_language_and_buttons_in_it_mean_the_same(
    make: Make, locale: str | None, tapped: str, said: list[str]
) -> None:
    talk = make(a=("caps: []", PORTUGUESE))
    talk.state = replace(talk.state, profile=replace(talk.state.profile, locale=locale))
    talk.start("a")
    talk.later(90 * MINUTE)
    talk.write(tapped)

    assert talk.texts == said
    assert talk.state.slots["s"] == "candles"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (", per_language: {pt: {words: Obrigado}}", "", '"thx" has no words in pt, which other steps have'),
        ("nudge: Sem pressa., ", "", "nudge is missing in pt"),
        ("words: Obrigado", "words: Obrigado, again: Diz", "again is given only in pt"),
        ("words: Obrigado", 'words: "{{ x }}"', "x may be unknown"),
        ("pt: {words: Obrigado}", "Portuguese: {words: Obrigado}", '"Portuguese" is not a language'),
    ],
)
def test_nobody_is_led_from_one_language_into_another(make: Make, old: str, new: str, complaint: str) -> None:
    assert old in PORTUGUESE

    with pytest.raises(YamlFileError, match=complaint):
        make(a=("", PORTUGUESE.replace(old, new)))


def test_nothing_is_said_unprompted_on_a_public_holiday(make: Make) -> None:
    talk = make(a=("holidays: PT\nzone: Europe/Lisbon", f"  - {{id: w, wait: 1d}}\n{HELLO}"))
    talk.now = datetime(2026, 6, 9, 12, 0, tzinfo=UTC)
    talk.start("a")
    talk.later(2 * DAY)  # 10 June is Portugal's day

    spoke = next(entry.at for entry in talk.journal if entry.kind == "flow.step" and entry.data["step"] == "hello")
    assert spoke.date() == date(2026, 6, 11)


# ---- for editors ----------------------------------------------------------------------------------------------------


def test_the_schema_for_editors_is_the_language() -> None:
    path = ROOT / "flow.schema.json"

    assert json.loads(path.read_text(encoding="utf-8")) == json_schema(), "warmline flows schema > flow.schema.json"


def test_every_shipped_flow_names_the_schema() -> None:
    for path in (ROOT / "flows").glob("*.yml"):
        assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../flow.schema.json\n"), path
