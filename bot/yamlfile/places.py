"""Where a value stands in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq

type Loc = tuple[str | int, ...]


def line_and_column(before: str) -> tuple[int, int]:
    """The place of what comes after this text, counted from 1."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def position(tree: object, loc: Loc, *, at_key: bool) -> tuple[int, int]:
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


def _has(node: CommentedMap | CommentedSeq, part: str | int) -> bool:
    if isinstance(node, CommentedMap):
        return part in node
    return isinstance(part, int) and 0 <= part < len(node)


def located(loc: Loc, data: object) -> Loc:
    """`loc` without the parts pydantic adds that are not in the file: names of union members.

    A union member may be named like a field, so of all ways through the file the one that keeps the last part wins,
    then the longest.
    """
    return max(_ways(loc, data), key=lambda way: (way.ends, len(way.loc))).loc


def parent_of_missing(loc: Loc, data: object) -> Loc:
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


def path_of(loc: Loc) -> str:
    """A place as people write it: `steps[2].wait`."""
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
