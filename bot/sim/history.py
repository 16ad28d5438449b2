"""What happened in a simulation, line by line, and what was broken."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256

_PARTICULARS = re.compile(r"#?\d[\d.]*|'[\w.]+'|\bp\d\S*|\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Line:
    """At `at_s` virtual seconds `who` did or met `what`."""

    at_s: float
    who: str
    what: str

    def __str__(self) -> str:
        whole = int(self.at_s)
        days, hours, minutes, seconds = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
        return f"{days:2}d {hours:02}:{minutes:02}:{seconds:02}.{int((self.at_s - whole) * 1000):03}  {self.who:<12} {self.what}"


@dataclass(frozen=True, slots=True)
class Break:
    """A broken row of the design's table: `what` begins with the row's number."""

    at_s: float
    who: str
    what: str

    @property
    def row(self) -> str:
        """The row: I1 to I9, or `crash`."""
        return self.what.partition(":")[0]

    @property
    def kind(self) -> str:
        """What is broken, whomever and whatever it concerned this time."""
        return _PARTICULARS.sub("·", self.what)


@dataclass(slots=True, kw_only=True)
class Figures:
    """How much happened."""

    heard: int = 0
    commits: int = 0
    delivered: int = 0
    lives: int = 0
    kills: int = 0
    steps: int = 0
    full: int = 0
    """How often an agent wanted to take more than they have room for."""
    excused: int = 0
    """Messages that a person got twice because answer and echo both were lost for longer than `settle_s`."""


@dataclass(slots=True, kw_only=True)
class History:
    """The whole of a run."""

    lines: list[Line] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)

    def text(self) -> str:
        """Every line, in order; the same plan gives the same text, byte for byte."""
        return "".join(f"{line}\n" for line in self.lines)

    def digest(self) -> str:
        """SHA-256 of the text."""
        return sha256(self.text().encode()).hexdigest()
