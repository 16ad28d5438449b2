"""A YAML file that was read, and its complaints."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.comments import CommentedMap

from bot.yamlfile.errors import YamlFileError
from bot.yamlfile.fields import known_fields
from bot.yamlfile.places import Loc, located, parent_of_missing, path_of, position
from bot.yamlfile.sentences import did_you_mean, sentence

BOM = "\ufeff"


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
        line, column = position(home.tree, loc, at_key=at_key)
        return YamlFileError(home.file, line, column, path_of(loc), message)

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
                YamlFileError(
                    one.file, one.line, one.column, f"{path_of(loc)}.{one.field}" if one.field else path_of(loc), one.message
                )
                for one in (error, *error.others)
            ]
            raise YamlFileError.gather(told) from error

    def line(self, loc: Loc) -> int:
        """The line of the value at `loc`, counted from 1."""
        return self.place(loc)[0]

    def place(self, loc: Loc) -> tuple[int, int]:
        """The line and column of the value at `loc`, counted from 1."""
        home, loc = self.home(loc)
        return position(home.tree, loc, at_key=False)

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
            parent = parent_of_missing(details["loc"], self.data)
            return self.error((*parent, details["loc"][-1]), "is missing")
        loc = located(details["loc"], self.data)
        if kind == "extra_forbidden":
            known = known_fields(model, loc[:-1], self.data)
            return self.error(loc, f"unknown field{did_you_mean(str(loc[-1]), known)}", at_key=True)
        return self.error(loc, sentence(details))
