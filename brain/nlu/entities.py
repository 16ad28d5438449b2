"""The Rasa component that tells what a message mentions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from brain.nlu.errors import PatternError
from brain.nlu.patterns import dump_patterns, fingerprint, parse_patterns, read_patterns
from brain.nlu.spans import SpanFinder

PATTERNS = "patterns"
_FILE = "patterns.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class SpacyRuleEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Finds e-mail addresses, telephone numbers, money, platforms, products and first names by rules.

    Needs no tokenizer. The rules are read from pattern files when the bot is trained and stored in the model.
    """

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, finder: SpanFinder | None = None
    ) -> None:
        self.config = config
        self._model_storage = model_storage
        self._resource = resource
        self._finder = finder

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings: `patterns`, the directory of pattern files, from where `rasa train` is run."""
        return {PATTERNS: "data/patterns"}

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Make Rasa train anew when a pattern file changed."""
        return fingerprint(cls._directory(config))

    @classmethod
    def _directory(cls, config: dict[str, Any]) -> Path:
        name = {**cls.get_default_config(), **config}[PATTERNS]
        if not isinstance(name, str) or not name:
            raise InvalidConfigException(f"SpacyRuleEntityExtractor: `{PATTERNS}` is {name!r}; it must name a directory.")
        return Path(name)

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SpacyRuleEntityExtractor:
        """Create an untrained component."""
        return cls({**cls.get_default_config(), **config}, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SpacyRuleEntityExtractor:
        """Load what `train` stored.

        Raises:
            PatternError: the stored patterns are damaged.
        """
        component = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as directory:
            path = directory / _FILE
            component._finder = SpanFinder(parse_patterns(path.read_text(encoding="utf-8"), path), path)
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Check the pattern files and store them with the model.

        Raises:
            PatternError: a file cannot be used; it names the place.
        """
        directory = self._directory(self.config)
        patterns = read_patterns(directory)
        self._finder = SpanFinder(patterns, directory)
        with self._model_storage.write_to(self._resource) as stored:
            (stored / _FILE).write_text(dump_patterns(patterns), encoding="utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Add what each message mentions to its `entities`.

        Raises:
            PatternError: the component was neither trained nor loaded.
        """
        if self._finder is None:
            raise PatternError(Path(self._resource.name), "", "no patterns are loaded")
        for message in messages:
            found = [
                {
                    ENTITY_ATTRIBUTE_TYPE: span.entity,
                    ENTITY_ATTRIBUTE_START: span.start,
                    ENTITY_ATTRIBUTE_END: span.end,
                    ENTITY_ATTRIBUTE_VALUE: span.value,
                }
                for span in self._finder.find(message.get(TEXT) or "")
            ]
            message.set(ENTITIES, message.get(ENTITIES, []) + self.add_extractor_name(found), add_to_output=True)
        return messages
