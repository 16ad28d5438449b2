"""YAML files read with their positions, so every complaint names the file, the line and the field."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ValidationError, WithJsonSchema
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from bot.core.model import WarmlineError

type Loc = tuple[str | int, ...]

MAX_NODES = 100_000
"""Values in one file, aliases counted each time they are used; keeps a small file from unfolding into a huge one."""

BOM = "\ufeff"
MAX_AMOUNT = 1_000_000
MAX_SHOWN = 40
"""Characters of a wrong value repeated in a complaint."""

UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
DURATION = re.compile(r"\d+[dhms](?:\s*\d+[dhms])*", re.ASCII)

TEXT = "text"
KINDS = {
    "string_type": TEXT,
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "time_": "a time of day; write for example 08:30",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "fields with values",
    "mapping_type": "fields with values",
    "model_type": "fields with values",
    "model_attributes_type": "fields with values",
}


class YamlFileError(WarmlineError):
    """A YAML file cannot be used as it is.

    `line` and `column` count from 1. `field` is the path inside the file (`steps[2].wait`), empty for the file itself.
    `others` are further problems of the same file, in the order of their lines.
    """

    def __init__(self, file: Path, line: int, column: int, field: str, message: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {field + ': ' if field else ''}{message}")
        self.file = file
        self.line = line
        self.column = column
        self.field = field
        self.message = message
        self.others: tuple[YamlFileError, ...] = ()

    @classmethod
    def gather(cls, problems: Sequence[YamlFileError]) -> YamlFileError:
        """One error for several problems (at least one): the first in the file, with the rest in `others`."""
        first, *rest = sorted(problems, key=lambda p: (p.line, p.column))
        first.others = tuple(rest)
        return first


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `30m`, `2h`, `1d` or a sum such as `1d 2h`; each unit at most once.

    Raises ValueError for anything else.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and DURATION.fullmatch(value.strip()):
        parts = re.findall(r"(\d+)([dhms])", value)
        amounts = {UNITS[unit]: int(amount) for amount, unit in parts}
        if len(amounts) == len(parts) and all(amount <= MAX_AMOUNT for amount in amounts.values()):
            return timedelta(**amounts)
    raise ValueError(f"{_shown(value)} is not a duration; write for example 2h, 30m or 1d")


Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]
"""A stretch of time written `90s`, `30m`, `2h`, `1d` or a sum such as `1d 2h`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML file as plain values, and where each of them stands."""

    file: Path
    data: dict[Any, Any]
    tree: CommentedMap
    source: str = ""
    marked: bool = False
    """Whether the file begins with a byte order mark, which `source` leaves out."""

    @property
    def whole(self) -> str:
        """The file's text to the byte."""
        return f"{BOM}{self.source}" if self.marked else self.source

    def validate[M: BaseModel](self, model: type[M]) -> M:
        """The file as `model`; fields the model does not know are refused.

        Raises YamlFileError with every problem found.
        """
        try:
            return model.model_validate(self.data, extra="forbid")
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
        problems = [self._problem(details, model) for details in errors if not self._is_misspelt(details, errors)]
        raise YamlFileError.gather(problems)

    def error(self, loc: Loc, message: str, *, at_key: bool = False) -> YamlFileError:
        """A problem with the value at `loc` (keys and indices from the top), or with its key."""
        home, loc = self.home(loc)
        line, column = _position(home.tree, loc, at_key=at_key)
        return YamlFileError(home.file, line, column, _path(loc), message)

    def home(self, loc: Loc) -> tuple[Document, Loc]:
        """The document that the value at `loc` is written in, and where: a document may be put together of several."""
        return self, loc

    def under(self, loc: Loc, model: type[BaseModel]) -> None:
        """Check the value at `loc`, a set of fields, as `model`. Raises YamlFileError as `validate` does."""
        data, tree = self.data, self.tree
        for part in loc:
            data, tree = data[part], tree[part]
        try:
            Document(file=self.file, data=data, tree=tree).validate(model)
        except YamlFileError as error:
            told = [
                YamlFileError(one.file, one.line, one.column, f"{_path(loc)}.{one.field}" if one.field else _path(loc), one.message)
                for one in (error, *error.others)
            ]
            raise YamlFileError.gather(told) from error

    def line(self, loc: Loc) -> int:
        """The line of the value at `loc`, counted from 1."""
        return self.place(loc)[0]

    def place(self, loc: Loc) -> tuple[int, int]:
        """The line and column of the value at `loc`, counted from 1."""
        home, loc = self.home(loc)
        return _position(home.tree, loc, at_key=False)

    def _is_misspelt(self, missing: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
        """Whether a missing field is there under a name that is nearly right, which is told as an unknown field."""
        if missing["type"] != "missing":
            return False
        *parent, name = missing["loc"]
        unknown = [str(e["loc"][-1]) for e in errors if e["type"] == "extra_forbidden" and list(e["loc"][:-1]) == parent]
        return bool(difflib.get_close_matches(str(name), unknown, n=1, cutoff=0.6))

    def _problem(self, details: ErrorDetails, model: type[BaseModel]) -> YamlFileError:
        kind = details["type"]
        if kind == "missing":
            parent = _parent_of_missing(details["loc"], self.data)
            return self.error((*parent, details["loc"][-1]), "is missing")
        loc = _located(details["loc"], self.data)
        if kind == "extra_forbidden":
            known = _known_fields(model, loc[:-1], self.data)
            return self.error(loc, f"unknown field{_did_you_mean(str(loc[-1]), known)}", at_key=True)
        return self.error(loc, _sentence(details))


def load_document(path: Path, text: str | None = None) -> Document:
    """Read a YAML file whose top level is a mapping (an empty file is an empty one). `text` is read in place of the file's.

    Raises YamlFileError: missing or unreadable file, not UTF-8, not YAML, duplicate keys, tags, endless nesting.
    """
    given = _read(path) if text is None else text
    text = given.removeprefix(BOM)
    yaml = YAML(typ="rt")
    try:
        tree = yaml.load(text)
        if tree is None:
            tree = CommentedMap()
        plain = _plain(path, tree)
    except DuplicateKeyError as error:
        mark = error.problem_mark
        name = re.search(r'found duplicate key "(.*?)"', str(error.problem))
        field = name[1] if name else ""
        raise YamlFileError(path, mark.line + 1, mark.column + 1, field, "is given twice") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise YamlFileError(path, line, column, "", f"not valid YAML: {what}") from error
    except ReaderError as error:
        line, column = _line_and_column(text[: error.position])
        raise YamlFileError(path, line, column, "", f"a character YAML does not allow: {error.reason}") from error
    except RecursionError as error:
        raise YamlFileError(path, 1, 1, "", "nested too deeply") from error
    if not isinstance(tree, CommentedMap):
        raise YamlFileError(path, 1, 1, "", "the top level must be fields with values, such as `name: Welcome`")
    return Document(file=path, data=plain, tree=tree, source=text, marked=given.startswith(BOM))


def load_validated[M: BaseModel](path: Path, model: type[M]) -> M:
    """Read a YAML file into `model`. Raises YamlFileError on any problem."""
    return load_document(path).validate(model)


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise YamlFileError(path, 1, 1, "", "the file does not exist") from error
    except OSError as error:
        raise YamlFileError(path, 1, 1, "", f"cannot be read: {error.strerror}") from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _line_and_column(error.object[: error.start].decode("utf-8"))
        raise YamlFileError(path, line, column, "", "not UTF-8; save the file as UTF-8") from error


def _line_and_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _position(tree: object, loc: Loc, *, at_key: bool) -> tuple[int, int]:
    """The place of the deepest part of `loc` that is in the file; merged (`<<`) parts stand where they are used."""
    node = tree
    line, column = (node.lc.line or 0, node.lc.col or 0) if isinstance(node, CommentedBase) else (0, 0)
    for depth, part in enumerate(loc):
        if not isinstance(node, CommentedMap | CommentedSeq) or not _has(node, part):
            break
        place = (node.lc.data or {}).get(part)
        if place:
            at_value = isinstance(node, CommentedMap) and not (at_key and depth == len(loc) - 1)
            line, column = place[2:4] if at_value else place[:2]
        node = node[part]
    return line + 1, column + 1


def _plain(path: Path, tree: object) -> Any:
    """The tree as dict, list, str, int, float, bool, date and None."""
    left = MAX_NODES

    def plain(node: object, loc: Loc) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise YamlFileError(path, 1, 1, "", f"more than {MAX_NODES} values")
        if isinstance(node, TaggedScalar) or (isinstance(node, CommentedBase) and node.tag.value):
            line, column = _position(tree, loc, at_key=False)
            raise YamlFileError(path, line, column, _path(loc), f"the tag {node.tag.value} is not understood here")
        if isinstance(node, CommentedMap):
            return {plain(key, loc): plain(value, (*loc, key)) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [plain(item, (*loc, index)) for index, item in enumerate(node)]
        for kind in (bool, str, int, float):
            if isinstance(node, kind):
                return kind(node)
        return node

    return plain(tree, ())


def _has(node: CommentedMap | CommentedSeq, part: str | int) -> bool:
    if isinstance(node, CommentedMap):
        return part in node
    return isinstance(part, int) and 0 <= part < len(node)


def _located(loc: Loc, data: object) -> Loc:
    """`loc` without the parts pydantic adds that are not in the file: names of union members.

    A union member may be named like a field, so of all ways through the file the one that keeps the last part wins,
    then the longest.
    """
    return max(_ways(loc, data), key=lambda way: (way.ends, len(way.loc))).loc


def _parent_of_missing(loc: Loc, data: object) -> Loc:
    """Where the last part of `loc` is missing: the deepest set of fields on the way that has none of that name."""
    *parents, name = loc
    fits = [way for way in _ways(tuple(parents), data) if isinstance(way.node, Mapping) and name not in way.node]
    return max(fits, key=lambda way: len(way.loc)).loc


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One reading of a location: the parts that are in the file, where they lead, whether the last part is one."""

    loc: Loc
    node: object
    ends: bool


def _ways(loc: Loc, node: object) -> Iterator[_Way]:
    if not loc:
        yield _Way(loc=(), node=node, ends=False)
        return
    part, after = loc[0], loc[1:]
    is_key = isinstance(node, Mapping) and part in node
    if is_key or (isinstance(node, list) and isinstance(part, int) and part < len(node)):
        for way in _ways(after, node[part]):  # type: ignore[index]
            yield replace(way, loc=(part, *way.loc), ends=way.ends or not after)
    yield from _ways(after, node)


def _path(loc: Loc) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _known_fields(model: type[BaseModel], loc: Loc, data: object) -> list[str]:
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


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known here: {', '.join(known)}" if known else ""


def _sentence(details: ErrorDetails) -> str:
    """What is wrong, in words for the person who writes the file."""
    kind, given, context = details["type"], _shown(details["input"]), details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        close = difflib.get_close_matches(str(details["input"]), allowed, n=1)
        return f"{given} is not one of {', '.join(allowed)}" + (f'; did you mean "{close[0]}"?' if close else "")
    for start, wanted in KINDS.items():
        if kind.startswith(start):
            is_text = wanted == TEXT and not isinstance(details["input"], Mapping | list)
            return f"{given} is not {wanted}" + ("; put it in quotes" if is_text else "")
    message = details["msg"]
    return message[:1].lower() + message[1:]


def _shown(value: object) -> str:
    """A value as the writer knows it, short enough for one line."""
    if isinstance(value, str):
        return f'"{value if len(value) <= MAX_SHOWN else value[: MAX_SHOWN - 3] + "..."}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a set of fields"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value)
