"""Steps that ask other programs, as the lint sees them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli import app
from nurture.flow import AskStep, Copy, Expects, Flow, SayStep, Silence, WaitStep, WebhookStep
from nurture.lint import Finding, Severity, lint
from nurture.lint.calls import of_calls
from nurture.load import read_flow

HEAD = "name: A\nversion: 1\ngoal: g\ntrigger: manual\nsteps:\n"
TIP = "  - {id: tip, say: Try it with a photo first., purpose: help}"
BYE = "  - {id: bye, stop: over}"
ABOUT_CALLS = frozenset({"no_failure_way", "slow_call", "no_call_fallback", "call_in_clear", "secret_in_address"})


def call(name: str = "crm", url: str = "https://crm.example/lead", *, failure: str = "tip", more: str = "") -> str:
    return f'  - {{id: {name}, webhook: "{url}", on_failure: {failure}{more}}}'


def ask(name: str, *, slot: str = "s", then: str = "bye") -> str:
    return f"  - {{id: {name}, ask: Hm?, slot: {slot}, expects: {{intents: affirm}}, silence: {{after: 1h, then: {then}}}}}"


def found(tmp_path: Path, *steps: str, reply_s: float = 20) -> list[Finding]:
    file = tmp_path / "a.yml"
    file.write_text(HEAD + "\n".join(steps) + "\n")
    document, flow = read_flow(file)
    return [one for one in lint(flow, document, reply=timedelta(seconds=reply_s)) if one.rule in ABOUT_CALLS]


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.step, finding.rule) for finding in findings]


def test_a_call_with_a_way_out_is_fine(tmp_path: Path) -> None:
    assert found(tmp_path, ask("q", then="tip"), call(), TIP) == []


def test_a_call_that_fails_into_itself_is_refused_with_its_place(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, call(failure="again"), TIP, BYE, "  - {id: again, goto: crm}")

    assert (finding.step, finding.rule, finding.severity) == ("crm", "no_failure_way", Severity.ERROR)
    assert (finding.line, finding.column) == (6, 64)
    assert "a wait of an hour" in finding.suggestion


def test_a_call_that_is_tried_again_after_a_wait_is_fine(tmp_path: Path) -> None:
    assert found(tmp_path, TIP, call(failure="later"), BYE, "  - {id: later, wait: 1h}", "  - {id: again, goto: crm}") == []


def test_a_failure_that_leaves_an_answer_without_a_word_is_refused(tmp_path: Path) -> None:
    assert rules(found(tmp_path, ask("q"), call(failure="bye"), TIP, BYE)) == [("crm", "no_failure_way")]
    thanked = "  - {id: thanks, say: Thanks for that., purpose: inform}"
    assert found(tmp_path, ask("q"), thanked, call(failure="bye"), TIP, BYE) == []


def test_a_call_may_not_take_longer_than_the_promised_answer(tmp_path: Path) -> None:
    slow = call(more=", timeout: 25s")
    (finding,) = found(tmp_path, slow, TIP)

    assert (finding.rule, finding.line, finding.column) == ("slow_call", 6, slow.index("25s") + 1)
    assert "25 s, longer than the 20 s" in finding.message
    assert found(tmp_path, slow, TIP, reply_s=30) == []


def test_the_promise_is_the_one_of_the_promises_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = (Path(__file__).parents[2] / "promises.yml").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "promises.yml").write_text(shipped.replace("reply_s: 20 ", "reply_s: 4 "), encoding="utf-8")
    (tmp_path / "a.yml").write_text(HEAD + f"{call()}\n{TIP}\n")
    told = CliRunner().invoke(app, ["flows", "lint", "a.yml"])

    assert "slow_call: may take 5 s, longer than the 4 s" in told.stdout
    assert told.exit_code == 1


def test_what_a_failed_call_should_have_filled_is_not_sent_on(tmp_path: Path) -> None:
    into, send = ", into: {score: score}", ", send: [score]"
    steps = (call(failure="mail", more=into), call("mail", "https://mail.example/add", more=send), TIP)

    assert rules(found(tmp_path, *steps)) == [("mail", "no_call_fallback")]
    asked = (call(failure="q", more=into), ask("q", slot="score", then="tip"), steps[1], TIP)
    assert [one for one in rules(found(tmp_path, *asked, BYE)) if one[1] == "no_call_fallback"] == []


@pytest.mark.parametrize("url", ["http://crm.example/lead", "http://10.0.0.7/lead", "http://127.0.0.1.example/lead"])
def test_plain_http_is_refused(tmp_path: Path, url: str) -> None:
    (finding,) = found(tmp_path, call(url=url), TIP)

    assert (finding.rule, finding.column) == ("call_in_clear", 25)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/lead", "http://localhost/lead", "http://[::1]/lead", "https://a.example/"])
def test_a_program_on_the_same_machine_may_be_asked_in_clear(tmp_path: Path, url: str) -> None:
    assert found(tmp_path, call(url=url), TIP) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/lead?api_key=abc",
        "https://crm.example/lead?accessToken=abc",
        "https://crm.example/lead?x=1&sig=77",
        "https://hooks.example/services/T0AB1/B1CD2/a1B2c3D4e5F6g7H8i9J0k1L2",
        "https://hooks.example/sk_live_51Habcdefghijkl",
        "https://hooks.example/5f4dcc3b5aa765d61d8327deb882cf99",
    ],
)
def test_a_secret_in_the_address_is_refused_and_not_told(tmp_path: Path, url: str) -> None:
    (finding,) = found(tmp_path, call(url=url), TIP)

    assert finding.rule == "secret_in_address"
    assert url[-10:] not in finding.message + finding.suggestion


@pytest.mark.parametrize(
    "path", ["/v2/leads?source=chat&page=2", "/lead-scores/by-product", "/AutomationForNewLeads", "/keynote?key_="]
)
def test_words_are_no_secrets(tmp_path: Path, path: str) -> None:
    assert found(tmp_path, call(url=f"https://crm.example{path}"), TIP) == []


@given(
    targets=st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=8, max_size=8),
    kinds=st.lists(st.sampled_from(["call", "say", "wait", "ask"]), min_size=4, max_size=4),
)
def test_any_tangle_of_calls_is_read_to_its_end(targets: list[str], kinds: list[str]) -> None:
    copy = Copy(wordings=(("Hm.",),))
    steps: dict[str, SayStep | AskStep | WaitStep | WebhookStep] = {}
    for number, (name, kind) in enumerate(zip("abcd", kinds, strict=True)):
        then, other = targets[number], targets[number + 4]
        match kind:
            case "call":
                steps[name] = WebhookStep(
                    id=name, then=then, url="https://a.example", on_failure=other, into={"x": "s"}, send=("s",)
                )
            case "say":
                steps[name] = SayStep(id=name, then=then, copy=copy, purpose="help")
            case "wait":
                steps[name] = WaitStep(id=name, then=then, duration=timedelta(hours=1))
            case _:
                silence = Silence(after=timedelta(hours=1), then=other)
                steps[name] = AskStep(id=name, then=then, copy=copy, slot="s", expects=Expects(any_text=True), silence=silence)
    flow = Flow(flow_id="a", name="A", version=1, goal="g", triggers=(), steps=steps)

    assert {told.rule for _, _, told in of_calls(flow)} <= ABOUT_CALLS
