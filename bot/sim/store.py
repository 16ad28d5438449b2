"""One process's handle on the store: what is stored survives the process, and every call can be its last.

A call gives way before its effect and, where it has one, once more before its answer, so that a kill can fall on either side.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, cast

from bot.sim.watch import Watch
from bot.store.contract import Store, StoreUnavailable

CALLS = tuple(
    dict.fromkeys(
        name
        for contract in Store.__mro__
        if contract.__module__.startswith("bot.")
        for name, member in vars(contract).items()
        if not name.startswith("_") and callable(member)
    )
)
READING = frozenset(
    {
        "load", "tracker_tail", "find_conversation", "next_due_at", "outbox_next_at", "messages", "pending_messages", "overview",
        "overviews", "waiting", "agent_load", "last_served", "journal", "episodes", "notes", "counts", "agents", "agent", "setting",
        "consoles", "away", "booked", "first_waits", "flow_book", "flow_versions", "flow_version", "flow_log",
        "flow_counts", "inside",
    }
)  # fmt: skip


@types.coroutine
def breathe() -> Generator[None]:
    """Let others go first."""
    yield


def sim_store(store: Store, watch: Watch, away: Callable[[], bool]) -> Store:
    """A handle on `store` for one life of the service."""
    handle = types.SimpleNamespace()
    for name in CALLS:
        setattr(handle, name, _call(name, getattr(store, name), watch, away))
    return cast("Store", handle)


def _call(name: str, inner: Callable[..., Coroutine[Any, Any, Any]], watch: Watch, away: Callable[[], bool]) -> Callable[..., Any]:
    watched: Callable[..., Callable[[Any], None]] | None = getattr(watch, f"on_{name}", None)

    async def reading(*args: Any, **kwargs: Any) -> Any:
        await breathe()
        if away():
            raise StoreUnavailable("the database is away")
        result = await inner(*args, **kwargs)
        if watched is not None:
            watched(*args, **kwargs)(result)
        return result

    async def writing(*args: Any, **kwargs: Any) -> Any:
        await breathe()
        if away():
            raise StoreUnavailable("the database is away")
        happened = watched(*args, **kwargs) if watched is not None else None
        result = await inner(*args, **kwargs)
        if happened is not None:
            happened(result)
        await breathe()
        return result

    return reading if name in READING else writing
