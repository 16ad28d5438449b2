"""The audit in a whole service: it finds what is lost, sets it again, tells of it, and leaves the rest alone."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from bot import logs
from bot.core.audit import ROWS, Finding
from bot.core.events import AgentGaveBack, AgentTook
from bot.core.model import ClockKind, Owner
from bot.settings import Settings
from bot.store import SqlStore
from bot.store.contract import Agent
from bot.store.tables import clocks, messages
from tests.service.serving import START, World, serving


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        yield world


async def run_sql(world: World, *statements: Any) -> None:
    """Behind the service's back."""
    store = world.service.store
    assert isinstance(store, SqlStore)

    def job(conn: sa.Connection) -> None:
        for statement in statements:
            conn.execute(statement)

    await store._write.run(job)


async def only(world: World) -> str:
    [overview] = await world.service.store.overviews(view="all")
    return overview.conversation_id


async def kept(world: World) -> list[tuple[str, str | None]]:
    """Code and outcome of every finding, oldest first."""
    return [(f.finding.code, f.outcome) for f in reversed(await world.service.store.findings(limit=99))]


async def test_a_lost_turn_is_found_and_the_person_is_answered(world: World) -> None:
    async with world.visitor() as anna:
        world.service.clocks._stopping = True
        await anna.say("hi there")
        await world.service.store.ping()
        conversation_id = await only(world)
        await run_sql(world, sa.delete(clocks))
        assert await world.service.auditor.look()
        state = await world.state(conversation_id)
        assert {c.kind for c in state.clocks} == {ClockKind.TURN, ClockKind.PROMISE}
        assert sorted(await kept(world)) == [("promise_no_clock", "repaired"), ("unheard_no_turn", "repaired")]
        assert await world.service.auditor.look()
        assert len(await kept(world)) == 2
        assert "audit.repaired" in [line.entry.kind for line in await world.service.store.journal(conversation_id)]


async def test_the_auditor_runs_by_itself(world: World) -> None:
    async with world.service.hub.subscribe("console") as news, asyncio.timeout(10):
        world.time.set(START + timedelta(seconds=15))
        while (await news.get())["type"] != "audit":
            pass
    assert (await world.service.store.audit_run()).ran_at == START + timedelta(seconds=15)


async def test_an_ordinary_day_has_no_findings(world: World) -> None:
    async with world.visitor() as anna:
        for words in ("hi", "i sell candles", "person please", "how much is it", "stop"):
            await anna.say(words)
            await world.wind(seconds=50)
        await world.wind(hours=30)
        await world.service.auditor.look()
    assert await kept(world) == []


async def test_what_cannot_be_undone_is_told_once(world: World) -> None:
    async with world.visitor() as anna:
        await anna.say("hi")
        await world.settle()
        await anna.say("i sell candles")
        await world.settle()
    await run_sql(world, sa.update(messages).where(messages.c.status == "sent").values(external_id="same"))
    world.time.set(world.time.now() + timedelta(minutes=5))
    await world.service.auditor.look()
    doubles = [code for code, _ in await kept(world)]
    assert doubles
    assert set(doubles) == {"sent_twice"}
    await run_sql(world, sa.text("UPDATE audits SET marks = '{}'"))
    await world.service.auditor.look()
    assert [code for code, _ in await kept(world)] == doubles
    assert all(outcome is None for _, outcome in await kept(world))


async def test_an_overdue_clock_is_told_wakes_who_should_have_fired_it_and_is_over_when_it_did(world: World) -> None:
    woken = []
    world.service.auditor.late = lambda: woken.append(True)
    async with world.visitor() as anna:
        world.service.clocks._stopping = True
        await anna.say("hi")
        conversation_id = await only(world)
        world.time.set(START + timedelta(seconds=119))
        await world.service.auditor.look()
        assert await kept(world) == [], "it has not run long enough to say so"
        world.time.set(START + timedelta(seconds=300))
        await world.service.auditor.look()
        assert sorted(await kept(world)) == [("promise_overdue", None), ("turn_overdue", None)]
        assert woken
        await run_sql(world, sa.update(clocks).values(due_at=START + timedelta(hours=1)))
        await world.service.auditor.look()
        assert sorted(await kept(world)) == [("promise_overdue", "over"), ("turn_overdue", "over")]
        assert (await world.state(conversation_id)).owner is Owner.BOT


async def test_only_one_process_looks_at_a_time(world: World) -> None:
    store, now = world.service.store, world.time.now()
    assert await store.audit_begin(holder="another", now=now, until=now + timedelta(seconds=60)) is not None
    assert not await world.service.auditor.look()


async def test_the_numbers_are_exported(world: World) -> None:
    store = world.service.store
    await store.add_findings([Finding(code="sent_twice", at=START, conversation_id="c", key="1")], now=START)
    await store.add_findings([Finding(code="turn_overdue", at=START, conversation_id="c")], now=START)
    async with world.client.get("/metrics") as response:
        numbers = dict(line.rsplit(" ", 1) for line in (await response.text()).splitlines() if not line.startswith("#"))
    assert float(numbers['warmline_violations_total{row="I4"}']) >= 1
    assert numbers['warmline_violations_open{row="I1"}'] == "1.0"
    assert numbers['warmline_violations_open{row="I4"}'] == "0.0"
    assert {f'warmline_violations_total{{row="{row}"}}' for row in ROWS} <= numbers.keys()
    assert numbers["warmline_audit_age_seconds"] == "+Inf"
    await world.service.auditor.look()
    world.time.set(world.time.now() + timedelta(seconds=7))
    async with world.client.get("/metrics") as response:
        assert "warmline_audit_age_seconds 7.0" in await response.text()


async def test_an_agent_above_capacity_is_told_until_it_is_over(world: World) -> None:
    """As when an admin lowers what somebody may hold who holds that much already."""
    service, sam = world.service, Agent(agent_id="a_sam", email="s@example.com", name="Sam", role="agent", password_hash="")
    await service.store.add_agent(sam)
    async with world.visitor() as anna, world.visitor() as ben:
        await anna.say("can i talk to a person")
        await ben.say("can i talk to a person")
        await world.settle()
    waiting = [one.conversation_id for one in await service.store.waiting()]
    for conversation_id in waiting:
        await service.conversations.handle(conversation_id, AgentTook(agent=sam.ref))
    await service.auditor.look()
    assert await kept(world) == []
    await service.store.update_agent(replace(sam, capacity=1))
    await service.auditor.look()
    assert await kept(world) == [("over_capacity", None)]
    await service.conversations.handle(waiting[0], AgentGaveBack(agent=sam.ref, summary=""))
    await service.auditor.look()
    assert await kept(world) == [("over_capacity", "over")]


# ---- the guard of the logs ------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Callable[[], str]:
    logs.configure(Settings(log="json"))
    written = io.StringIO()
    structlog.configure(cache_logger_on_first_use=False, logger_factory=structlog.PrintLoggerFactory(written))
    return written.getvalue


def test_a_log_line_keeps_what_is_plain_and_leaves_out_what_tells(lines: Callable[[], str]) -> None:
    before = logs.refused_fields()
    plain = {"conversation_id": "c_01ab", "ms": 1.5, "seq": 3, "path": "/api/console/me", "error": "TimeoutError", "new": True}
    structlog.get_logger().info(
        "turn.committed", **plain, text="xylophone", note_of="a broken xylophone", first_name="Anna", x=None
    )
    [written] = lines().splitlines()
    assert '"ms": 1.5' in written
    assert "c_01ab" in written
    assert "xylophone" not in written
    assert "Anna" not in written
    after = logs.refused_fields()
    assert {name: after[name] - before.get(name, 0) for name in ("text", "note_of", "first_name")} == {
        "text": 1,
        "note_of": 1,
        "first_name": 1,
    }
    assert "conversation_id" not in after


def test_a_logged_exception_tells_kind_and_place_and_not_the_words_it_quotes(lines: Callable[[], str]) -> None:
    try:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise ValueError("not a number: 'my xylophone'") from error
    except ValueError:
        structlog.get_logger().exception("turn.failed", conversation_id="c_1")
    [written] = lines().splitlines()
    assert "xylophone" not in written
    assert "No space left on device" in written
    assert "builtins.ValueError" in written
    assert "test_audit.py:" in written


async def test_a_refused_field_becomes_a_finding(world: World, lines: Callable[[], str]) -> None:
    structlog.get_logger().info("x.y", password="hunter2")
    await world.service.auditor.look()
    assert ("log_field", None) in await kept(world)
    assert "hunter2" not in lines()
