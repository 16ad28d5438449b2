"""What a person wrote in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.model import Heard, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What the person just wrote and how it was read."""

    heard: Sequence[Heard]
    reading: Reading
