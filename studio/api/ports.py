"""What the marketers' API needs of the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handoff.api import ConsoleParts
from nurture.flow import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioParts:
    """`console` is shared with the console's API: one sign-in for both. `flows` gives the flows as they stand;
    `hooks_changed` is told of new and changed subscriptions."""

    console: ConsoleParts
    flows: Callable[[], Mapping[str, Flow]]
    hooks_changed: Callable[[], None] = lambda: None
