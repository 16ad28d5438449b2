from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.yamlfile import YamlFileError
from nurture.flow import AskStep, OfferStep, WaitStep
from nurture.load import load_flow, load_flows

KINDS = "say, ask, offer, wait, branch, experiment, score, tag, handoff, webhook, goto, goal, stop"
HEAD = "name: A\nversion: 1\ngoal: g\ntrigger: manual\n"
ASK = "  - {id: q, ask: Hm?, slot: s, expects: {any_text: true}, silence: {after: 1h}}\n"
BYE = "  - {id: bye, stop: over}\n"

type Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: str) -> Path:
        file = tmp_path / "a.yml"
        file.write_text(content)
        return file

    return to_file


# « marks the place that the complaint must name; it is not in the file.
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("«name: A\n", "version: is missing"),
        (HEAD + "steps: «[]\n", "steps: list should have at least 1 item after validation, not 0"),
        (HEAD.replace("1", "«0") + "steps:\n" + BYE, "version: input should be greater than or equal to 1"),
        (HEAD + "«stepps:\n" + BYE, 'stepps: unknown field; did you mean "steps"?'),
        (HEAD.replace("goal", "«gaol") + "steps:\n" + BYE, 'gaol: unknown field; did you mean "goal"?'),
        (
            HEAD + "steps:\n  - {id: a, «sya: Hi, purpose: help}\n" + BYE,
            'steps[0].sya: unknown field; did you mean "say"?',
        ),
        (
            HEAD + "steps:\n" + ASK.replace("silence", "«silense"),
            'steps[0].silense: unknown field; did you mean "silence"?',
        ),
        (
            HEAD.replace("manual", "«sometimes") + "steps:\n" + BYE,
            'trigger: "sometimes" is not one of first_message, manual',
        ),
        (
            HEAD.replace("manual", "«{intent: a, tag: b}") + "steps:\n" + BYE,
            (
                "trigger: a trigger is one of first_message, manual, tag, intent, outcome, after_flow, ref, ad, utm, event, "
                "segment, schedule or comment"
            ),
        ),
        (
            HEAD + "quiet_hours: «nights\nsteps:\n" + BYE,
            'quiet_hours: "nights" are not quiet hours; write for example "21:00-08:30", or none',
        ),
        (
            HEAD + "quiet_hours: «9:00-9:00\nsteps:\n" + BYE,
            "quiet_hours: quiet hours that start when they end leave no time to write",
        ),
        (HEAD + "zone: «Mars\nsteps:\n" + BYE, 'zone: "Mars" is not a time zone; write for example Europe/Lisbon'),
        (
            HEAD + "days: [mon, «tues]\nsteps:\n" + BYE,
            'days[1]: "tues" is not one of mon, tue, wed, thu, fri, sat, sun; did you mean "tue"?',
        ),
        (
            HEAD + "steps:\n  - {id: a, wait: «2 dayz}\n" + BYE,
            'steps[0].wait: "2 dayz" is not a duration; write for example 2h, 30m or 1d',
        ),
        (HEAD + "steps:\n  - {id: a, wait: «0h}\n" + BYE, "steps[0].wait: must be longer than nothing"),
        (
            HEAD + "steps:\n  - {id: a, wait: {reply: true, «for: 1d, on_silence: bye}}\n" + BYE,
            "steps[0].wait.for: unknown field; known here: at_most, next_day, on_silence, reply, until",
        ),
        (
            HEAD + "steps:\n  - {id: a, wait: «{reply: true}}\n" + BYE,
            "steps[0].wait: waiting for a reply needs a time-out: at_most: 1d",
        ),
        (
            HEAD + 'steps:\n  - {id: a, wait: {until: «"25:00"}}\n' + BYE,
            'steps[0].wait.until: "25:00" is not a time of day; write for example "09:30"',
        ),
        (
            HEAD + "steps:\n  - «{id: a, ask: Hm?, slot: s, expects: {any_text: true}}\n",
            "steps[0].silence: is missing",
        ),
        (
            HEAD + "steps:\n" + ASK.replace("slot: s", 'slot: «"my slot!"'),
            'steps[0].slot: "my slot!" is not a name; use small letters, digits and _, starting with a letter',
        ),
        (
            HEAD + "steps:\n" + ASK.replace("{any_text: true}", "«{}"),
            "steps[0].expects: name what counts as an answer: intents, entity or any_text: true",
        ),
        (
            HEAD + "steps:\n  - {id: a, say: Hi, purpose: «shout}\n",
            'steps[0].purpose: "shout" is not one of delight, inform, help',
        ),
        (
            HEAD + "steps:\n  - {id: a, say: «[], purpose: help}\n",
            "steps[0].say: needs at least one wording, and none of them empty",
        ),
        (
            HEAD + "steps:\n  - «{id: a, shout: Hi}\n",
            f"steps[0]: a step is exactly one of {KINDS}",
        ),
        (
            HEAD + "steps:\n  - «{id: a, say: Hi, stop: x}\n",
            f"steps[0]: a step is exactly one of {KINDS}",
        ),
        (
            HEAD + "steps:\n  - {id: a, say: Hi, purpose: help, «thn: b}\n",
            'steps[0].thn: unknown field; did you mean "then"?',
        ),
        (HEAD + "steps:\n" + BYE + BYE.replace("bye", "«bye"), 'steps[1].id: "bye" is already the step at line 6'),
        (HEAD + "steps:\n  - {id: a, goto: «b}\n", 'steps[0].goto: there is no step "b"'),
        (HEAD + "steps:\n  - {id: a, goto: «byy}\n" + BYE, 'steps[0].goto: there is no step "byy"; did you mean "bye"?'),
        (
            HEAD + "steps:\n  - {id: a, experiment: [{arm: x, then: bye}, {arm: y, then: «bey}]}\n" + BYE,
            'steps[0].experiment[1].then: there is no step "bey"; did you mean "bye"?',
        ),
        (
            HEAD + "steps:\n  - {id: a, experiment: «[{arm: x, then: bye}, {arm: x, then: bye}]}\n" + BYE,
            "steps[0].experiment: two arms of an experiment have the same name",
        ),
        (
            HEAD + "exit_when: «{}\nsteps:\n" + BYE,
            "exit_when: name a condition: slot, intent, entity, replied, silence, tag, started_by, event or warmth_at_least",
        ),
        (HEAD + "steps:\n  - {id: a, say: Hi, purpose: help, then: «b}\n", 'steps[0].then: there is no step "b"'),
        (
            HEAD + "steps:\n" + ASK.replace("after: 1h", "after: 1h, then: «b"),
            'steps[0].silence.then: there is no step "b"',
        ),
        (
            HEAD + "steps:\n  - {id: a, wait: {reply: true, at_most: 1d, on_silence: «b}}\n" + BYE,
            'steps[0].wait.on_silence: there is no step "b"',
        ),
        (
            HEAD + "steps:\n  - {id: a, branch: [{when: {tag: x}, then: «b}, {otherwise: bye}]}\n" + BYE,
            'steps[0].branch[0].then: there is no step "b"',
        ),
        (
            HEAD + "steps:\n  - {id: a, branch: «[{when: {tag: x}, then: bye}, {when: {tag: y}, then: bye}]}\n" + BYE,
            "steps[0].branch: a branch ends with one `otherwise`",
        ),
        (
            HEAD + "steps:\n  - {id: a, branch: [{when: «{mentions: x}, then: bye}, {otherwise: bye}]}\n" + BYE,
            "steps[0].branch[0].when: is and mentions need the slot they look at",
        ),
        (HEAD + "steps:\n  - {id: a, stop: x}\n" + BYE.replace("{", "«{"), 'steps[1]: nothing leads to the step "bye"'),
        (
            HEAD + "steps:\n  - «{id: a, tag: x}\n  - {id: b, goto: a}\n",
            'steps[0]: from "a" the flow goes round without ever waiting',
        ),
        (
            HEAD + 'steps:\n  - {id: a, say: «"Hi {{ first_name }}", purpose: help}\n',
            'steps[0].say: first_name may be unknown; give a fallback: {{ first_name | default("...") }}',
        ),
        (
            HEAD + 'steps:\n  - {id: a, say: [Hi, «"Hi {{ x"], purpose: help}\n',
            "steps[0].say[1]: cannot be read as copy: unexpected end of template, expected 'end of print statement'.",
        ),
        (
            HEAD + "steps:\n" + ASK.replace("after: 1h", 'after: 1h, nudge: «"Hi {{ x }}"'),
            'steps[0].silence.nudge: x may be unknown; give a fallback: {{ x | default("...") }}',
        ),
        (
            HEAD + 'steps:\n  - {id: a, say: Hi, purpose: help, per_channel: {facebook: [«"{{ x }}"]}}\n',
            'steps[0].per_channel.facebook[0]: x may be unknown; give a fallback: {{ x | default("...") }}',
        ),
        (
            HEAD + "steps:\n  - {id: a, say: Hi, purpose: help, quick_replies: [{title: «A title that is far too long}]}\n",
            "steps[0].quick_replies[0].title: string should have at most 20 characters",
        ),
        (
            HEAD
            + "steps:\n  - {id: a, offer: Hm?, accepted: bye, declined: bye, silence: {after: 1d}, quick_replies: [«Sure]}\n"
            + BYE,
            'steps[0].quick_replies[0]: a quick reply of an offer has the value "yes" or "no"',
        ),
    ],
)
def test_a_complaint_names_line_column_and_field(write: Write, content: str, complaint: str) -> None:
    before = content.split("«")[0]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    file = write(content.replace("«", ""))

    with pytest.raises(YamlFileError) as raised:
        load_flow(file)

    assert str(raised.value) == f"{file}:{line}:{column}: {complaint}"


def test_all_problems_of_a_file_are_told_at_once(write: Write) -> None:
    file = write(HEAD + "steps:\n  - {id: a, goto: b}\n  - {id: a, goto: c}\n")

    with pytest.raises(YamlFileError) as raised:
        load_flow(file)

    assert [problem.field for problem in (raised.value, *raised.value.others)] == [
        "steps[0].goto",
        "steps[1].id",
        "steps[1].goto",
    ]


def test_a_misspelt_field_is_told_once_and_beside_what_else_is_wrong(write: Write) -> None:
    file = write(
        HEAD.replace("goal", "gaol") + "steps:\n  - {id: a, sya: Hi, purpose: help}\n  - {id: b, wiat: 1h, wait: 2 dayz}\n"
    )

    with pytest.raises(YamlFileError) as raised:
        load_flow(file)

    assert [problem.field for problem in (raised.value, *raised.value.others)] == [
        "gaol",
        "steps[0].sya",
        "steps[1].wiat",
        "steps[1].wait",
    ]


def test_a_flow_that_follows_an_unknown_flow_is_refused(write: Write) -> None:
    file = write(HEAD.replace("manual", "[manual, {after_flow: nowhere}]") + "steps:\n" + BYE)

    with pytest.raises(YamlFileError, match=r'a\.yml:4:32: trigger\[1\]\.after_flow: there is no flow "nowhere"'):
        load_flows(file.parent)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match="the folder of flows does not exist"):
        load_flows(tmp_path / "nowhere")


def test_a_round_that_waits_is_fine(write: Write) -> None:
    flow = load_flow(write(HEAD + "steps:\n  - {id: a, tag: x}\n  - {id: w, wait: 1d}\n  - {id: b, goto: a}\n"))

    assert flow.steps["b"].then == "a"


def test_an_offer_that_may_be_passed_over_does_not_stop_a_round(write: Write) -> None:
    offer = "  - {id: o, offer: Hm?, accepted: bye, declined: bye, silence: {after: 1d}, then: a}\n"

    with pytest.raises(YamlFileError, match='from "a" the flow goes round without ever waiting'):
        load_flow(write(HEAD + "steps:\n  - {id: a, say: Hi, purpose: help}\n" + offer + BYE))


def test_a_flow_comes_back_as_written(write: Write) -> None:
    flow = load_flow(
        write(
            "name: A\nversion: 3\ngoal: g\ntrigger: [first_message, {outcome: [won, lost]}]\n"
            "audience: {channels: facebook, not_tags: [vip]}\nquiet_hours: none\ndays: [mon, sun]\nrepeat: true\n"
            "caps: [{messages: 2, within: 1d 12h}]\nunanswered: 1\nzone: Europe/Lisbon\nsteps:\n"
            "  - id: w\n    wait: {until: '9:30', next_day: true}\n"
            "  - id: q\n    ask: |\n      One.\n\n      Two?\n    slot: s\n    quick_replies: [Yes, {title: No, value: nope}]\n"
            "    expects: {intents: affirm, entity: product}\n"
            "    silence: {after: 2h, nudge: Still there, nudges: 2, then: bye}\n"
            "  - {id: o, offer: Hm?, accepted: bye, declined: w, silence: {after: 1d}, then: bye}\n"
            "  - {id: bye, goal: done}\n"
        )
    )

    wait, ask, offer = flow.steps["w"], flow.steps["q"], flow.steps["o"]
    assert (flow.flow_id, flow.version, flow.zone, flow.repeat, flow.unanswered) == ("a", 3, "Europe/Lisbon", True, 1)
    assert flow.started_by("outcome", "lost")
    assert not flow.started_by("outcome", "later")
    assert (flow.rules.quiet_from, flow.rules.days) == (None, {0, 6})
    assert [(cap.messages, cap.within) for cap in flow.caps] == [(2, timedelta(hours=36))]
    assert isinstance(wait, WaitStep)
    assert (wait.until, wait.next_day, wait.then) == (time(9, 30), True, "q")
    assert isinstance(ask, AskStep)
    assert ask.copy.wordings == (("One.", "Two?"),)
    assert [(c.title, c.value) for c in ask.copy.choices] == [("Yes", "Yes"), ("No", "nope")]
    assert (ask.silence.nudges, ask.silence.then, ask.then, ask.line) == (2, "bye", "o", 15)
    assert isinstance(offer, OfferStep)
    assert (offer.accepted, offer.declined, offer.silence.then) == ("bye", "w", None)


def test_the_reference_flows_load() -> None:
    flows = load_flows(Path(__file__).parents[2] / "flows")

    assert sorted(flows) == ["booking", "complaint_recovery", "follow_up", "lead_magnet", "welcome", "win_back"]
    assert flows["welcome"].started_by("first_message")
