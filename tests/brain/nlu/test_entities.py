"""The entity component as Rasa uses it, and the errors of its pattern files."""

import json
from pathlib import Path

import pytest
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from brain.nlu.entities import SpacyRuleEntityExtractor
from brain.nlu.errors import PatternError
from brain.nlu.patterns import dump_patterns, parse_patterns, read_patterns

from .conftest import PATTERNS, Home

CONFIG = {"patterns": str(PATTERNS)}


@pytest.fixture
def trained(home: Home) -> SpacyRuleEntityExtractor:
    component = SpacyRuleEntityExtractor.create(CONFIG, *home)
    component.train(TrainingData())
    return component


def parse(component: SpacyRuleEntityExtractor, message: Message) -> list[dict]:
    component.process([message])
    return message.as_dict(only_output_properties=True)["entities"]


def test_entities_have_the_shape_of_rasa(trained: SpacyRuleEntityExtractor) -> None:
    assert parse(trained, Message.build(text="i sell candles on Etsy")) == [
        {"entity": "product", "start": 7, "end": 14, "value": "candles", "extractor": "SpacyRuleEntityExtractor"},
        {"entity": "platform", "start": 18, "end": 22, "value": "etsy", "extractor": "SpacyRuleEntityExtractor"},
    ]


def test_entities_of_others_stay(trained: SpacyRuleEntityExtractor) -> None:
    other = {"entity": "city", "start": 0, "end": 5, "value": "leeds", "extractor": "Other"}

    assert parse(trained, Message({"text": "leeds", "entities": [other]})) == [other]


def test_message_without_text_has_no_entities(trained: SpacyRuleEntityExtractor) -> None:
    assert parse(trained, Message({})) == []


def test_loaded_component_needs_no_pattern_files(trained: SpacyRuleEntityExtractor, home: Home) -> None:
    loaded = SpacyRuleEntityExtractor.load({"patterns": "gone"}, *home)
    text = "im sara, we run a small bakery, mail sara@example.com or 07700 900123, budget $50"

    assert parse(loaded, Message.build(text=text)) == parse(trained, Message.build(text=text))


def test_changed_pattern_file_changes_the_fingerprint(tmp_path: Path) -> None:
    """Rasa would otherwise reuse the component it trained before the change."""
    (tmp_path / "a.jsonl").write_text('{"label": "platform", "pattern": "etsy"}\n')
    before = SpacyRuleEntityExtractor.fingerprint_addon({"patterns": str(tmp_path)})
    (tmp_path / "a.jsonl").write_text('{"label": "platform", "pattern": "ebay"}\n')

    assert SpacyRuleEntityExtractor.fingerprint_addon({"patterns": str(tmp_path)}) != before


def test_patterns_survive_storage() -> None:
    patterns = read_patterns(PATTERNS)

    assert parse_patterns(dump_patterns(patterns), PATTERNS) == patterns


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.jsonl", '{"label": "x", "pattern": "y"}\n{oops', "line 2"),
        ("a.jsonl", '{"pattern": "y"}', "line 1"),
        ("a.jsonl", '{"label": "x", "pattern": []}', "line 1"),
        ("a.yml", "entity: [", "not YAML"),
        ("a.yml", "- list", "mapping"),
        ("a.yml", "entity: x\nkind: magic", "field kind"),
        ("a.yml", "entity: phone\nkind: digits\nmin_digits: 7", "missing max_digits"),
        (
            "a.yml",
            "entity: phone\nkind: digits\nmin_digits: many\nmax_digits: 9\nmin_digits_unbroken: 9\nnot_after: a\nnot_before: b",
            "field min_digits",
        ),
    ],
)
def test_faulty_pattern_file_is_named_with_the_place(tmp_path: Path, name: str, content: str, place: str) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(PatternError, match=f"{name}.*{place}"):
        read_patterns(tmp_path)


def test_lead_without_pattern_is_named(tmp_path: Path) -> None:
    product = (PATTERNS / "product.yml").read_text()
    (tmp_path / "product.yml").write_text(product.replace("leads:\n  - pattern:", "leads:\n  - at_start: true\n  - pattern:", 1))

    with pytest.raises(PatternError, match="field leads, item 1"):
        read_patterns(tmp_path)


def test_pattern_that_spacy_refuses_is_reported(tmp_path: Path, home: Home) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"label": "x", "pattern": [{"NO_SUCH_KEY": "y"}]}))

    with pytest.raises(PatternError, match="spaCy refuses"):
        SpacyRuleEntityExtractor.create({"patterns": str(tmp_path)}, *home).train(TrainingData())


@pytest.mark.parametrize("directory", ["missing", "empty"])
def test_directory_without_patterns_is_refused(tmp_path: Path, home: Home, directory: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(PatternError, match=r"patterns|no pattern file"):
        SpacyRuleEntityExtractor.create({"patterns": str(tmp_path / directory)}, *home).train(TrainingData())


def test_setting_of_another_type_is_refused(home: Home) -> None:
    with pytest.raises(InvalidConfigException, match="patterns"):
        SpacyRuleEntityExtractor.create({"patterns": 3}, *home).train(TrainingData())
