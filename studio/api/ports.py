"""What the marketers' API needs of the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from handoff.api import ConsoleParts
from nurture.flow import Flow
from studio.contacts.importing import Surroundings
from studio.publishing import Publishing


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioParts:
    """`console` is shared with the console's API: one sign-in for both. `flows` gives the flows as they stand;
    `hooks_changed` is told of new and changed subscriptions, `clocks_changed` when clocks were set. `surroundings` is what an
    import needs, `home` the folder where uploads are kept. `publishing` changes which flows hold (None: nobody may)."""

    console: ConsoleParts
    flows: Callable[[], Mapping[str, Flow]]
    surroundings: Callable[[], Surroundings]
    home: Path
    hooks_changed: Callable[[], None] = lambda: None
    publishing: Publishing | None = None
    clocks_changed: Callable[[], None] = lambda: None
