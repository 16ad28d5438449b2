"""What is wrong with a file, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.core.model import WarmlineError


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
