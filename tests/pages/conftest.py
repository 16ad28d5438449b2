"""The console's pages in Chromium, over a real service whose clock stands still, with an admin and an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.service.desks import Console, console
from tests.service.outside import Receiver, receiving
from tests.service.serving import ROOT, World, serving

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PASSWORD = "correct horse battery"
AXE: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PHONE, DESK = 390, 1360


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser or built pages there is nothing to look at."""
    missing = [str(path) for path in (CHROMIUM, ROOT / "web/dist/console/index.html") if not path.exists()]
    for item in items:
        if missing and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"the pages are not built or no browser is there: {', '.join(missing)}"))


@dataclass
class Office:
    """The service, who works there, a push service, and a browser."""

    world: World
    alex: Console
    sam: Console
    push: Receiver
    promises: Path
    browser: Browser
    complaints: list[str]

    @property
    def address(self) -> str:
        """Where pages are; browsers hold it for safe."""
        return f"http://localhost:{self.world.client.server.port}"

    async def look(
        self, where: str, who: Console | None = None, *, width: int = DESK, scheme: Any = "light", axe: bool = False
    ) -> Page:
        """A page of somebody who has signed in."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900}, locale="en-GB", timezone_id="Europe/Berlin", color_scheme=scheme,
            reduced_motion="reduce", bypass_csp=axe,
        )  # fmt: skip
        context.set_default_timeout(8000)
        self._listen(context)
        page = await context.new_page()
        await page.goto(f"{self.address}/console{where}")
        await page.get_by_label("Email").fill((who or self.alex).agent.email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("switch", name="Online")).to_be_visible()
        return page

    def _listen(self, context: BrowserContext) -> None:
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    async def violations(self, page: Page) -> list[str]:
        """What axe finds."""
        found = await Axe().run(page, options=AXE)
        return [
            f"{v['id']}: {n['html'][:140]} {n['failureSummary'][:160]}" for v in found.response["violations"] for n in v["nodes"]
        ]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path, chromium: Browser) -> AsyncIterator[Office]:
    path = tmp_path / "config" / "promises.yml"
    path.parent.mkdir()
    path.write_bytes((ROOT / "promises.yml").read_bytes())
    async with AsyncExitStack() as stack:
        push = await stack.enter_async_context(receiving())
        world = await stack.enter_async_context(serving(tmp_path, promises=path, push_services="127.0.0.1"))
        alex = await stack.enter_async_context(console(world, "Alex", "admin"))
        sam = await stack.enter_async_context(console(world, "Sam"))
        made = Office(world, alex, sam, push, path, chromium, [])
        yield made
        for context in tuple(chromium.contexts):
            await context.close()
        assert made.complaints == []
