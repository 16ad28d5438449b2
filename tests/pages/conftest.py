"""The console's pages in Chromium, over a real service whose clock stands still, with an admin and an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.axe import DESK
from tests.chromium import PATIENCE_MS
from tests.service.desks import Console, console
from tests.service.outside import Receiver, receiving
from tests.service.serving import ROOT, World, serving

PASSWORD = "correct horse battery"


@dataclass
class Office:
    """The service, who works there, a push service, and a browser."""

    world: World
    alex: Console
    sam: Console
    push: Receiver
    promises: Path
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where pages are; browsers hold it for safe."""
        return f"http://localhost:{self.world.client.server.port}"

    async def look(
        self,
        where: str,
        who: Console | None = None,
        *,
        width: int = DESK,
        scheme: Any = "light",
        axe: bool = False,
        still: bool = False,
    ) -> Page:
        """A page of somebody who has signed in; `still` if the browser's clock stands as the service's does."""
        page = await self._page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=axe)
        if still:
            await page.clock.set_fixed_time(self.world.time.now())
        await page.goto(f"{self.address}/console{where}")
        await page.get_by_label("Email").fill((who or self.alex).agent.email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("switch", name="Online")).to_be_visible()
        return page

    async def chat(self) -> Page:
        """A visitor with the chat open."""
        page = await self._page(viewport={"width": 1000, "height": 800})
        await page.goto(self.address)
        await page.get_by_role("button", name="Chat with us").click()
        await expect(page.get_by_role("textbox", name="Write a message")).to_be_visible()
        return page

    async def _page(self, **more: Any) -> Page:
        context = await self.browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce", **more)
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return await context.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path, browser: Browser) -> AsyncIterator[Office]:
    path = tmp_path / "config" / "promises.yml"
    path.parent.mkdir()
    path.write_bytes((ROOT / "promises.yml").read_bytes())
    async with AsyncExitStack() as stack:
        push = await stack.enter_async_context(receiving())
        world = await stack.enter_async_context(serving(tmp_path, promises=path, push_services="127.0.0.1"))
        alex = await stack.enter_async_context(console(world, "Alex", "admin"))
        sam = await stack.enter_async_context(console(world, "Sam"))
        made = Office(world, alex, sam, push, path, browser)
        yield made
        for context in made.contexts:
            await context.close()
        assert made.complaints == []
