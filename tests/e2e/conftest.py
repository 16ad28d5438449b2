"""Real `warmline up` processes and a real browser in front of them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from tests.chromium import PATIENCE_MS
from tests.e2e.driving import Agent, Visitor
from tests.e2e.hosting import Hosted
from tests.e2e.running import ROOT, Warmline

DESK: ViewportSize = {"width": 1280, "height": 800}
SITE: ViewportSize = {"width": 1100, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
MOST_BYTES = 250_000
FOR_THE_README = frozenset({"widget", "desk", "talking", "person", "give-back", "nobody-came", "phone", "desk-dark"})
NOT_SIGNED_IN = "Failed to load resource: the server responded with a status of 401"

type Scheme = Literal["light", "dark"]
type Look = Callable[..., Awaitable[Page]]
type Shot = Callable[[Page, str], Awaitable[None]]
type Install = Callable[..., Awaitable[Hosted]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(240))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def everyday(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Warmline]:
    """Warmline as one command starts it, with every setting at its default."""
    warmline = Warmline(home=tmp_path_factory.mktemp("everyday"))
    await warmline.start()
    yield warmline
    await warmline.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def instant(everyday: Warmline, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hosted]:
    """An installation that answers without pacing, for tests whose people do not meet each other."""
    async with Hosted(home=tmp_path_factory.mktemp("instant"), settings=beside(everyday)).running() as hosted:
        yield hosted


@pytest_asyncio.fixture(loop_scope="session")
async def install(everyday: Warmline, tmp_path: Path) -> AsyncIterator[Install]:
    """Makes an installation for this test alone: `install(pacing="human", promises=...)`."""
    async with AsyncExitStack() as stack:

        async def make(*, may_complain: bool = False, **settings: str) -> Hosted:
            made = Hosted(home=tmp_path / "home", settings={**beside(everyday), **settings}, may_complain=may_complain)
            return await stack.enter_async_context(made.running())

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(everyday: Warmline, tmp_path: Path) -> AsyncIterator[Warmline]:
    """A `warmline up` for this test alone, to be killed."""
    warmline = Warmline(home=tmp_path / "home", settings=beside(everyday))
    await warmline.start()
    yield warmline
    await stop_if_running(warmline)


def beside(everyday: Warmline) -> dict[str, str]:
    """Settings of an installation that shares the brain of the first: loading Rasa takes most of a start."""
    return {"pacing": "instant", "brain_socket": everyday.brain_socket}


async def stop_if_running(warmline: Warmline) -> None:
    """A test that failed in between may have left nothing to stop."""
    if warmline.runs:
        await warmline.stop()


@pytest.fixture
def forgiven() -> list[str]:
    """Beginnings of console complaints that belong to what is tested; a console always asks first who is signed in."""
    return [NOT_SIGNED_IN]


@pytest_asyncio.fixture(loop_scope="session")
async def look(browser: Browser, forgiven: list[str]) -> AsyncIterator[Look]:
    """A page in a browser profile of its own. Whatever its console complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    async def open_page(size: ViewportSize = DESK, scheme: Scheme = "light", **more: object) -> Page:
        settings = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "reduced_motion": "reduce", **more}
        context = await browser.new_context(viewport=size, color_scheme=scheme, **settings)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", heard)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return await context.new_page()

    yield open_page
    for context in contexts:
        await context.close()
    assert [one for one in complaints if not one.startswith(tuple(forgiven))] == []


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(look: Look) -> Visitor:
    """Somebody on a laptop."""
    return Visitor(page=await look(SITE))


@pytest_asyncio.fixture(loop_scope="session")
async def agent(look: Look) -> Agent:
    """Somebody at the desk."""
    return Agent(page=await look(DESK))


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    """Takes a picture; with WARMLINE_SCREENSHOTS set, those that the README shows go to that folder."""
    folder = os.environ.get("WARMLINE_SCREENSHOTS")

    async def take(page: Page, name: str) -> None:
        path = (ROOT / folder if folder and name in FOR_THE_README else tmp_path) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=path, animations="disabled", caret="hide")
        assert path.stat().st_size < MOST_BYTES, f"{path} is too heavy"

    return take
