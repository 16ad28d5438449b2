from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nurture.lint import Finding, lint
from nurture.load import load_flow, load_flows

HELLO = '  - {id: hello, say: "I\'m {{ bot_name }}, a bot.", purpose: delight}'
BYE = "  - {id: bye, stop: over}"

type Lint = Callable[..., list[Finding]]


@pytest.fixture
def findings(tmp_path: Path) -> Lint:
    def of(*steps: str, trigger: str = "first_message", more: str = "") -> list[Finding]:
        file = tmp_path / "a.yml"
        file.write_text(f"name: A\nversion: 1\ngoal: g\ntrigger: {trigger}\n{more}steps:\n" + "\n".join(steps) + "\n")
        return list(lint(load_flow(file)))

    return of


def ask(name: str, words: str = "Hm?", *, then: str = "bye") -> str:
    return f"  - {{id: {name}, ask: {words}, slot: s, expects: {{intents: affirm}}, silence: {{after: 1h, then: {then}}}}}"


def rules(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.step, finding.rule) for finding in found]


def test_the_reference_flows_are_clean() -> None:
    for flow in load_flows(Path(__file__).parents[2] / "flows").values():
        assert lint(flow) == ()


def test_a_finding_names_file_line_and_what_to_do(findings: Lint, tmp_path: Path) -> None:
    (found,) = findings(HELLO, "  - {id: a, say: Buy NOW, purpose: help}")

    assert found == Finding(
        file=str(tmp_path / "a.yml"),
        line=7,
        step="a",
        rule="all_caps",
        message="say: wording 1 shouts NOW.",
        suggestion="Write it in small letters.",
    )


@pytest.mark.parametrize("asks", [0, 1, 2])
def test_a_person_in_the_first_three_exchanges_is_refused(findings: Lint, asks: int) -> None:
    questions = [ask(f"q{number}") for number in range(asks)]
    found = findings(HELLO, *questions, "  - {id: p, handoff: Help}", "  - {id: stop, goto: bye}", BYE)

    assert rules(found) == [("p", "human_too_soon")]
    assert f"after {asks} answers" in found[0].message


def test_a_person_after_three_exchanges_is_fine(findings: Lint) -> None:
    questions = [ask(f"q{number}") for number in range(3)]

    assert findings(HELLO, *questions, "  - {id: p, handoff: Help}", "  - {id: stop, goto: bye}", BYE) == []


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


def test_disclosure_is_looked_for_behind_a_branch(findings: Lint) -> None:
    found = findings(
        "  - {id: b, branch: [{when: {tag: vip}, then: vip}, {otherwise: hello}]}",
        HELLO,
        "  - {id: end, goto: bye}",
        "  - {id: vip, say: Welcome back, purpose: delight}",
        BYE,
    )

    assert rules(found) == [("vip", "no_disclosure")]


def test_an_offer_before_anything_useful_is_refused(findings: Lint) -> None:
    offer = "  - {id: o, offer: Want it?, accepted: bye, declined: bye, silence: {after: 1h, then: bye}, then: bye}"

    assert rules(findings(HELLO, offer, BYE)) == [("o", "offer_too_soon")]
    tip = "  - {id: tip, say: Try this., purpose: help}"
    unanswered = findings(HELLO, tip, offer, BYE)
    assert "not answered since the useful part" in unanswered[0].message
    assert findings(HELLO, tip, ask("q"), offer, BYE) == []


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ('"What? Why?"', "two_questions"),
        ('"So what do you sell? And since when?"', "two_questions"),
        (f'"{"x" * 161}?"', "long_bubble"),
        ('"One.\\n\\nTwo.\\n\\nThree?"', "too_many_bubbles"),
        ('"GREAT, what now?"', "all_caps"),
        ('"Wow! Great! What now?"', "exclamations"),
        ('["What do you sell?", "What do you sell??"]', "same_wording"),
        ('["So tell me, what do you sell?", "So tell me, what do you make?"]', "same_wording"),
    ],
)
def test_words_that_annoy(findings: Lint, words: str, rule: str) -> None:
    found = findings(HELLO, ask("q", words, then="bye"), "  - {id: end, goto: bye}", BYE)

    assert rules(found) == [("q", rule)]


@pytest.mark.parametrize(
    "words",
    [
        '"What do you sell?"',
        '"Ask \\"is it a gift?\\" and see. What do you think?"',
        '"The FAQ and the URL are up! OK?"',
        f'"{"x" * 159}?"',
        '["What do you sell?", "Tell me about your shop?"]',
    ],
)
def test_words_that_are_fine(findings: Lint, words: str) -> None:
    assert findings(HELLO, ask("q", words, then="bye"), "  - {id: end, goto: bye}", BYE) == []


def test_a_bubble_is_measured_with_what_may_stand_in_it(findings: Lint) -> None:
    found = findings(HELLO, f"  - {{id: a, say: \"{'x' * 150} {{{{ product | default('it') }}}}\", purpose: help}}")

    assert rules(found) == [("a", "long_bubble")]


def test_a_question_that_nobody_waits_for_is_found(findings: Lint) -> None:
    assert rules(findings(HELLO, "  - {id: a, say: How are you?, purpose: delight}")) == [("a", "question_in_say")]


def test_what_may_be_met_twice_needs_three_wordings(findings: Lint) -> None:
    again = ask("q").replace("ask: Hm?", "ask: Hm?, again: Well?")

    assert rules(findings(HELLO, again, BYE)) == [("q", "too_few_wordings")]
    assert rules(findings(HELLO, "  - {id: w, wait: 1d}", ask("q", then="w"), BYE)) == [("q", "too_few_wordings")]
    assert rules(findings(HELLO, more="repeat: true\n")) == [("hello", "too_few_wordings")]


def test_an_answer_in_any_words_is_answered(findings: Lint) -> None:
    any_words = ask("q").replace("intents: affirm", "any_text: true")

    assert rules(findings(HELLO, any_words, BYE)) == [("q", "answer_unheard")]
    assert findings(HELLO, any_words, "  - {id: thanks, say: Thanks., purpose: inform}", BYE) == []


def test_copy_for_one_channel_is_read_too(findings: Lint) -> None:
    found = findings(HELLO, "  - {id: a, say: Fine, purpose: help, per_channel: {facebook: LOUD}}")

    assert [(finding.rule, finding.message) for finding in found] == [("all_caps", "say: wording 1 for facebook shouts LOUD.")]
