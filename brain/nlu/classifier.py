"""The Rasa component that tells what a message wants."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from brain.nlu.errors import IntentModelError
from brain.nlu.model import IntentReader, IntentReading, load_model, save_model
from brain.nlu.training import train_intents

logger = logging.getLogger(__name__)

KEEP = "keep"
RANKING_LENGTH = "ranking_length"
OPENERS = "openers"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FastIntentClassifier(IntentClassifier, GraphComponent):
    """Reads the intent of a message from character and word n-grams, with a calibrated confidence.

    Needs no tokenizer, featurizer or FallbackClassifier. When the confidence is below the threshold that
    training chose, the intent is `nlu_fallback` and the ranking behind it stays as it was read.

    A retrieval intent such as `faq/hours` is learnt and given as one flat label.
    """

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, reader: IntentReader | None = None
    ) -> None:
        self.config = config
        self._model_storage = model_storage
        self._resource = resource
        self._reader = reader

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings.

        `keep` (0 to 1): share of rightly read messages that must be answered rather than asked about again.
        `ranking_length`: how many intents the ranking names; 0 for all.
        `openers`: intents of lines that only open a talk ("hey", "quick question"). In a message of several lines
        they are left out as long as another line is left.
        """
        return {KEEP: 0.8, RANKING_LENGTH: 10, OPENERS: []}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Refuse settings out of range.

        Raises:
            InvalidConfigException: naming the setting and what it may be.
        """
        settings = {**cls.get_default_config(), **config}
        keep, length, openers = settings[KEEP], settings[RANKING_LENGTH], settings[OPENERS]
        if isinstance(keep, bool) or not isinstance(keep, (int, float)) or not 0.0 < keep <= 1.0:
            raise InvalidConfigException(f"FastIntentClassifier: `{KEEP}` is {keep!r}; it must be above 0 and at most 1.")
        if isinstance(length, bool) or not isinstance(length, int) or length < 0:
            raise InvalidConfigException(f"FastIntentClassifier: `{RANKING_LENGTH}` is {length!r}; it must be 0 or a count.")
        if not isinstance(openers, list) or not all(isinstance(intent, str) for intent in openers):
            raise InvalidConfigException(f"FastIntentClassifier: `{OPENERS}` is {openers!r}; it must be a list of intents.")

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> FastIntentClassifier:
        """Create an untrained component."""
        cls.validate_config(config)
        return cls({**cls.get_default_config(), **config}, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> FastIntentClassifier:
        """Load what `train` stored.

        Raises:
            IntentModelError: the stored model is missing or cannot be read.
        """
        component = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as directory:
            component._reader = IntentReader(load_model(directory))
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the intent examples and store the result.

        Raises:
            TrainingDataError: there is nothing to learn from.
        """
        started = time.perf_counter()
        examples = [message for message in training_data.intent_examples if message.get(TEXT)]
        model = train_intents(
            [message.get(TEXT) for message in examples],
            [message.get_full_intent() for message in examples],
            keep=float(self.config[KEEP]),
        )
        self._reader = IntentReader(model)
        with self._model_storage.write_to(self._resource) as directory:
            save_model(model, directory)
        logger.info(
            "Intents learnt: %d intents, %s, threshold %.2f, %.1f s.",
            len(model.labels),
            ", ".join(f"{name} {value}" for name, value in model.facts.items()),
            model.calibration.threshold,
            time.perf_counter() - started,
        )
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Read the training examples themselves, for components that learn from the outcome."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `intent` and `intent_ranking` on each message.

        Raises:
            IntentModelError: the component was neither trained nor loaded.
        """
        if self._reader is None:
            raise IntentModelError(Path(self._resource.name), "no intent model is loaded")
        for message in messages:
            reading = read_burst(self._reader, message.get(TEXT) or "", openers=self.config[OPENERS])
            ranking = as_ranking(reading, self._reader.model.calibration.threshold, self.config[RANKING_LENGTH])
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages


def read_burst(reader: IntentReader, text: str, *, openers: Collection[str]) -> IntentReading:
    """Read what somebody wrote in one go, a line for each message: "hey", "quick question", "how much is it".

    Lines that were understood as one of the `openers` are left out, as long as another line is left: together they would
    outweigh the one that asks something.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not openers:
        return reader.read(text)
    matters = [line for line in lines if not _only_opens(reader.read(line), openers)]
    return reader.read("\n".join(matters or lines))


def _only_opens(reading: IntentReading, openers: Collection[str]) -> bool:
    return reading.understood and reading.ranking[0][0] in openers


def as_ranking(reading: IntentReading, threshold: float, length: int) -> list[dict[str, Any]]:
    """Write a reading in Rasa's shape.

    Args:
        reading: what was read.
        threshold: confidence given to `nlu_fallback`, as Rasa's own FallbackClassifier does.
        length: how many intents to name behind the fallback; 0 for all.
    """
    named = [
        {INTENT_NAME_KEY: label, PREDICTED_CONFIDENCE_KEY: confidence}
        for label, confidence in (reading.ranking[:length] if length else reading.ranking)
    ]
    if reading.understood:
        return named
    return [{INTENT_NAME_KEY: DEFAULT_NLU_FALLBACK_INTENT_NAME, PREDICTED_CONFIDENCE_KEY: threshold}, *named]
