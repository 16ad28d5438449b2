"""Promises as plain data for an editor, and back into the file's own text, with its comments where they still belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from bot.yamlfile import load_document
from handoff.policy import Policy

FOREVER = 4096
"""Columns after which a line may be folded: none that anybody writes."""


def plain(path: Path) -> dict[str, Any]:
    """A promises file as dict, list and scalars. Raises `YamlFileError`."""
    return load_document(path).data


def edited(text: str, data: Mapping[str, Any]) -> str:
    """`text` changed to say `data`. Order, comments and quotes stay for all that is left as it was; an unchanged file stays
    the same to the letter. What is new goes to the end of its part."""
    yaml = _yaml()
    tree = yaml.load(text)
    merged = _merged(tree if tree is not None else CommentedMap(), dict(data))
    out = StringIO()
    yaml.dump(merged, out)
    return out.getvalue()


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a promises file, for editors."""
    schema = Policy.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Warmline promises", **_without_private(schema)}


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = FOREVER
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _merged(old: Any, new: Any) -> Any:
    """`new` in the shape of `old`: parts that are equal are kept as they stand in the file."""
    if isinstance(old, CommentedMap) and isinstance(new, Mapping):
        kept = {_key(key): key for key in old}
        for name, key in kept.items():
            if name not in {_key(k) for k in new}:
                del old[key]
        for key, value in new.items():
            known = kept.get(_key(key))
            if known is None:
                old[key] = value
            elif (merged := _merged(old[known], value)) is not old[known]:
                old[known] = merged
        return old
    if isinstance(old, CommentedSeq) and isinstance(new, Sequence) and not isinstance(new, str):
        return _merged_list(old, list(new))
    return old if _same(old, new) else new


def _merged_list(old: CommentedSeq, new: list[Any]) -> CommentedSeq:
    while len(old) > len(new):
        del old[_first_gone(old, new)]
    for place, value in enumerate(new):
        if place < len(old):
            if (merged := _merged(old[place], value)) is not old[place]:
                old[place] = merged
        else:
            old.append(value)
    return old


def _first_gone(old: CommentedSeq, new: list[Any]) -> int:
    """Which item was taken out, as far as one can tell: the first that differs from its counterpart."""
    return next((place for place, value in enumerate(new) if not _same(old[place], value)), len(new))


def _key(key: object) -> str:
    return str(key)


def _same(old: object, new: object) -> bool:
    return type(old) is type(new) and old == new if isinstance(old, bool) or isinstance(new, bool) else old == new


def _without_private(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}
