"""Reading messages with a trained model, and storing it."""

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brain.nlu.errors import IntentModelError
from brain.nlu.model import Calibration, IntentModel, IntentReader, load_model, save_model

any_text = st.one_of(st.text(max_size=600), st.text(alphabet="aeiou hmpricestop?!👍\u200b\u0301", max_size=120))


@given(text=any_text)
@example(text="")
@example(text="a" * 10_000)
@example(text="a b " * 2_500)
@example(text="👩‍👩‍👧‍👦" * 500)
@example(text="\u200b\u200d\ufeff")
@example(text="\ud800")
@settings(max_examples=300)
def test_any_text_gets_a_full_ranking(model: IntentModel, text: str) -> None:
    reading = IntentReader(model).read(text)

    confidences = [confidence for _, confidence in reading.ranking]
    assert {label for label, _ in reading.ranking} == set(model.labels)
    assert all(0.0 <= confidence <= 1.0 for confidence in confidences)
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) <= 1.0 + 1e-6
    assert reading.understood == (confidences[0] >= model.calibration.threshold)


@given(texts=st.lists(any_text, max_size=8))
@settings(max_examples=100)
def test_what_was_read_before_changes_nothing(model: IntentModel, texts: list[str]) -> None:
    warm = IntentReader(model)
    for text in texts:
        warm.read(text)

    assert [warm.read(text) for text in texts] == [IntentReader(model).read(text) for text in texts]


@given(texts=st.lists(any_text, max_size=5))
@settings(max_examples=100)
def test_stored_model_reads_exactly_as_before(model: IntentModel, stored: IntentModel, texts: list[str]) -> None:
    assert [IntentReader(stored).read(text) for text in texts] == [IntentReader(model).read(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("whats the cost??", "price"),
        ("helloooo there", "greet"),
        ("are u open tomorrow", "hours"),
        ("i wanna talk to a real human", "human"),
        ("pls stop messaging", "stop"),
        ("i'd like my money back", "faq/refund"),
    ],
)
def test_informal_messages_are_understood(model: IntentModel, text: str, intent: str) -> None:
    reading = IntentReader(model).read(text)

    assert reading.ranking[0][0] == intent
    assert reading.understood


@pytest.mark.parametrize("text", ["", "qwxz vbnq", "мы едем домой", "🦕", "1234", "elephants never forget birthdays"])
def test_foreign_messages_are_not_understood(model: IntentModel, text: str) -> None:
    assert not IntentReader(model).read(text).understood


def test_a_word_without_end_is_read_at_once(model: IntentModel) -> None:
    reader = IntentReader(model)
    started = time.process_time()
    for letter in "abcdefghij":
        reader.read(letter * 100_000)

    assert time.process_time() - started < 0.5


def test_word_cache_is_bounded(model: IntentModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain.nlu.model.MAX_CACHED_WORDS", 10)
    reader = IntentReader(model)
    reader.read(" ".join(f"w{number}" for number in range(50)))

    assert len(reader._pieces_of_word) == 10


@given(score=st.floats(allow_nan=False, allow_infinity=False), slope=st.floats(0.2, 20), offset=st.floats(-60, 60))
def test_confidence_is_a_chance_for_any_score(score: float, slope: float, offset: float) -> None:
    assert 0.0 <= Calibration(slope=slope, offset=offset, threshold=0.5).confidence(score) <= 1.0


@pytest.fixture(scope="module")
def stored(model: IntentModel, tmp_path_factory: pytest.TempPathFactory) -> IntentModel:
    directory = tmp_path_factory.mktemp("stored")
    save_model(model, directory)
    return load_model(directory)


def test_stored_model_is_equal_in_every_field(model: IntentModel, stored: IntentModel) -> None:
    for field in dataclasses.fields(IntentModel):
        before, after = getattr(model, field.name), getattr(stored, field.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype
            np.testing.assert_array_equal(before, after)
        else:
            assert before == after


def test_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IntentModelError, match="Train the bot again"):
        load_model(tmp_path)


def test_model_of_another_format_is_refused(model: IntentModel, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    facts = json.loads((tmp_path / "intents.json").read_text())
    (tmp_path / "intents.json").write_text(json.dumps({**facts, "format": 99}))

    with pytest.raises(IntentModelError, match="format 99"):
        load_model(tmp_path)
