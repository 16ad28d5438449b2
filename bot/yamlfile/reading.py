"""Reading a YAML file with its positions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from bot.yamlfile.document import BOM, Document
from bot.yamlfile.errors import YamlFileError
from bot.yamlfile.places import Loc, line_and_column, path_of, position

MAX_NODES = 100_000
"""Values in one file, aliases counted each time they are used; keeps a small file from unfolding into a huge one."""


def load_document(path: Path, text: str | None = None) -> Document:
    """Read a YAML file whose top level is a mapping (an empty file is an empty one). `text` is read in place of the file's.

    Raises YamlFileError: missing or unreadable file, not UTF-8, not YAML, duplicate keys, tags, endless nesting.
    """
    given = read_text(path) if text is None else text
    text = given.removeprefix(BOM)
    yaml = YAML(typ="rt")
    try:
        tree = yaml.load(text)
        if tree is None:
            tree = CommentedMap()
        plain = plain_values(path, tree)
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
        line, column = line_and_column(text[: error.position])
        raise YamlFileError(path, line, column, "", f"a character YAML does not allow: {error.reason}") from error
    except RecursionError as error:
        raise YamlFileError(path, 1, 1, "", "nested too deeply") from error
    if not isinstance(tree, CommentedMap):
        raise YamlFileError(path, 1, 1, "", "the top level must be fields with values, such as `name: Welcome`")
    return Document(file=path, data=plain, tree=tree, source=text, marked=given.startswith(BOM))


def load_validated[M: BaseModel](path: Path, model: type[M]) -> M:
    """Read a YAML file into `model`. Raises YamlFileError on any problem."""
    return load_document(path).validate(model)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8. Raises YamlFileError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise YamlFileError(path, 1, 1, "", "the file does not exist") from error
    except OSError as error:
        raise YamlFileError(path, 1, 1, "", f"cannot be read: {error.strerror}") from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = line_and_column(error.object[: error.start].decode("utf-8"))
        raise YamlFileError(path, line, column, "", "not UTF-8; save the file as UTF-8") from error


def plain_values(path: Path, tree: object) -> Any:
    """The tree as dict, list, str, int, float, bool, date and None."""
    left = MAX_NODES

    def plain(node: object, loc: Loc) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise YamlFileError(path, 1, 1, "", f"more than {MAX_NODES} values")
        if isinstance(node, TaggedScalar) or (isinstance(node, CommentedBase) and node.tag.value):
            line, column = position(tree, loc, at_key=False)
            raise YamlFileError(path, line, column, path_of(loc), f"the tag {node.tag.value} is not understood here")
        if isinstance(node, CommentedMap):
            return {plain(key, loc): plain(value, (*loc, key)) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [plain(item, (*loc, index)) for index, item in enumerate(node)]
        for kind in (bool, str, int, float):
            if isinstance(node, kind):
                return kind(node)
        return node

    return plain(tree, ())
