from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nurture.lint import score
from nurture.lint.english import MAX_READ_CHARS, clean, emoji, grade, read, syllables
from nurture.lint.features import features
from nurture.lint.lexicon import hits
from nurture.lint.score import SAYS, weights
from nurture.lint.stream import scored

HERE = Path(__file__).parent
TRAINING = HERE.parents[1] / "scripts" / "copy_score"

HELD_OUT_AUC = 0.97
SHORT_AUC = 0.95
MAX_RISE = 10.0
"""Points that an advert's sentence may add to a line by appending it."""


def written(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("# ")]


@cache
def held_out(kind: str) -> tuple[str, ...]:
    return tuple(written(HERE / "held_out" / f"{kind}.txt"))


@cache
def training() -> tuple[str, ...]:
    return tuple(line for file in sorted(TRAINING.glob("*/*.txt")) for line in written(file))


def auc(talk: Sequence[str], blast: Sequence[str]) -> float:
    """The share of pairs in which the line of talk scores higher; ties count half."""
    others = [score(text).value for text in blast]
    wins = [(mine > other) + (mine == other) / 2 for mine in (score(text).value for text in talk) for other in others]
    return sum(wins) / len(wins)


# ---- telling talk from broadcast ------------------------------------------------------------------------------------


def test_lines_never_seen_are_told_apart() -> None:
    assert auc(held_out("talk"), held_out("blast")) >= HELD_OUT_AUC


def test_short_lines_never_seen_are_told_apart() -> None:
    talk, blast = ([text for text in held_out(kind) if len(text.split()) <= 7] for kind in ("talk", "blast"))

    assert min(len(talk), len(blast)) >= 25
    assert auc(talk, blast) >= SHORT_AUC


@pytest.mark.parametrize(("low", "high"), [(1, 5), (6, 9), (10, 14)])
def test_lines_of_equal_length_are_told_apart(low: int, high: int) -> None:
    talk, blast = ([text for text in held_out(kind) if low <= len(text.split()) <= high] for kind in ("talk", "blast"))

    assert min(len(talk), len(blast)) >= 10
    assert auc(talk, blast) >= 0.93


def test_small_letters_do_not_make_an_advert_human() -> None:
    assert auc([text.lower() for text in held_out("talk")], [text.lower() for text in held_out("blast")]) >= HELD_OUT_AUC - 0.01


def test_no_held_out_line_is_a_training_line() -> None:
    def plain(text: str) -> str:
        return re.sub(r"\W+", " ", text.lower()).strip()

    known = {plain(text) for text in training()}
    unknown = [plain(text) for kind in ("talk", "blast") for text in held_out(kind)]

    assert len(known) > 1000
    assert [text for text in unknown if text in known and len(text.split()) > 1] == []
    assert len(set(unknown)) == len(unknown)


@pytest.mark.parametrize(
    ("human", "broadcast"),
    [
        ("ok cool, what do you sell?", "50% off today only!"),
        ("can i get it today?", "Get it today. Free delivery."),
        ("We could look at it together if you like.", "Our experts are ready to assist you."),
        ("I'm sorry, that's on us.", "We apologise for any inconvenience."),
        ("Which one do you want?", "Please select one of the following options."),
    ],
)
def test_what_is_meant(human: str, broadcast: str) -> None:
    assert score(human).value > 80
    assert score(broadcast).value < 20


def test_a_score_says_why_with_the_words_that_did_it() -> None:
    found = score("Discover our exclusive offers today only!")

    assert found.value < 5
    assert any("exclusive" in reason.shown for reason in found.why if reason.points < 0)
    assert "praise and hype (exclusive" in str(found)


# ---- any text -------------------------------------------------------------------------------------------------------

ANY_TEXT = st.text() | st.text(st.sampled_from("aä€😀\u200d \t\n!?.,%$<>{}#@0Z\ud800\x00’"), max_size=300)
LINES = st.sampled_from([*held_out("talk"), *held_out("blast")])


@given(ANY_TEXT)
@example("")
@example("   ")
@example("👍🏽")
@example("\ud800")
@example("𝗙𝗥𝗘𝗘 𝗦𝗛𝗜𝗣𝗣𝗜𝗡𝗚")
@example("x" * 100_000)
@example("a " * 50_000)
@example("¿Cuánto cuesta?")
def test_any_text_gets_a_score(text: str) -> None:
    assert 0 <= score(text).value <= 100


@given(ANY_TEXT)
def test_the_same_text_scores_the_same(text: str) -> None:
    first = score(text)
    score.cache_clear()
    read.cache_clear()

    assert score(text) == first


@given(LINES, st.sampled_from([text for text in held_out("blast") if score(text).value < 50]))
def test_a_sentence_known_as_an_advert_never_helps_a_line(line: str, advert: str) -> None:
    start = line if line.endswith((".", "!", "?")) else f"{line}."
    alone, both = score(start).value, score(f"{start} {advert}").value

    assert both <= max(alone, score(advert).value) + MAX_RISE


@given(LINES, st.sampled_from(["Shop now and save 50%!", "Limited time only, order today.", "Subscribe for exclusive offers."]))
def test_a_plain_advert_appended_pulls_a_line_down(line: str, advert: str) -> None:
    start = line if line.endswith((".", "!", "?")) else f"{line}."

    assert score(f"{start} {advert}").value <= score(start).value + 1


@given(LINES, st.sampled_from([" ", "\t", "\n", "\u00a0", "  \r\n"]))
def test_white_space_does_not_matter(line: str, space: str) -> None:
    assert score(f"{space}{line.replace(' ', space)}{space}") == score(line)


def test_case_moves_no_line_far_from_its_side() -> None:
    changed = [
        (text, score(text).value, score(text.upper()).value)
        for kind in ("talk", "blast")
        for text in held_out(kind)
        if len(text) > 30
    ]
    far = [row for row in changed if (row[1] > 75 and row[2] < 25) or (row[1] < 25 and row[2] > 75)]

    assert far == []


def test_look_alike_letters_are_read_as_letters() -> None:
    assert clean("𝗙𝗥𝗘𝗘 ｓｈｉｐｐｉｎｇ\u200b today’s") == "FREE shipping today's"
    assert score("𝗙𝗿𝗲𝗲 𝘀𝗵𝗶𝗽𝗽𝗶𝗻𝗴") == score("Free shipping")


def test_a_link_does_not_make_a_line_less_human() -> None:
    assert score("hey, have a look at this https://example.com/a/very/long/path?with=query and tell me what you think").value > 80


def test_a_long_text_is_judged_by_its_beginning() -> None:
    start = "I think we can do that. " * 500

    assert len(clean(start)) <= MAX_READ_CHARS
    assert score(start + "Shop now!") == score(start)


# ---- the parts ------------------------------------------------------------------------------------------------------


def test_the_weights_know_every_feature_and_no_other() -> None:
    names = [feature.name for feature in features(read("x"))]

    assert sorted(weights().weight) == sorted(weights().typical) == sorted(SAYS) == sorted(names)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("cat", 1), ("people", 2), ("everything", 3), ("stopped", 1), ("wanted", 2), ("table", 2), ("communication", 5)),
        *(("quickly", 2), ("video", 3), ("question", 2), ("someone", 2), ("make", 1), ("messages", 3)),
    ],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_grade_follows_the_formula_and_leaves_names_alone() -> None:
    assert grade(read("The cat sat on the mat.")) == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert grade(read("We ship to Montenegro.")) == grade(read("We ship to Bern."))
    assert grade(read("")) == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [("👩‍👩‍👧 and 👍🏽", ["👩‍👩‍👧", "👍🏽"]), ("🇵🇹!", ["🇵🇹"]), ("no :) here ™", []), ("❤️", ["❤️"])],
)
def test_emoji_are_counted_as_people_see_them(text: str, found: list[str]) -> None:
    assert emoji(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Shop now.", ["Shop now"]),
        ("my shop is small", []),
        ("a limit of two", []),
        ("a limited offer", ["limited offer"]),
        ("Leveraging it", ["Leveraging"]),
    ],
)
def test_phrases_are_found_in_their_forms_and_not_in_others(text: str, words: list[str]) -> None:
    families = ("call", "urgency", "jargon")

    assert [hit.words for hit in hits(read(text)) if hit.family in families] == words


# ---- rows -----------------------------------------------------------------------------------------------------------


def rows(raw: bytes) -> list[list[str]]:
    return [row.rstrip("\n").split(",", 2) for row in scored(io.BufferedReader(io.BytesIO(raw)))]  # type: ignore[arg-type]


def test_each_row_gets_a_row() -> None:
    found = rows(b"ok cool, what do you sell?\n\n50% off today only!\nlast")

    assert found[0] == ["line", "score", "why"]
    assert [row[0] for row in found[1:]] == ["1", "2", "3", "4"]
    assert found[2] == ["2", "50.0", "nothing to read"]
    assert float(found[1][1]) > 80 > 20 > float(found[3][1])


@pytest.mark.parametrize(
    "raw",
    [
        "Schön, dass du da bist 😊".encode(),
        "Schön, dass du da bist".encode("cp1252"),
        "Schön, dass du da bist\nja".encode("utf-16"),
        b"\xef\xbb\xbfhello there\r\nhi\r\n",
        b"\x00\x01\xff\xfe\x80\n\x81",
        b'"quoted, with, commas"\n=1+1',
    ],
)
def test_any_encoding_is_read(raw: bytes) -> None:
    assert all(0 <= float(row[1]) <= 100 for row in rows(raw)[1:])


def test_marks_and_line_ends_are_not_read_as_words() -> None:
    assert rows(b"\xef\xbb\xbfhello there\r\n")[1][1] == f"{score('hello there').value:.1f}"
    assert [row[1] for row in rows("hello there\nno".encode("utf-16"))[1:]] == [
        f"{score(t).value:.1f}" for t in ("hello there", "no")
    ]


def test_rows_come_out_while_more_go_in() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            buffer[:6] = b"hello\n"
            return 6

    stream = scored(io.BufferedReader(Endless(), buffer_size=64))

    assert [next(stream).split(",")[0] for _ in range(3)] == ["line", "1", "2"]


@given(st.binary(max_size=200))
def test_any_bytes_give_as_many_rows_as_lines(raw: bytes) -> None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return
    lines = raw.split(b"\n")

    assert len(rows(raw)) - 1 == len(lines) - (lines[-1] == b"")


def test_the_weights_can_be_read_by_people() -> None:
    stored = json.loads((Path(sys.modules[score.__module__].__file__ or "").parent / "weights.json").read_text())

    assert set(stored) == {"intercept", "features"}
    assert stored["features"]["hype_words"]["weight"] < 0 < stored["features"]["talk_words"]["weight"]
