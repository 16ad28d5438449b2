"""The promises file: what is refused, where the complaint points, and how phrases are picked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from random import Random

import pytest

from bot.core.model import Reason
from bot.yamlfile import YamlFileError
from handoff.accounts import Cause, Phase
from handoff.card import Guide
from handoff.editing import json_schema
from handoff.explain import explain
from handoff.hours import CalendarSpec
from handoff.lint import lint
from handoff.match import Facts, Match
from handoff.policy import (
    MAX_PHRASE,
    OWN_WORDS,
    PHRASES,
    SAMPLE,
    Action,
    AfterLadder,
    Booking,
    Choice,
    OtherPolicy,
    Pause,
    Policy,
    Rating,
    Target,
    Targets,
    Titles,
    Waiting,
    spoken,
)
from handoff.rungs import Rung, Until
from tests.handoff.worlds import POLICY, START, berlin, promises

TEXT = (Path(__file__).resolve().parents[2] / "promises.yml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Policy]:
    def load(text: str) -> Policy:
        path = tmp_path / "promises.yml"
        path.write_text(text, encoding="utf-8")
        return Policy.load(path)

    return load


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("[widen, tell_prospect]", "[widen]", "ladder", "tell_prospect"),
        ("at: 75", "at: 40", "ladder", "higher"),
        ("actions: [supervisor]", "actions: [tell_prospect]", "ladder", "still time"),
        ("actions: [supervisor]", "actions: [shout]", "ladder", "shout"),
        ("accept_s: 20 ", "accept_s: -1 ", "targets.accept_s", ""),
        ("accept_s: 20 ", "accept_s: 90 ", "", "accept_s"),
        ("wait: I'll wait", "wait: I will wait for somebody", "choices.wait", "20"),
        ("  opted_in:", "  opted_inn:", "phrases", "opted_in"),
        ('"{agent} is here now and reading up."', '"{who} is here."', "phrases", "{who}"),
        ('"{agent} is here now and reading up."', '"{agent.name} is here."', "phrases", "agent.name"),
        ('"{agent} is here now and reading up."', '"{agent is here."', "phrases", "agent_joined"),
        ('"{agent} is here now and reading up."', f'"{"very " * 40}"', "phrases", "160"),
        ('    - "Okay, messages are on again."\n', "", "phrases", "opted_in"),
        ("[120, 300, 900,", "[300, 120, 900,", "after_ladder.tell_again_s", "grow"),
        ("reply_s: 20 ", "reply_ms: 20 ", "targets", "reply"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(load: Callable[[str], Policy], old: str, new: str, field: str, says: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(YamlFileError) as wrong:
        load(TEXT.replace(old, new))
    assert wrong.value.field.startswith(field)
    assert says in str(wrong.value)
    assert wrong.value.line >= 1


def test_a_ladder_of_two_rungs_is_refused(load: Callable[[str], Policy]) -> None:
    start, end = TEXT.index("ladder:\n"), TEXT.index("after_ladder:")
    ladder = "ladder:\n  - {at: 50, actions: [widen]}\n  - {at: 100, actions: [tell_prospect]}\n"
    with pytest.raises(YamlFileError, match="ladder"):
        load(TEXT[:start] + ladder + TEXT[end:])


def test_every_phrase_fits_a_bubble_and_promises_nothing_it_cannot_keep() -> None:
    assert set(POLICY.phrases) == set(PHRASES)
    for variants in POLICY.phrases.values():
        for variant in variants:
            said = variant.format(**SAMPLE)
            assert len(said) <= MAX_PHRASE
            assert said.count("!") == 0
            assert said.count("?") <= 1


@pytest.mark.parametrize("name", ["given_back", "back_to_bot"])
def test_coming_back_from_a_person_says_again_that_it_is_the_bot(name: str) -> None:
    assert all("bot" in variant.lower() for variant in POLICY.phrases[name])


@pytest.mark.parametrize("name", ["still_waiting", "nobody_came", "callback_late", "getting_someone_offline"])
def test_bad_news_is_not_dressed_up(name: str) -> None:
    for variant in POLICY.phrases[name]:
        assert any(w in variant.lower() for w in ("nobody", "no one", "away", "late", "couldn't", "don't see", "still open"))


def test_a_wording_does_not_repeat_until_all_were_said() -> None:
    avoid: list[str] = []
    for _ in range(3):
        _, wording = POLICY.phrase("still_waiting", Random(3), avoid)
        assert wording not in avoid
        avoid.append(wording)
    _, again = POLICY.phrase("still_waiting", Random(3), avoid)
    assert again == avoid[0]


def test_an_unknown_phrase_is_an_error() -> None:
    with pytest.raises(KeyError):
        POLICY.phrase("hurrah", Random(1), ())


@pytest.mark.parametrize(
    ("target_s", "words"),
    [
        (30, "30 seconds"),
        (60, "about a minute"),
        (120, "about 2 minutes"),
        (900, "about 15 minutes"),
        (3600, "about an hour"),
        (7200, "about 2 hours"),
    ],
)
def test_times_are_said_as_people_say_them(target_s: float, words: str) -> None:
    assert spoken(target_s) == words


def test_phrases_a_file_leaves_out_are_said_in_warmlines_own_words(load: Callable[[str], Policy]) -> None:
    old = TEXT
    for name in OWN_WORDS:
        start = old.index(f"  {name}:\n")
        lines = old[start:].splitlines(keepends=True)
        block = lines[: 1 + sum(1 for _ in takewhile(lambda line: line.startswith("    -"), lines[1:]))]
        old = old.replace("".join(block), "")
    assert load(old).phrases == POLICY.phrases


DOCS = (Path(__file__).resolve().parents[2] / "docs" / "promises.md").read_text(encoding="utf-8")


def test_the_page_about_promises_names_every_field_phrase_and_action() -> None:
    models = (Targets, AfterLadder, Waiting, Booking, Rating, Titles, Guide, Policy, OtherPolicy, Match, Rung, CalendarSpec, Pause)
    fields = [name for model in models for name in model.model_fields]
    words = (*Action, *Until, *Reason, *Target, *Phase, *Cause)
    names = [*fields, *PHRASES, *words, *(choice.value for choice in Choice)]
    assert [name for name in names if f"`{name}`" not in DOCS and f".{name}`" not in DOCS] == []


EXAMPLES = re.findall(r"### Example: ([^\n]+)\n.*?```yaml\n(.*?)```", DOCS, re.DOTALL)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_the_pages_examples_load_and_make_sense(name: str, text: str, tmp_path: Path) -> None:
    assert len(EXAMPLES) == 3
    path = tmp_path / "promises.yml"
    path.write_text(TEXT.replace("calendar: always\n", "") + "\n" + text, encoding="utf-8")
    assert lint(path, now=START) == [], name


def test_the_first_example_says_when() -> None:
    office = promises(EXAMPLES[0][1])
    at = berlin("2026-12-24T17:59:30")
    told = explain(office, Facts(channel="widget", reason=Reason.ASKED), at, "Europe/Berlin")
    assert told.hears.startswith("closing_soon")
    assert told.clocks[2].due_at == berlin("2026-12-28T09:00:30")


def test_the_schema_beside_the_file_is_up_to_date() -> None:
    path = Path(__file__).resolve().parents[2] / "promises.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == json_schema(), "warmline sla schema > promises.schema.json"
