"""Fitting: small, odd and hopeless sets of examples, and what the fit believes about itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.nlu.errors import TrainingDataError
from brain.nlu.model import IntentModel, IntentReader
from brain.nlu.training import _Examples, train_intents

from .conftest import EXAMPLES

TEXTS = [text for lines in EXAMPLES.values() for text in lines]
LABELS = [label for label, lines in EXAMPLES.items() for _ in lines]


def test_reading_agrees_with_the_arithmetic_of_training(model: IntentModel) -> None:
    """Dictionaries at run time, sparse matrices while training: both must come to the same scores."""
    examples = _Examples(TEXTS, LABELS)
    rows = np.arange(len(examples.y))
    scored = examples.score(examples.fit(rows, model.facts["c"]), rows)

    readings = [IntentReader(model).read(text) for text in TEXTS]

    assert [reading.ranking[0][0] for reading in readings] == [examples.labels[place] for place in scored.predicted]
    np.testing.assert_allclose([reading.score for reading in readings], scored.scores, rtol=1e-4)


def test_training_is_repeatable(model: IntentModel) -> None:
    again = train_intents(TEXTS, LABELS, keep=0.8)

    np.testing.assert_array_equal(again.table, model.table)
    assert again.calibration == model.calibration


def test_keeping_more_lowers_the_threshold() -> None:
    thresholds = [train_intents(TEXTS, LABELS, keep=keep).calibration.threshold for keep in (0.5, 0.8, 1.0)]

    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[0] > thresholds[-1]


def test_kept_share_of_rightly_read_examples_is_what_was_asked() -> None:
    facts = train_intents(TEXTS, LABELS, keep=0.8).facts

    assert facts["out_of_fold_accuracy"] > 0.5
    assert 0.0 < facts["strangers_noticed"] <= 1.0


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["hi"], ["greet"]),
        (["hi", "hello"], ["greet", "greet"]),
        (["hi", "bye"], ["greet", "goodbye"]),
        (["hi", "hey", "bye", "cya"], ["greet", "greet", "goodbye", "goodbye"]),
        (["hi", "hi"], ["greet", "hello"]),
        (["a", "b", "c", "d", "e", "f"], list("abcdef")),
    ],
    ids=["one example", "one intent", "one each", "two intents", "same words twice", "all alone"],
)
def test_tiny_sets_make_a_model(texts: list[str], labels: list[str]) -> None:
    reading = IntentReader(train_intents(texts, labels, keep=0.8)).read(texts[0])

    assert {label for label, _ in reading.ranking} == set(labels)
    assert 0.0 <= reading.ranking[0][1] <= 1.0


@given(st.lists(st.tuples(st.text(max_size=20), st.sampled_from("abcde")), min_size=1, max_size=30))
@settings(max_examples=40)
def test_any_examples_train_or_are_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        model = train_intents([text for text, _ in pairs], [label for _, label in pairs], keep=0.8)
    except TrainingDataError:
        return
    assert np.isfinite(model.table).all()
    assert 0.0 <= model.calibration.threshold <= 1.0


def test_examples_without_words_are_refused() -> None:
    with pytest.raises(TrainingDataError, match="no example has a readable word"):
        train_intents(["...", ""], ["a", "b"], keep=0.8)


@pytest.mark.parametrize("keep", [0.0, -1.0, 1.5])
def test_keep_out_of_range_is_refused(keep: float) -> None:
    with pytest.raises(TrainingDataError, match="keep"):
        train_intents(TEXTS, LABELS, keep=keep)
