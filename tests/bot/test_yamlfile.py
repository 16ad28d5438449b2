from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Discriminator, Tag

from bot.yamlfile import Duration, YamlFileError, load_document, load_validated, parse_duration


class Say(BaseModel):
    say: str
    id: str | None = None


class Wait(BaseModel):
    wait: Duration
    id: str | None = None


def kind(step: object) -> str | None:
    return next((name for name in ("say", "wait") if isinstance(step, dict) and name in step), None)


Step = Annotated[Annotated[Say, Tag("say")] | Annotated[Wait, Tag("wait")], Discriminator(kind)]


class Talk(BaseModel):
    name: str
    mood: Literal["calm", "cheerful"] = "calm"
    tries: int = 1
    steps: list[Step] = []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "talk.yml"


def problem(file: Path, content: str | bytes) -> YamlFileError:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(YamlFileError) as raised:
        load_validated(file, Talk)
    return raised.value


def test_a_good_file_comes_back_as_the_model(file: Path) -> None:
    file.write_text("name: Hello\nmood: cheerful\nsteps:\n  - say: Hi\n  - wait: 1d 2h\n")

    talk = load_validated(file, Talk)

    assert (talk.name, talk.mood, talk.tries) == ("Hello", "cheerful", 1)
    assert talk.steps == [Say(say="Hi"), Wait(wait=timedelta(days=1, hours=2))]


@pytest.mark.parametrize(
    ("content", "line", "column", "field", "message"),
    [
        ("name: Hi\nmod: calm\n", 2, 1, "mod", 'unknown field; did you mean "mood"?'),
        ("name: Hi\nzzz: 1\n", 2, 1, "zzz", "unknown field; known here: mood, name, steps, tries"),
        ("mood: calm\n", 1, 1, "name", "is missing"),
        ("", 1, 1, "name", "is missing"),
        ("name: 5\n", 1, 7, "name", "5 is not text; put it in quotes"),
        ("name: [a]\n", 1, 7, "name", "a list is not text"),
        ("name: Hi\ntries: many\n", 2, 8, "tries", '"many" is not a whole number'),
        (
            "name: Hi\nmood: cheerfull\n",
            2,
            7,
            "mood",
            '"cheerfull" is not one of calm, cheerful; did you mean "cheerful"?',
        ),
        (
            "name: Hi\nsteps:\n  - say: a\n  - wait: 2 dayz\n",
            4,
            11,
            "steps[1].wait",
            '"2 dayz" is not a duration; write for example 2h, 30m or 1d',
        ),
        ("name: Hi\nsteps:\n  - say: a\n    idd: b\n", 4, 5, "steps[0].idd", 'unknown field; did you mean "id"?'),
        ("name: Hi\nsteps: 5\n", 2, 8, "steps", "5 is not a list"),
        ("name: Hi\nname: Ho\n", 2, 1, "name", "is given twice"),
        ("- a\n", 1, 1, "", "the top level must be fields with values, such as `name: Welcome`"),
        ("name: !secret x\n", 1, 7, "name", "the tag !secret is not understood here"),
        ("[" * 3000, 1, 1, "", "nested too deeply"),
        (b"name: Hi\nmood: caf\xe9\n", 2, 10, "", "not UTF-8; save the file as UTF-8"),
        (
            "name: Hi\n\tmood: calm\n",
            2,
            1,
            "",
            "not valid YAML: while scanning for the next token, found character '\\t' that cannot start any token",
        ),
        ("name: a\x01b\n", 1, 8, "", "a character YAML does not allow: special characters are not allowed"),
    ],
)
def test_a_complaint_names_file_line_column_and_field(
    file: Path, content: str | bytes, line: int, column: int, field: str, message: str
) -> None:
    found = problem(file, content)

    assert (found.file, found.line, found.column, found.field, found.message) == (file, line, column, field, message)
    assert str(found) == f"{file}:{line}:{column}: {field + ': ' if field else ''}{message}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match=r"none\.yml:1:1: the file does not exist"):
        load_validated(tmp_path / "none.yml", Talk)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match="cannot be read: Is a directory"):
        load_validated(tmp_path, Talk)


def test_every_problem_is_kept_in_the_order_of_lines(file: Path) -> None:
    found = problem(file, "nam: x\ntries: many\nsteps:\n  - wait: 3\n")

    assert [(p.line, p.field) for p in (found, *found.others)] == [
        (1, "nam"),
        (2, "tries"),
        (4, "steps[0].wait"),
    ]


def test_aliases_that_unfold_without_end_are_refused(file: Path) -> None:
    doublings = "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30))

    assert problem(file, f"a0: &a0 x\n{doublings}\n").message == "more than 100000 values"


def test_a_missing_field_is_not_looked_for_inside_a_value_named_like_its_union_member(file: Path) -> None:
    class Listen(BaseModel):
        say: str
        slot: str

    class Script(BaseModel):
        steps: list[Annotated[Annotated[Listen, Tag("say")] | Annotated[Wait, Tag("wait")], Discriminator(kind)]]

    file.write_text("steps:\n  - say: Hi\n")
    with pytest.raises(YamlFileError) as raised:
        load_validated(file, Script)

    assert str(raised.value) == f"{file}:2:5: steps[0].slot: is missing"


def test_a_merged_mapping_is_complained_about_where_it_is_used(file: Path) -> None:
    found = problem(file, "name: x\nsteps:\n  - &first\n    say: 5\n  - <<: *first\n    id: b\n")

    assert [(p.line, p.field) for p in (found, *found.others)] == [(4, "steps[0].say"), (5, "steps[1].say")]


def test_a_document_places_later_complaints(file: Path) -> None:
    file.write_text("name: x\nsteps:\n  - say: a\n    id: b\n")
    document = load_document(file)

    assert str(document.error(("steps", 0, "id"), "is odd")) == f"{file}:4:9: steps[0].id: is odd"
    assert document.line(("steps", 0)) == 3


@pytest.mark.parametrize("text", ["", "5", "h", "2 dayz", "-1h", "1h 1h", "1.5h", "1h,2m", "٣h", "1000001h", 5, None])
def test_what_is_not_a_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration; write for example 2h, 30m or 1d"):
        parse_duration(text)


@given(days=st.integers(0, 400), hours=st.integers(0, 99), minutes=st.integers(0, 99), seconds=st.integers(0, 99))
def test_a_duration_is_the_sum_of_its_parts(days: int, hours: int, minutes: int, seconds: int) -> None:
    whole = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

    assert parse_duration(f"{days}d {hours}h {minutes}m{seconds}s") == whole
    assert parse_duration(whole) is whole


@given(st.text(max_size=60))
def test_any_text_is_either_read_or_complained_about(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    found = None
    try:
        load_validated(file, Talk)
    except YamlFileError as error:
        found = error
    assert found is None or (found.line >= 1 and found.column >= 1)
