"""One process's handle on the store: what is stored survives the process, and every call can be its last.

A call gives way before its effect and, where it has one, once more before its answer, so that a kill can fall on either side.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, cast

from bot.sim.watch import Watch
from bot.store.contract import Store, StoreUnavailable

CALLS = frozenset(
    name
    for contract in Store.__mro__
    if contract.__module__.startswith("bot.")
    for name, member in vars(contract).items()
    if not name.startswith("_") and callable(member)
)
READING = frozenset(
    {
        "load", "tracker_tail", "find_conversation", "next_due_at", "outbox_next_at", "messages", "pending_messages", "overview",
        "overviews", "waiting", "agent_load", "last_served", "journal", "episodes", "notes", "counts", "agents", "agent", "setting",
        "consoles", "away", "booked", "first_waits", "flow_book", "flow_versions", "flow_version", "flow_log",
        "flow_counts", "inside", "fresh_notices", "notifications_due", "notifications_next_at", "told_since", "devices", "hooks",
        "untold", "unsent_count", "unsettled", "due_clocks", "outbox_due", "channels_of", "audit_open", "audit_sent",
        "audit_strays", "audit_run", "findings", "finding_counts",
    }
)  # fmt: skip


@types.coroutine
def breathe() -> Generator[None]:
    """Let others go first."""
    yield


def sim_store(store: Store, watch: Watch, away: Callable[[], bool]) -> Store:
    """A handle on `store` for one life of the service."""
    return cast("Store", _Handle(store, watch, away))


class _Handle:
    """Makes each call of the contract as it is first asked for: a life that ends soon asks for few of them."""

    def __init__(self, store: Store, watch: Watch, away: Callable[[], bool]) -> None:
        self._made_of = store, watch, away

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in CALLS:
            raise AttributeError(name)
        store, watch, away = self._made_of
        call = _call(name, getattr(store, name), watch, away)
        setattr(self, name, call)
        return call


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
