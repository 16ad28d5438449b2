"""Pattern files: what the entity rules look for, checked when the bot is trained.

`*.jsonl` holds rows of spaCy's EntityRuler (https://spacy.io/usage/rule-based-matching#entityruler-files).
`*.yml` holds one rule each, for what a fixed pattern cannot say; its `kind` names the shape below.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from brain.nlu.errors import PatternError

TokenPattern = list[dict[str, Any]]
Words = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Words that announce a value.

    Attributes:
        pattern: spaCy token pattern.
        at_start: whether it must open the message.
        last_word: regular expression that the value's last word must match, or None.
        last_word_in: name of the word list that must hold the value's last word, or None.
    """

    pattern: TokenPattern
    at_start: bool = False
    last_word: str | None = None
    last_word_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterRule:
    """A value that follows a lead; see `data/patterns/product.yml` for what each list does."""

    entity: str
    max_chars: int
    max_words: int
    leads: list[Lead]
    not_after: Words
    skip: Words
    never_first: Words
    stop: Words
    stop_after_and: Words
    go_on_after_for: Words
    trim: Words
    empty_words: Words
    words: dict[str, Words]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRule:
    """A person's name; see `data/patterns/first_name.yml` for what each list does."""

    entity: str
    max_chars: int
    not_after: Words
    sure_leads: list[TokenPattern]
    doubtful_leads: list[TokenPattern]
    known_name_leads: list[TokenPattern]
    trails: list[TokenPattern]
    skip: Words
    greetings: Words
    clause_ends: Words
    not_names: Words
    also_words: Words
    names: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsRule:
    """A run of digits; see `data/patterns/phone.yml` for what each field does."""

    entity: str
    min_digits: int
    max_digits: int
    min_digits_unbroken: int
    not_after: Words
    not_before: Words


Rule = AfterRule | NameRule | DigitsRule
_KINDS: dict[str, type[AfterRule] | type[NameRule] | type[DigitsRule]] = {
    "after": AfterRule,
    "name": NameRule,
    "digits": DigitsRule,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSet:
    """All patterns of a bot.

    Attributes:
        rows: rows for spaCy's EntityRuler.
        rules: the other rules, in the order of their file names.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


def read_patterns(directory: Path) -> PatternSet:
    """Read and check every pattern file of a directory.

    Raises:
        PatternError: the directory or its files cannot be read, or a row or field is wrong; it names the place.
    """
    if not directory.is_dir():
        raise PatternError(directory, "", "no such directory; name yours as `patterns` in config.yml")
    rows: list[dict[str, Any]] = []
    rules: list[Rule] = []
    for path in _files(directory):
        if path.suffix == ".jsonl":
            rows.extend(_read_rows(path))
        else:
            rules.append(_read_rule(path))
    if not rows and not rules:
        raise PatternError(directory, "", "holds no pattern file (*.jsonl, *.yml)")
    return PatternSet(rows=rows, rules=rules)


def fingerprint(directory: Path) -> str:
    """Return a digest that changes whenever a pattern file does; of nothing, if the directory is missing."""
    digest = hashlib.sha256()
    for path in _files(directory) if directory.is_dir() else []:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def dump_patterns(patterns: PatternSet) -> str:
    """Write the patterns as JSON, the same text for the same patterns."""
    kinds = {rule_type: kind for kind, rule_type in _KINDS.items()}
    rules = [{"kind": kinds[type(rule)], **_plain(asdict(rule))} for rule in patterns.rules]
    return json.dumps({"rows": patterns.rows, "rules": rules}, ensure_ascii=False, sort_keys=True)


def parse_patterns(text: str, source: Path) -> PatternSet:
    """Read what `dump_patterns` wrote.

    Raises:
        PatternError: the text is damaged.
    """
    try:
        stored = json.loads(text)
        return PatternSet(rows=stored["rows"], rules=[_rule_from(source, rule) for rule in stored["rules"]])
    except (ValueError, KeyError, TypeError) as error:
        raise PatternError(source, "", f"cannot be read ({error}); train the bot again") from error


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.suffix in {".jsonl", ".yml"})


def _read_rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise PatternError(path, f"line {number}", f"is not JSON ({error})") from error
        if not isinstance(row, dict) or not isinstance(row.get("label"), str):
            raise PatternError(path, f"line {number}", "needs a `label`")
        if not isinstance(row.get("pattern"), (str, list)) or not row["pattern"]:
            raise PatternError(path, f"line {number}", "needs a `pattern`: words, or a list of token patterns")
        rows.append(row)
    return rows


def _read_rule(path: Path) -> Rule:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PatternError(path, "", f"is not YAML ({error})") from error
    return _rule_from(path, raw)


def _rule_from(path: Path, raw: object) -> Rule:
    """Build a rule from its plain form, checking every field by the type its dataclass gives it."""
    if not isinstance(raw, Mapping):
        raise PatternError(path, "", "must be a mapping with `entity` and `kind`")
    kind = raw.get("kind")
    if kind not in _KINDS:
        raise PatternError(path, "field kind", f"is {kind!r}; it must be one of {', '.join(_KINDS)}")
    rule_type = _KINDS[str(kind)]
    expected = rule_type.__dataclass_fields__
    unknown = sorted(set(raw) - set(expected) - {"kind"})
    missing = sorted(set(expected) - set(raw))
    if unknown or missing:
        fields = [f"missing {name}" for name in missing] + [f"unknown {name}" for name in unknown]
        raise PatternError(path, "fields", "; ".join(fields))
    values = {name: _value(path, name, str(expected[name].type), raw[name]) for name in expected}
    return rule_type(**values)


def _value(path: Path, name: str, wanted: str, raw: Any) -> Any:
    if wanted == "str" and isinstance(raw, str) and raw:
        return raw
    if wanted == "int" and isinstance(raw, int) and raw > 0:
        return raw
    if wanted == "Words" and isinstance(raw, str):
        return frozenset(raw.lower().split())
    if wanted == "dict[str, Words]" and isinstance(raw, Mapping):
        return {str(key): _value(path, f"{name}.{key}", "Words", words) for key, words in raw.items()}
    if wanted == "list[TokenPattern]" and isinstance(raw, list) and all(isinstance(item, list) for item in raw):
        return raw
    if wanted == "list[Lead]" and isinstance(raw, list):
        return [_lead(path, place, item) for place, item in enumerate(raw, start=1)]
    raise PatternError(path, f"field {name}", f"is {raw!r:.60}, which does not fit ({wanted})")


def _lead(path: Path, place: int, raw: Any) -> Lead:
    try:
        lead = Lead(**raw)
    except TypeError as error:
        raise PatternError(path, f"field leads, item {place}", str(error)) from error
    if not isinstance(lead.pattern, list) or not lead.pattern:
        raise PatternError(path, f"field leads, item {place}", "needs a `pattern`")
    return lead


def _plain(value: Any) -> Any:
    """Turn word sets back into the text that the files hold."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return " ".join(sorted(value)) if isinstance(value, frozenset) else value
