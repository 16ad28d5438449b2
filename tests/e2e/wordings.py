"""What the bot may say, as patterns, read from the files it says it from: flows, domain and promises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
VALUE = re.compile(r"\{\{.*?\}\}|\{\w+\}")


@cache
def _file(name: str) -> Any:
    return YAML(typ="safe").load((ROOT / name).read_text())


def _pattern(variants: Sequence[str]) -> re.Pattern[str]:
    """One bubble of any of the variants, with anything where a value is put in."""
    bubbles = [bubble.strip() for variant in variants for bubble in re.split(r"\n\s*\n", variant)]
    return re.compile("^(?:" + "|".join(".+".join(map(re.escape, VALUE.split(bubble))) for bubble in bubbles) + ")$")


def either(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    """Any of these."""
    return re.compile("|".join(one.pattern for one in patterns))


def flow(step: str, *, again: bool = False, name: str = "welcome") -> re.Pattern[str]:
    """A step of a flow; `again` is how it asks a second time."""
    found = next(one for one in _file(f"flows/{name}.yml")["steps"] if one["id"] == step)
    return _pattern(found["again"] if again else found.get("say") or found.get("ask") or found["offer"])


def response(name: str) -> re.Pattern[str]:
    """A response of the domain."""
    return _pattern([variant["text"] for variant in _file("domain.yml")["responses"][name]])


def phrase(name: str) -> re.Pattern[str]:
    """One of Warmline's own phrases."""
    return _pattern(_file("promises.yml")["phrases"][name])


def choices() -> list[str]:
    """The titles of the four choices under "nobody came"."""
    return list(_file("promises.yml")["choices"].values())
