"""One body of Messenger tells of many people: they are heard side by side, each in their order, and all or the body is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from bot.channels.base import Inlet, Ports
from bot.channels.facebook.channel import PEOPLE_AT_ONCE, FacebookChannel
from bot.channels.facebook.translate import NAME, Echo, Happening, Read
from bot.core.model import Arrival, Identity
from bot.store.contract import Echoed, StoreUnavailable, TakenIn

AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


class Slow:
    """An inlet whose calls wait until as many people are heard as may be at once."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.together = asyncio.Barrier(PEOPLE_AT_ONCE)
        self.away: set[str] = set()
        self.known: set[str] = set()

    async def arrivals(self, arrivals: list[Arrival]) -> list[TakenIn]:
        return []

    async def new_echoes(self, echoes: Collection[Echoed]) -> frozenset[Echoed]:
        return frozenset((key, external_id) for key, external_id in echoes if key not in self.known)

    async def echo(self, *, key: str, external_id: str) -> bool:
        person = key.partition("/")[0]
        if key.endswith("/0"):
            await self.together.wait()
        if person in self.away:
            raise StoreUnavailable("away")
        self.calls.append((person, external_id))
        return True

    async def seen(self, identity: Identity, *, up_to_seq: int | None, at: datetime) -> None:
        self.calls.append((identity.external_id, "seen"))


def channel(inlet: Slow) -> FacebookChannel:
    made = FacebookChannel(cast("Any", None), verify="v", secret="s", app_id=None, quiet=True)
    made._ports = cast("Ports", type("P", (), {"inlet": cast("Inlet", inlet)})())
    return made


def echo(person: str, number: int) -> Echo:
    return Echo(
        identity=Identity(channel=NAME, external_id=person),
        external_id=f"m{number}",
        key=f"{person}/{number}",
        app_id=None,
        text="",
        at=AT,
    )


def body() -> list[Happening]:
    people = [f"p{n}" for n in range(PEOPLE_AT_ONCE)]
    read = [Read(identity=Identity(channel=NAME, external_id=person), at=AT) for person in people]
    return [*(echo(person, 0) for person in people), *(echo(person, 1) for person in people), *read]


async def test_twenty_echoes_one_after_the_other_took_longer_than_the_platform_waits() -> None:
    inlet = Slow()
    async with asyncio.timeout(10):
        await channel(inlet)._take(body())
    assert len(inlet.calls) == 3 * PEOPLE_AT_ONCE
    for number in range(PEOPLE_AT_ONCE):
        assert [what for person, what in inlet.calls if person == f"p{number}"] == ["m0", "m1", "seen"]


async def test_what_cannot_be_stored_for_one_refuses_the_body_and_the_others_are_heard() -> None:
    inlet = Slow()
    inlet.away = {"p3"}
    with pytest.raises(StoreUnavailable):
        async with asyncio.timeout(10):
            await channel(inlet)._take(body())
    assert {person for person, _ in inlet.calls} == {f"p{n}" for n in range(PEOPLE_AT_ONCE)} - {"p3"}


async def test_echoes_that_tell_nothing_new_cost_one_look() -> None:
    inlet = Slow()
    inlet.known = {f"p{n}/{number}" for n in range(PEOPLE_AT_ONCE) for number in range(2)}
    await channel(inlet)._take(body())
    assert {what for _, what in inlet.calls} == {"seen"}
