"""Several services and one page: together they stay within its budgets, and what one learns of a channel the others know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import budget
from bot.budget import MESSENGER, Rate
from bot.channels.base import Retry, Sent, Unknown
from bot.circuit import FAILURES, Phase
from bot.core.model import Delivery, Identity, Say, Speaker
from bot.hub import Frame, Hub
from bot.lines import Lines
from bot.peers import Peers
from bot.roll import BEAT_S, SILENT, Roll
from bot.store.contract import Outgoing
from bot.time import HandTime

START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
FACEBOOK = "facebook"
PROBE = Outgoing(
    message_id=99, conversation_id="c", identity=Identity(channel=FACEBOOK, external_id="p1"),
    say=Say(speaker=Speaker.BOT, text="hi"), key="k", delivery=Delivery.QUEUED, attempts=0, error=None, stale=False,
    window_closes_at=None, opted_out_at=None, last_inbound_at=None,
)  # fmt: skip


class Air:
    """In the place of a database between services: what one says, the others hear at once."""

    def __init__(self) -> None:
        self.wires: list[Radio] = []


class Radio:
    """`bot.wire.Wire`."""

    shared = True

    def __init__(self, air: Air) -> None:
        self._air, self.hears = air, True
        self._heard: Callable[[str, Frame], None] = lambda _topic, _frame: None
        air.wires.append(self)

    def publish(self, topic: str, frame: Frame) -> None:
        for other in self._air.wires if self.hears else ():
            if other is not self and other.hears:
                other._heard(topic, dict(frame))

    async def run(self, heard: Callable[[str, Frame], None], missed: Callable[[], None]) -> None:
        self._heard = heard
        await asyncio.get_running_loop().create_future()

    async def listening(self) -> None:
        return

    async def stop(self) -> None:
        self.hears = False


class Nobody:
    """In the place of workers and staff."""

    def __init__(self) -> None:
        self.told, self.on_turned_away = 0, lambda: None

    def wake(self) -> None:
        return

    def heard(self) -> None:
        return

    def turned_away_elsewhere(self) -> None:
        self.told += 1


class Town:
    """Services on one database."""

    def __init__(self) -> None:
        self.time, self.air = HandTime(START), Air()
        self.running: list[asyncio.Task[None]] = []
        self.nobodies: dict[str, Nobody] = {}

    async def comes(self, name: str) -> tuple[Peers, Lines, Radio]:
        lines, radio = Lines({FACEBOOK: MESSENGER}, Random(name)), Radio(self.air)
        nobody = self.nobodies[name] = Nobody()
        workers = {"clocks": cast("Any", nobody), "delivery": cast("Any", nobody)}
        peers = Peers(radio, Hub(), cast("Any", nobody), lines, self.time, name=name, **workers)
        self.running.append(asyncio.create_task(peers.run()))
        await self.settle()
        await peers.listening(1.0)
        await self.settle()
        return peers, lines, radio

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def wind(self, seconds: float) -> None:
        for _ in range(int(seconds / BEAT_S)):
            self.time.set(self.time.now() + timedelta(seconds=BEAT_S))
            await self.settle()


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    for task in town.running:
        task.cancel()
    await asyncio.gather(*town.running, return_exceptions=True)


def most_in_a_second(lines: Lines) -> float:
    page = lines[FACEBOOK]._budgets.page  # type: ignore[union-attr]
    return page.burst + page.per_s


@given(services=st.integers(1, 40))
def test_all_shares_together_stay_within_the_page(services: int) -> None:
    share = budget.shared(MESSENGER, services)

    def together(rate: Rate) -> float:
        return services * (rate.burst + rate.per_s)

    assert together(share.page) <= 300 + 1e-6
    assert services > 5 or together(share.media) <= 10 + 1e-6
    assert share.thread == MESSENGER.thread


async def test_who_comes_is_known_at_once_and_who_goes_leaves_its_share(town: Town) -> None:
    one, lines_of_one, _ = await town.comes("one")
    assert most_in_a_second(lines_of_one) == 300
    two, lines_of_two, _ = await town.comes("two")
    assert (one.services, two.services) == (2, 2)
    assert most_in_a_second(lines_of_one) + most_in_a_second(lines_of_two) == 300
    await two.stop()
    assert (one.services, most_in_a_second(lines_of_one)) == (1, 300)


async def test_who_dies_without_a_word_leaves_its_share_after_some_beats(town: Town) -> None:
    one, lines, _ = await town.comes("one")
    _, _, radio = await town.comes("two")
    radio.hears = False
    await town.wind(SILENT.total_seconds() - 2 * BEAT_S)
    assert one.services == 2
    await town.wind(3 * BEAT_S)
    assert (one.services, most_in_a_second(lines)) == (1, 300)


async def test_who_hears_nobody_does_not_take_the_whole(town: Town) -> None:
    await town.comes("one")
    two, lines, radio = await town.comes("two")
    radio.hears = False
    await town.wind(3 * SILENT.total_seconds())
    assert (two.services, most_in_a_second(lines)) == (2, 150)


async def test_a_channel_that_one_finds_broken_is_left_alone_by_all_until_one_finds_it_well(town: Town) -> None:
    _, here, _ = await town.comes("one")
    _, there, _ = await town.comes("two")
    now = town.time.now()
    for number in range(FAILURES):
        here[FACEBOOK].learn(number, Unknown(error="timeout"), now)
    assert here[FACEBOOK].circuit.phase is there[FACEBOOK].circuit.phase is Phase.OPEN
    assert there[FACEBOOK].free_at(now) >= here[FACEBOOK].free_at(now) > now

    at = here[FACEBOOK].free_at(now)
    assert here[FACEBOOK].take(PROBE, at) is None
    here[FACEBOOK].learn(PROBE.message_id, Sent(external_id="m"), at)
    assert here[FACEBOOK].circuit.phase is there[FACEBOOK].circuit.phase is Phase.CLOSED


async def test_what_one_turned_away_may_have_been_an_echo_for_another_and_is_told_once_a_second(town: Town) -> None:
    await town.comes("one")
    await town.comes("two")
    one, two = town.nobodies["one"], town.nobodies["two"]
    for _ in range(20):
        one.on_turned_away()
    assert (one.told, two.told) == (0, 1)
    town.time.set(town.time.now() + timedelta(seconds=1))
    one.on_turned_away()
    assert (one.told, two.told) == (0, 2)


async def test_a_rate_error_at_one_quiets_all(town: Town) -> None:
    _, here, _ = await town.comes("one")
    _, there, _ = await town.comes("two")
    here[FACEBOOK].learn(1, Retry(error="rate", after_s=30.0), town.time.now())
    assert there[FACEBOOK].free_at(town.time.now()) >= town.time.now() + timedelta(seconds=30)


def test_a_clock_that_is_set_back_keeps_nobody_on_the_roll_for_as_long() -> None:
    roll = Roll()
    roll.heard("two", START + timedelta(hours=1))
    assert roll.count(START) == 2
    assert roll.count(START + SILENT) == 1
