"""Small own data for the reading components, and a place where Rasa components store what they learn."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from brain.nlu.model import IntentModel
from brain.nlu.patterns import read_patterns
from brain.nlu.spans import SpanFinder
from brain.nlu.training import train_intents

PATTERNS = Path(__file__).parents[3] / "data" / "patterns"

EXAMPLES = {
    "greet": ["hi", "hello there", "hey", "good morning", "hiya", "hey hey", "hello", "good evening", "hi there", "yo"],
    "price": [
        "how much is it", "what does it cost", "whats the price", "price please", "how expensive is this", "what do you charge",
        "how much per month", "tell me your prices", "is it expensive", "cost per month?",
    ],
    "hours": [
        "when are you open", "opening hours please", "are you open on sunday", "what time do you close", "open today?",
        "until when are you there", "your hours?", "do you close at noon", "are you open at weekends", "when do you open tomorrow",
    ],
    "human": [
        "can i talk to a person", "human please", "i want to speak to someone", "get me an agent", "real person please",
        "let me talk to a human", "is there someone i can speak to", "connect me to an agent", "no bot, a person", "operator",
    ],
    "stop": [
        "stop", "unsubscribe", "no more messages", "leave me alone", "stop messaging me", "take me off the list",
        "dont write to me again", "please stop", "remove me from this list", "stop sending me this",
    ],
    "faq/refund": [
        "can i get my money back", "do you refund", "i want a refund", "refund please", "how do refunds work",
        "money back guarantee?", "is there a refund", "can you give me my money back", "refund my order", "get a refund",
    ],
}  # fmt: skip


class Home(NamedTuple):
    """Where a component lives: its storage, its resource, the context Rasa hands over."""

    storage: LocalModelStorage
    resource: Resource
    context: ExecutionContext


@pytest.fixture(scope="session")
def model() -> IntentModel:
    texts = [text for lines in EXAMPLES.values() for text in lines]
    labels = [label for label, lines in EXAMPLES.items() for _ in lines]
    return train_intents(texts, labels, keep=0.8)


@pytest.fixture(scope="session")
def finder() -> SpanFinder:
    return SpanFinder(read_patterns(PATTERNS), PATTERNS)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(LocalModelStorage(tmp_path), Resource("component"), ExecutionContext(GraphSchema({}), "model", node_name="node"))


@pytest.fixture(scope="session")
def training_data() -> TrainingData:
    """The examples as Rasa's own reader hands them over: a retrieval intent split into its two halves."""
    messages = [Message.build(text=text, intent=label) for label, lines in EXAMPLES.items() for text in lines]
    return TrainingData(messages)


@pytest.fixture
def entities_of(finder: SpanFinder) -> Callable[[str], dict[str, str]]:
    """What a message mentions, as `{entity: value}`."""
    return lambda text: {span.entity: span.value for span in finder.find(text)}
