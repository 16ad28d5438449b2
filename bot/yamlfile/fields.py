"""Which fields a model knows at a place, to tell what was meant by a name that it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from bot.yamlfile.places import Loc


def known_fields(model: type[BaseModel], loc: Loc, data: object) -> list[str]:
    """Names of the fields that may stand at `loc`; of several union members those that know most of the fields given."""
    try:
        schema = model.model_json_schema()
    except PydanticInvalidForJsonSchema:
        return []
    found: list[Mapping[str, Any]] = [schema]
    for part in loc:
        data = data[part]  # type: ignore[index]
        found = [inner for outer in found for inner in _inside(outer, part, schema)]
    objects = [s for outer in found for s in _members(outer, schema) if "properties" in s]
    given = set(data) if isinstance(data, Mapping) else set()
    most = max((len(given & set(s["properties"])) for s in objects), default=0)
    fitting = [s for s in objects if len(given & set(s["properties"])) == most]
    return sorted({name for s in fitting for name in s["properties"]})


def _members(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema itself, or what its references and unions come to."""
    if "$ref" in schema:
        yield from _members(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    elif "anyOf" in schema or "oneOf" in schema or "allOf" in schema:
        for member in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            yield from _members(member, root)
    else:
        yield schema


def _inside(schema: Mapping[str, Any], part: str | int, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for member in _members(schema, root):
        inner = member.get("properties", {}).get(part) if isinstance(part, str) else member.get("items")
        inner = inner or member.get("additionalProperties")
        if isinstance(inner, Mapping):
            yield inner
