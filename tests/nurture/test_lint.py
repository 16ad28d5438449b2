from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.yamlfile import load_document
from nurture.flow import Flow, WaitStep
from nurture.lint import RULES, Finding, Severity, flow_score, lint, lint_responses, lint_text, score
from nurture.lint.check import responses
from nurture.load import read_flow

ROOT = Path(__file__).parents[2]
HELLO = '  - {id: hello, say: "I\'m {{ bot_name }}, a bot.", purpose: delight}'
TIP = "  - {id: tip, say: Try it with a photo first., purpose: help}"
BYE = "  - {id: bye, stop: over}"
END = "  - {id: end, goto: bye}"
SHAPE = frozenset({"one_way", "no_use"})
"""Rules about a flow as a whole, which the little flows here break; they have tests of their own."""

type Lint = Callable[..., list[Finding]]


@pytest.fixture
def findings(tmp_path: Path) -> Lint:
    def of(*steps: str, trigger: str = "first_message", more: str = "", shape: bool = False) -> list[Finding]:
        file = tmp_path / "a.yml"
        file.write_text(f"name: A\nversion: 1\ngoal: g\ntrigger: {trigger}\n{more}steps:\n" + "\n".join(steps) + "\n")
        document, flow = read_flow(file)
        return [finding for finding in lint(flow, document) if shape or finding.rule not in SHAPE]

    return of


def ask(name: str, words: str = "Hm?", *, then: str = "bye") -> str:
    return f"  - {{id: {name}, ask: {words}, slot: s, expects: {{intents: affirm}}, silence: {{after: 1h, then: {then}}}}}"


def rules(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.step, finding.rule) for finding in found]


def errors(found: list[Finding]) -> list[tuple[str, str]]:
    return rules([finding for finding in found if finding.severity is Severity.ERROR])


# ---- the shipped words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted((ROOT / "flows").glob("*.yml")), ids=lambda file: file.stem)
def test_the_shipped_flows_are_clean_and_sound_human(file: Path) -> None:
    document, flow = read_flow(file)
    scored = flow_score(flow)

    assert lint(flow, document) == ()
    assert scored.value >= 90
    assert scored.lowest
    assert scored.lowest.value >= 50


def test_the_shipped_responses_are_clean_and_sound_human() -> None:
    document = load_document(ROOT / "domain.yml")
    scores = [score(line.whole).value for _, said in responses(document) for line in said]

    assert lint_responses(document) == ()
    assert sum(scores) / len(scores) >= 85


# ---- the course of a flow -------------------------------------------------------------------------------------------


def test_a_finding_names_place_rule_and_what_to_do(findings: Lint, tmp_path: Path) -> None:
    (found,) = [one for one in findings(HELLO, TIP.replace("Try it", "Try THIS")) if one.severity is Severity.ERROR]

    assert found == Finding(
        file=str(tmp_path / "a.yml"),
        line=7,
        column=24,
        step="tip",
        rule="all_caps",
        severity=Severity.ERROR,
        message="say: wording 1 shouts THIS.",
        suggestion="Write it in small letters.",
        rewrite="Try this with a photo first.",
    )


@pytest.mark.parametrize("asks", [0, 1, 2])
def test_a_person_in_the_first_three_exchanges_is_refused(findings: Lint, asks: int) -> None:
    asked = [ask(f"q{number}") for number in range(asks)]
    found = findings(HELLO, *asked, "  - {id: p, handoff: Help}", "  - {id: stop, goto: bye}", BYE)

    assert rules(found) == [("p", "human_too_soon")]
    assert f"after {asks} answers" in found[0].message


def test_a_person_after_three_exchanges_is_fine(findings: Lint) -> None:
    asked = [ask(f"q{number}") for number in range(3)]

    assert findings(HELLO, *asked, "  - {id: p, handoff: Help}", "  - {id: stop, goto: bye}", BYE) == []


def test_a_shortcut_to_a_person_is_found(findings: Lint) -> None:
    branch = "  - {id: b, branch: [{when: {tag: vip}, then: p}, {otherwise: q1}]}"
    found = findings(HELLO, branch, ask("q1"), ask("q2"), ask("q3"), "  - {id: p, handoff: Help}", "  - {id: s, goto: bye}", BYE)

    assert rules(found) == [("p", "human_too_soon")]


def test_silence_is_not_an_exchange(findings: Lint) -> None:
    found = findings(HELLO, ask("q1", then="p"), ask("q2"), ask("q3"), "  - {id: p, handoff: Help}", "  - {id: s, goto: bye}", BYE)

    assert rules(found) == [("p", "human_too_soon")]


def test_a_person_early_in_a_follow_up_is_fine(findings: Lint) -> None:
    assert findings("  - {id: p, handoff: Help}", trigger="{outcome: complaint}") == []


def test_every_wording_of_the_first_words_discloses_the_bot(findings: Lint) -> None:
    found = findings(
        '  - {id: hello, say: ["I\'m {{ bot_name }}, a bot.", "It\'s {{ bot_name }} from the robotics shop."], purpose: delight}'
    )

    assert rules(found) == [("hello", "no_disclosure")]
    assert "wording 2" in found[0].message
    assert found[0].column == 53


def test_disclosure_is_looked_for_behind_a_branch(findings: Lint) -> None:
    found = findings(
        "  - {id: b, branch: [{when: {tag: vip}, then: vip}, {otherwise: hello}]}",
        HELLO,
        END,
        "  - {id: vip, say: Good to see you, purpose: delight}",
        BYE,
    )

    assert rules(found) == [("vip", "no_disclosure")]


def test_an_offer_before_anything_useful_is_refused(findings: Lint) -> None:
    offer = "  - {id: o, offer: Want it?, accepted: bye, declined: bye, silence: {after: 1h, then: bye}, then: bye}"

    assert rules(findings(HELLO, offer, BYE)) == [("o", "offer_too_soon")]
    unanswered = findings(HELLO, TIP, offer, BYE)
    assert "not answered since the useful part" in unanswered[0].message
    assert findings(HELLO, TIP, ask("q"), offer, BYE) == []


@pytest.mark.parametrize(
    "sold", ['"It\'s 20% off for you, what do you need?"', '"Sign up here, it is quick. Okay?"', '"Is $5 okay?"']
)
def test_sales_talk_before_anything_useful_is_refused(findings: Lint, sold: str) -> None:
    assert ("q", "sales_too_soon") in rules(findings(HELLO, ask("q", sold), TIP, BYE))
    assert ("q", "sales_too_soon") not in rules(findings(HELLO, TIP, ask("q", sold), END, BYE))


def test_asking_what_somebody_sells_is_no_sales_talk(findings: Lint) -> None:
    assert findings(HELLO, ask("q", '"What do you sell in your shop, and for how much?"'), BYE) == []


def test_an_answer_in_any_words_is_answered(findings: Lint) -> None:
    any_words = ask("q").replace("intents: affirm", "any_text: true")

    assert rules(findings(HELLO, any_words, BYE)) == [("q", "answer_unheard")]
    assert findings(HELLO, any_words, "  - {id: thanks, say: Thanks., purpose: inform}", BYE) == []


def test_a_wait_without_a_time_out_is_refused() -> None:
    wait = WaitStep(id="w", line=7, for_reply=True, duration=timedelta(days=1))
    flow = Flow(flow_id="a", name="A", version=1, goal="g", triggers=(), steps={"w": wait})

    assert lint(flow) == ()
    assert rules(list(lint(replace(flow, steps={"w": replace(wait, duration=None)})))) == [("w", "endless_wait")]


def test_a_pause_of_more_than_a_month_is_told(findings: Lint) -> None:
    assert rules(findings(HELLO, "  - {id: w, wait: 32d}", BYE)) == [("w", "cold_pause")]
    assert findings(HELLO, "  - {id: w, wait: 31d}", BYE) == []


def test_four_bubbles_without_a_pause_are_told_where_they_begin(findings: Lint) -> None:
    two = '  - {id: two, say: "One thing.\\n\\nAnd one more.", purpose: help}'

    assert rules(findings(HELLO, two, ask("q"), BYE)) == [("hello", "bubbles_in_a_row")]
    assert findings(HELLO, TIP, ask("q"), BYE) == []
    assert findings(HELLO, two, "  - {id: w, wait: 1h}", ask("q"), BYE) == []


def test_a_flow_that_asks_nothing_is_a_broadcast(findings: Lint) -> None:
    assert rules(findings(TIP, BYE, trigger="manual", shape=True)) == [("tip", "one_way")]
    assert findings(TIP, ask("q"), BYE, trigger="manual", shape=True) == []


def test_a_flow_that_gives_nothing_is_told(findings: Lint) -> None:
    assert rules(findings(HELLO, ask("q"), BYE, shape=True)) == [("hello", "no_use")]
    assert findings(HELLO, TIP, ask("q"), BYE, shape=True) == []


def test_what_may_be_met_twice_needs_three_wordings(findings: Lint) -> None:
    again = ask("q").replace("ask: Hm?", "ask: Hm?, again: Well?")

    assert rules(findings(HELLO, again, BYE)) == [("q", "too_few_wordings")]
    assert rules(findings(HELLO, "  - {id: w, wait: 1d}", ask("q", then="w"), BYE)) == [("q", "too_few_wordings")]
    assert rules(findings(HELLO, more="repeat: true\n")) == [("hello", "too_few_wordings")]


def test_a_question_that_nobody_waits_for_is_found(findings: Lint) -> None:
    assert rules(findings(HELLO, "  - {id: a, say: How are you?, purpose: delight}")) == [("a", "question_in_say")]


def test_an_opening_heard_right_before_is_told(findings: Lint) -> None:
    tip = "  - {id: a, say: Good to know. Try a photo., purpose: help}"

    assert rules(findings(HELLO, tip, ask("q", '"Good to know, is it yours?"'), BYE)) == [("q", "repeated_opening")]
    assert findings(HELLO, tip, ask("q", '"Good, and is it yours?"'), BYE) == []


def test_greeting_twice_in_a_row_is_told(findings: Lint) -> None:
    hello = HELLO.replace("I'm", "Hi, I'm")

    assert rules(findings(hello, ask("q", '"Hey, how are you?"'), BYE)) == [("q", "repeated_opening")]


# ---- single lines: each rule with a line that triggers it and a near miss ---------------------------------------------


@pytest.mark.parametrize(
    ("rule", "bad", "fine"),
    [
        ("two_questions", "What? Why?", 'Ask "is it a gift?" and see. What do you think?'),
        ("two_questions", "So what do you sell? And since when?", "So what do you sell, and since when?"),
        ("long_bubble", "x" * 161, "x" * 160),
        ("too_many_bubbles", "One.\n\nTwo.\n\nThree.", "One.\n\nTwo."),
        (
            "reading_grade",
            " ".join(
                ["Organisations often underestimate how complicated individual communication with", "customers becomes today."] * 2
            ),
            "We went out and looked at how people write to a shop when they want to know what it costs.",
        ),
        ("stiff", "I am glad you wrote, it is good to hear.", "Glad you wrote. Yes, I am."),
        ("stiff", "You do not have to pay.", "Don't pay, or do, not that it matters."),
        ("stiff", "What is your shop called?", "Tell me what it is."),
        ("jargon", "We leverage what you have.", "We use the lever you have."),
        ("hype", "It's a truly amazing thing.", "It's a good thing."),
        ("hype", "This is for a limited time.", "There's no limit on time."),
        ("form_letter", "Dear valued customer, thanks.", "Oh dear, a customer wrote."),
        ("form_letter", "Please do not hesitate to contact us.", "Just write. We never hesitate."),
        ("form_letter", "Kindly send me the photo.", "Send me the photo, that's kind."),
        ("robot_talk", "I am unable to process that.", "I can't do that one, sorry."),
        ("robot_talk", "Your request has been received.", "Got your message, thanks."),
        ("robot_talk", "As an AI, I have no opinion.", "I'm a bot, so I have no opinion."),
        ("menu_talk", "Option 1: a call. Option 2: a chat.", "You've got two options, a call or a chat."),
        ("menu_talk", "Press 2 to go on.", "I'd press on, two more to go."),
        ("menu_talk", "Reply with YES to go on.", "A reply is enough, yes."),
        ("menu_talk", "Please select one of the following options.", "Which one do you like?"),
        ("to_a_crowd", "Hi everyone, good to see you.", "Everyone asks me that."),
        ("to_a_crowd", "This is for all our loyal customers.", "One of our customers told me that."),
        ("low_score", "Discover our exclusive range of premium solutions.", "I can show you what we've got."),
        ("all_caps", "That is GREAT, thanks.", "The FAQ and the URL are up, OK."),
        ("exclamations", "Wow! Great!", "Wow, great!"),
        ("emoji_budget", "Nice one 🎉🎉", "Nice one 🎉"),
        ("emoji_out_of_place", "It's 20 a month 🎉", "It's twenty minutes from here 🎉"),
        ("emoji_out_of_place", "I'm sorry about that 😅", "I'm on it 😅"),
        ("markdown", "That is **very** good.", "That is 5 * 4 and 3 * 2."),
        ("markdown", "See [our page](https://sundial.example).", "See sundial.example (our page)."),
        ("markdown", "- a photo\n- a price", "a photo - and a price"),
        ("markdown", "Use <b>one</b> photo.", "I <3 one photo, a < b."),
    ],
)
def test_a_line_that_breaks_a_rule_and_one_that_nearly_does(rule: str, bad: str, fine: str) -> None:
    assert rule in {found.rule for found in lint_text(bad)}
    assert rule not in {found.rule for found in lint_text(fine)}


@pytest.mark.parametrize(
    ("words", "mended"),
    [
        ("I am sure you do not mind, it is quick.", "I'm sure you don't mind, it's quick."),
        ("We leverage photos.", "We use photos."),
        ("That is **very** good.", "That is very good."),
        ("Nice one 🎉🎉, thanks.", "Nice one, thanks."),
        ("Wow! Great!", "Wow. Great."),
    ],
)
def test_a_rule_shows_the_line_mended(words: str, mended: str) -> None:
    assert mended in [found.rewrite for found in lint_text(words)]


@pytest.mark.parametrize(
    ("rule", "bad", "fine"),
    [
        (
            "fallback_reads_badly",
            "Hi {{ first_name | default('') }}, good to see you.",
            "Hi {{ first_name | default('there') }}, hello.",
        ),
        (
            "fallback_reads_badly",
            "So {{ first_name | default('there') }}, it's you.",
            "Hey {{ first_name | default('there') }}, it's you.",
        ),
        (
            "fallback_reads_badly",
            "Thanks, {{ first_name | default('customer') }}.",
            "Thanks, {{ first_name | default('that helps') }}.",
        ),
        ("fallback_reads_badly", "Is it a {{ product | default('shop') }}?", "Is it {{ product | default('a shop') }}?"),
        (
            "fallback_reads_badly",
            "How is your {{ product | default('your shop') }}?",
            "How is {{ product | default('your shop') }}?",
        ),
        ("fallback_reads_badly", "{{ product | default('your shop') }} it is.", "{{ product | default('Your shop') }} it is."),
        (
            "same_wording",
            ["So tell me, what do you sell?", "So tell me, what do you make?"],
            ["What do you sell?", "Tell me about it?"],
        ),
        (
            "repeated_opening",
            ["Hi, it's me with a tip.", "Hi, it's the bot again."],
            ["Hi, it's me with a tip.", "Hey, the bot again."],
        ),
    ],
)
def test_wordings_that_break_a_rule_and_ones_that_nearly_do(
    findings: Lint, rule: str, bad: str | list[str], fine: str | list[str]
) -> None:
    def step(words: str | list[str]) -> str:
        told = [f'"{text}"' for text in ([words] if isinstance(words, str) else words)]
        return f"  - {{id: a, ask: [{', '.join(told)}], slot: s, expects: {{intents: affirm}}, silence: {{after: 1h, then: bye}}}}"

    assert ("a", rule) in rules(findings(TIP, step(bad), END, BYE, trigger="manual"))
    assert ("a", rule) not in rules(findings(TIP, step(fine), END, BYE, trigger="manual"))


def test_a_bubble_is_measured_with_what_may_stand_in_it(findings: Lint) -> None:
    found = findings(HELLO, f"  - {{id: a, say: \"{'x' * 150} {{{{ product | default('it') }}}}\", purpose: help}}")

    assert errors(found) == [("a", "long_bubble")]


def test_copy_for_one_channel_is_read_too(findings: Lint) -> None:
    (found,) = findings(HELLO, "  - {id: a, say: Fine, purpose: help, per_channel: {facebook: So LOUD}}")

    assert (found.rule, found.message, found.column) == ("all_caps", "say: wording 1 for facebook shouts LOUD.", 66)


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("  - id: a\n    say:\n      - Fine.\n      - This is not LOUD at all.\n    purpose: help", (10, 21)),
        ("  - id: a\n    say: |\n      Fine.\n\n      And now LOUD.\n    purpose: help", (11, 15)),
        ("  - id: a\n    say: 'It''s LOUD'\n    purpose: help", (8, 17)),
        (
            ask("a").replace("after: 1h, then: bye", "nudge: [Well, LOUD?], after: 1h"),
            (7, 84),
        ),
    ],
)
def test_a_finding_points_at_the_word(findings: Lint, step: str, place: tuple[int, int]) -> None:
    (found,) = [one for one in findings(HELLO, step) if one.rule == "all_caps"]

    assert (found.line, found.column) == place


def test_a_word_in_two_wordings_of_one_row_is_pointed_at_in_each(findings: Lint) -> None:
    found = findings(HELLO, '  - {id: a, say: ["That was LOUD", "Not so LOUD"], purpose: help}')

    assert [one.column for one in found if one.rule == "all_caps"] == [29, 44]


def test_every_rule_has_an_id_a_reason_and_a_dated_source() -> None:
    for rule in RULES.values():
        assert rule.reason.endswith(".")
        assert rule.source


def test_the_lint_says_the_same_every_time(findings: Lint) -> None:
    flow = (HELLO, "  - {id: a, say: Buy NOW!! Wow!, purpose: help}", ask("q", '"What? Why?"'), BYE)

    assert findings(*flow) == findings(*flow)
