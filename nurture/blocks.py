"""Reusable blocks: a few steps in a file of their own, put into a flow by `use`, with parameters.

A block is put in as it stands, its steps renamed: the first one is called as the step that uses it, the others have that name in
front of theirs. Whatever is wrong inside is told with its place in the block's file; what is wrong about how it is used, with its
place in the flow's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from bot.yamlfile import Document, Loc, YamlFileError, load_document
from nurture.shapes import NAME, File, Name

FOLDER = "blocks"
PARAMETER = re.compile(r"\$\{\s*([^}]*?)\s*\}")
TARGETS = frozenset({"then", "goto", "accepted", "declined", "on_silence", "otherwise", "on_failure"})
"""Fields that name a step."""
GOES_ON = frozenset({"say", "ask", "offer", "wait", "score", "tag", "untag", "handoff", "webhook"})
"""Kinds of steps that lead to the next one unless `then` says otherwise."""

type Value = str | int | float | bool
type Find = Callable[[str], Document | None]


class BlockFile(File):
    """A block. A parameter has a value to fall back on; one without (null) must be given."""

    name: str = Field(min_length=1)
    parameters: dict[Name, str | int | float | bool | None] = {}
    steps: list[dict[str, Any]] = Field(min_length=1)


class UseFile(File):
    """A step that stands for the steps of a block."""

    id: Name
    use: Name
    with_: dict[Name, str | int | float | bool] = Field({}, alias="with")
    then: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Document):
    """A flow's document with the steps of its blocks in place.

    `origins` says of each step from where it is; `blocks` are the texts of those used, by name.
    """

    origins: tuple[tuple[Document, int], ...] = ()
    blocks: Mapping[str, str] = field(default_factory=dict)

    def home(self, loc: Loc) -> tuple[Document, Loc]:
        """The document that a value stands in, and where."""
        if len(loc) > 1 and loc[0] == "steps" and isinstance(loc[1], int) and loc[1] < len(self.origins):
            document, index = self.origins[loc[1]]
            return document, ("steps", index, *loc[2:])
        return self, loc


def in_folder(flow: Path) -> Find:
    """Finds blocks beside a flow's file."""

    def find(name: str) -> Document | None:
        path = flow.parent / FOLDER / f"{name}.yml"
        return load_document(path) if path.exists() else None

    return find


def among(flow: Path, texts: Mapping[str, str]) -> Find:
    """Finds blocks among texts."""

    def find(name: str) -> Document | None:
        return load_document(flow.parent / FOLDER / f"{name}.yml", texts[name]) if name in texts else None

    return find


def with_blocks(document: Document, find: Find) -> Document:
    """The document with the blocks it uses in place; itself if it uses none. Raises YamlFileError."""
    steps = document.data.get("steps")
    if not isinstance(steps, list) or not any(isinstance(step, dict) and "use" in step for step in steps):
        return document
    laid: list[Any] = []
    origins: list[tuple[Document, int]] = []
    blocks: dict[str, str] = {}
    problems: list[YamlFileError] = []
    for index, step in enumerate(steps):
        if not (isinstance(step, dict) and "use" in step):
            laid.append(step)
            origins.append((document, index))
            continue
        try:
            block, put = _put(document, index, step, find)
        except YamlFileError as error:
            problems += [error, *error.others]
            continue
        blocks[str(step["use"])] = block.whole
        laid += put
        origins += [(block, number) for number in range(len(put))]
    if problems:
        raise YamlFileError.gather(problems)
    return Whole(
        file=document.file, data={**document.data, "steps": laid}, tree=document.tree, source=document.source,
        marked=document.marked, origins=tuple(origins), blocks=blocks,
    )  # fmt: skip


def _put(document: Document, index: int, step: Mapping[str, Any], find: Find) -> tuple[Document, list[Any]]:
    """The block that this step uses, and its steps as they are put in."""
    loc: Loc = ("steps", index)
    document.under(loc, UseFile)
    use = UseFile.model_validate(step)
    block = find(use.use)
    if block is None:
        raise document.error((*loc, "use"), f'there is no block "{use.use}"; it would be {FOLDER}/{use.use}.yml')
    file = block.validate(BlockFile)
    problems = list(_given_problems(document, loc, use, file))
    problems += [
        block.error(("steps", number, "use"), "a block cannot use another one")
        for number, inner in enumerate(file.steps)
        if "use" in inner
    ]
    if problems:
        raise YamlFileError.gather(problems)
    values = {**file.parameters, **use.with_}
    names = {
        str(inner.get("id")): use.id if number == 0 else f"{use.id}_{inner.get('id')}" for number, inner in enumerate(file.steps)
    }
    put = [_filled(block, ("steps", number), inner, names, values) for number, inner in enumerate(file.steps)]
    last = put[-1]
    if use.then is not None and "then" not in last and GOES_ON & set(last):
        last["then"] = use.then
    return block, put


def _given_problems(document: Document, loc: Loc, use: UseFile, file: BlockFile) -> Iterator[YamlFileError]:
    for name in use.with_:
        if name not in file.parameters:
            yield document.error(
                (*loc, "with", name), f"the block has no such parameter{_near(name, file.parameters)}", at_key=True
            )
    for name, value in file.parameters.items():
        if value is None and name not in use.with_:
            yield document.error((*loc, "with"), f"the block needs {name}")


def _filled(block: Document, loc: Loc, node: Any, names: Mapping[str, str], values: Mapping[str, Value | None]) -> Any:
    """A copy with parameters filled in, and the steps of the block called as they are in the flow."""
    if isinstance(node, dict):
        filled = {}
        for key, inner in node.items():
            is_name = isinstance(inner, str) and (key in TARGETS or (key == "id" and len(loc) == 2))
            filled[key] = names[inner] if is_name and inner in names else _filled(block, (*loc, key), inner, names, values)
        return filled
    if isinstance(node, list):
        return [_filled(block, (*loc, number), inner, names, values) for number, inner in enumerate(node)]
    return _with_values(block, loc, node, values) if isinstance(node, str) else node


def _with_values(block: Document, loc: Loc, text: str, values: Mapping[str, Value | None]) -> Value:
    for name in PARAMETER.findall(text):
        if not NAME.fullmatch(name) or name not in values:
            raise block.error(loc, f'the block has no parameter "{name}"{_near(name, values)}')
    alone = PARAMETER.fullmatch(text)
    if alone is not None:
        return values[alone[1]]  # type: ignore[return-value]
    return PARAMETER.sub(lambda found: _shown(values[found[1]]), text)


def _shown(value: Value | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""
