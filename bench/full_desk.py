"""The console of a team that has 50 000 conversations: how soon it stands there, what it takes up, and whether it stutters."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from playwright.async_api import Browser, Page, expect

from bench.chromium import chromium, sign_in
from bench.handoffs import serving
from bench.processes import POLL_S
from bench.rows import Row
from bench.to_screen import NO_GRAPH
from bench.warmline import Warmline
from bot.store.contract import Store

LONG_TASK_MS = 50
"""From here on a task counts as long (W3C Long Tasks); a frame that waits for it is seen to be late."""
CHUNK = 5000

WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: true });
  const look = () => {
    if (document.querySelector("a.row")) window.usableAt = performance.now();
    else requestAnimationFrame(look);
  };
  look();
}"""
TO_THE_END = """async (count) => {
  const scroller = document.querySelector(".scroller");
  window.longTasks.length = 0;
  const begun = performance.now();
  const known = () => Number(document.querySelector("li[aria-setsize]").getAttribute("aria-setsize"));
  while (known() < count) {
    scroller.scrollTop = scroller.scrollHeight;
    await new Promise(requestAnimationFrame);
  }
  return { ms: performance.now() - begun, long: [...window.longTasks] };
}"""
SCROLLED = """async (frames) => {
  const scroller = document.querySelector(".scroller");
  scroller.scrollTop = 0;
  await new Promise(requestAnimationFrame);
  window.longTasks.length = 0;
  for (let frame = 0; frame < frames; frame++) {
    scroller.scrollTop += frame % 60 === 59 ? scroller.scrollHeight / 10 : 300;
    await new Promise(requestAnimationFrame);
  }
  return [...window.longTasks];
}"""


async def full_desk(*, conversations: int = 50_000, loads: int = 5, live: int = 40, frames: int = 600) -> Row:
    """First paint and usable list from several loads in fresh profiles; then all is scrolled through, and some write meanwhile."""
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        await _fill(home, conversations)
        warmline = Warmline(home, graph_url=NO_GRAPH)
        try:
            await warmline.start()
            async with chromium() as browser:
                page = await (await browser.new_context()).new_page()
                await sign_in(page, warmline.base_url, *(home / "first-sign-in.txt").read_text().split())
                signed_in: Any = await page.context.storage_state()
                await page.context.close()
                opened = [await _opened(browser, warmline.base_url, signed_in) for _ in range(loads)]
                seen = await _scrolled(browser, warmline.base_url, signed_in, conversations, live=live, frames=frames)
        finally:
            warmline.end()
    paint, usable = (median(one[at] for one in opened) for at in (0, 1))
    loading, idle, busy = seen["loading"]["long"], seen["scrolling"], seen["while_they_write"]
    return Row(
        name=f"Console with {conversations} conversations",
        warmline=(
            f"first paint {paint:.0f} ms, list {usable:.0f} ms, {seen['heap_mib']:.0f} MiB with all of them, "
            f"long tasks {len(idle)} scrolling, {len(busy)} while {live} write"
        ),
        rasa="no desk",
        ratio=None,
        note=(
            f"`warmline up` on SQLite and Chromium on the same processors. First paint and first row of the list of all, median of "
            f"{loads} fresh profiles, from navigation. Then the list is scrolled to its end, {conversations} rows in "
            f"{seen['loading']['ms'] / 1000:.0f} s ({len(loading)} long tasks, {_worst(loading)}), and scrolled up and down for "
            f"{frames} frames, alone ({_worst(idle)}) and while {live} visitors write ({_worst(busy)}). A task is long from "
            f"{LONG_TASK_MS} ms on. Memory: the page's JavaScript heap."
        ),
        data={"opened_ms": opened, **seen},
    )


def _worst(tasks: list[float]) -> str:
    return f"worst {max(tasks, default=0):.0f} ms"


async def _opened(browser: Browser, base: str, signed_in: Any) -> tuple[float, float]:
    """(first paint, first row) in milliseconds since navigation."""
    context = await browser.new_context(storage_state=signed_in)
    page = await context.new_page()
    await page.add_init_script(f"({WATCH})()")
    await page.goto(f"{base}/console#/all")
    await page.wait_for_function("() => window.usableAt")
    paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    usable = await page.evaluate("window.usableAt")
    await context.close()
    return paint, usable


async def _scrolled(browser: Browser, base: str, signed_in: Any, conversations: int, *, live: int, frames: int) -> dict[str, Any]:
    page = await (await browser.new_context(storage_state=signed_in)).new_page()
    page.set_default_timeout(0)
    await page.add_init_script(f"({WATCH})()")
    await page.goto(f"{base}/console#/all")
    await expect(page.locator("a.row").first).to_be_visible()
    at_first = await _heap_mib(page)
    loading = await page.evaluate(TO_THE_END, conversations)
    heap = await _heap_mib(page)
    scrolling = await page.evaluate(SCROLLED, frames)
    async with aiohttp.ClientSession() as client:
        sockets = [await client.ws_connect(f"{base}/widget/socket") for _ in range(live)]
        for socket in sockets:
            await socket.send_json({"type": "hello", "token": None, "after": 0})
            await socket.receive()
        for number, socket in enumerate(sockets):
            await socket.send_json({"type": "say", "key": f"key-{number:06}", "text": f"can i talk to a person, {number}?"})
        while_they_write = await page.evaluate(SCROLLED, frames)
    return {
        "loading": loading,
        "scrolling": scrolling,
        "while_they_write": while_they_write,
        "heap_mib": heap,
        "heap_at_first_mib": at_first,
    }


async def _heap_mib(page: Page) -> float:
    """What is left after a collection."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    usage = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return float(usage["usedSize"]) / 1024**2


async def _fill(home: Path, count: int) -> None:
    """One visitor talks with a running service; everybody else is a copy of them."""
    async with serving(home, capacity=4) as (service, base), aiohttp.ClientSession() as client:
        async with client.ws_connect(f"{base}/widget/socket") as socket:
            await socket.send_json({"type": "hello", "token": None, "after": 0})
            await socket.receive()
            for number, text in enumerate(("hey", "i sell handmade candles")):
                await socket.send_json({"type": "say", "key": f"key-{number:06}", "text": text})
                await _answered(socket)
        (first,) = await service.store.overviews(view="all", limit=1)
        await _still(service.store, first.conversation_id)
    with closing(sqlite3.connect(home / "warmline.db")) as conn:
        conn.row_factory = sqlite3.Row
        conn.execute("PRAGMA synchronous = OFF")
        for start in range(1, count, CHUNK):
            _copy(conn, first.conversation_id, range(start, min(count, start + CHUNK)))
            conn.commit()
    # Else the first commit of what is measured would wait for all of this to reach the disk.
    os.sync()


async def _still(store: Store, conversation_id: str) -> None:
    """Until nothing is left to hear or to send: each copy of it would be work for the service that is measured."""
    while True:
        state = (await store.load(conversation_id)).state
        if not (state.unheard or state.promise or state.unsent):
            return
        await asyncio.sleep(POLL_S)


async def _answered(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for frame in socket:
        if (told := frame.json())["type"] == "message" and told["message"]["speaker"] == "bot":
            return


def _copy(conn: sqlite3.Connection, seed: str, numbers: range) -> None:
    """The rows of one person, again for each number, each a minute older than the one before."""
    conversation = conn.execute("SELECT * FROM conversations WHERE conversation_id = ?", (seed,)).fetchone()
    where = {
        "prospects": ("prospect_id", conversation["prospect_id"]),
        "identities": ("external_id", conversation["external_id"]),
        "conversations": ("conversation_id", seed),
        "messages": ("conversation_id", seed),
    }
    for table, (column, value) in where.items():
        # Tables and columns are the constants above.
        rows = [dict(row) for row in conn.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))]
        names = [name for name in rows[0] if (table, name) != ("messages", "message_id")]
        marks = ", ".join("?" * len(names))
        conn.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
            (tuple(row[name] for name in names) for number in numbers for row in _others(rows, number)),
        )


def _others(rows: list[dict[str, Any]], number: int) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {name: _other(name, value, number) for name, value in row.items()}


def _other(name: str, value: Any, number: int) -> Any:
    if value is None or name in ("speaker", "channel", "owner"):
        return value
    if name in ("prospect_id", "external_id", "conversation_id", "key", "client_key"):
        return f"{value}-{number}"
    if name.endswith("_at"):
        return (datetime.fromisoformat(value) - timedelta(minutes=number)).isoformat(timespec="microseconds")
    if name == "profile":
        return f'{{"first_name": "Visitor", "last_name": "{number}"}}'
    return value
