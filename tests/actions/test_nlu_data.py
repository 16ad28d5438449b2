"""The training and held-out lines: enough of them, none twice, none in both."""

import re
from collections import Counter

import pytest

from tests.actions.talking import ROOT, domain, read_yaml

MIN_TRAINING_LINES = 30
MIN_HELD_OUT_LINES = 8
MIN_OUT_OF_SCOPE_LINES = 60


def _lines(paths: list) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        for block in read_yaml(path)["nlu"]:
            if "intent" in block:
                lines = [line[2:].strip() for line in block["examples"].splitlines() if line.startswith("- ")]
                found.setdefault(block["intent"], []).extend(lines)
    return found


def _same(line: str) -> str:
    """What two lines must differ in: words, not case, punctuation or stretched letters."""
    plain = re.sub(r"[^\w\s]", "", line.lower())
    bare = " ".join(re.sub(r"(.)\1{2,}", r"\1\1", plain).split())
    return bare or line


TRAINING = _lines(sorted((ROOT / "data" / "nlu").glob("*.yml")))
HELD_OUT = _lines([ROOT / "tests" / "nlu" / "held_out.yml"])


def test_training_covers_exactly_the_domains_intents() -> None:
    assert set(TRAINING) == set(domain()["intents"])
    assert len(TRAINING) >= 22


@pytest.mark.parametrize("intent", sorted(TRAINING))
def test_intent_has_enough_training_lines_of_different_length(intent: str) -> None:
    lines = TRAINING[intent]
    assert len(lines) >= MIN_TRAINING_LINES
    lengths = [len(line.split()) for line in lines]
    assert max(lengths) >= min(lengths) + 2


def test_no_training_line_stands_twice() -> None:
    counts = Counter(_same(line) for lines in TRAINING.values() for line in lines)
    assert [line for line, count in counts.items() if count > 1] == []


def test_held_out_covers_every_intent_and_out_of_scope() -> None:
    assert set(HELD_OUT) == set(TRAINING) | {"nlu_fallback"}
    assert all(len(lines) >= MIN_HELD_OUT_LINES for lines in HELD_OUT.values())
    assert len(HELD_OUT["nlu_fallback"]) >= MIN_OUT_OF_SCOPE_LINES


def test_no_held_out_line_is_in_training_or_twice() -> None:
    trained = {_same(line) for lines in TRAINING.values() for line in lines}
    held_out = Counter(_same(line) for lines in HELD_OUT.values() for line in lines)
    assert sorted(trained & set(held_out)) == []
    assert [line for line, count in held_out.items() if count > 1] == []
