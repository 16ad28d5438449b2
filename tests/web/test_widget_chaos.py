"""Seeded trouble: lines cut, sockets refused, confirmations lost, pages reloaded, two tabs.

Nothing is lost, doubled or out of order.
"""

from __future__ import annotations

import random

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.web.fake.talks import Talk, until
from tests.web.fake.warmline import FakeWarmline

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

STEPS = 40


async def ready(page: Page, address: str) -> None:
    await page.goto(address)
    await page.evaluate("Warmline.open()")
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_visible()


async def trouble(fake: FakeWarmline, talk: Talk, tabs: list[Page], address: str, rng: random.Random) -> list[str]:
    """One thing happens. Gives what the prospect wrote."""
    what = rng.choices(["say", "answer", "cut", "refuse", "allow", "hold", "reload"], weights=[8, 6, 3, 1, 3, 2, 1])[0]
    tab = rng.choice(tabs)
    if what == "say":
        words = f"said {rng.randrange(10**9)}"
        await tab.get_by_role("textbox", name="Write a message").fill(words)
        await tab.keyboard.press("Enter")
        return [words]
    if what == "answer":
        await fake.says(talk, "bot", f"answered {rng.randrange(10**9)}")
    elif what == "cut":
        await fake.drop_sockets()
    elif what == "reload":
        await ready(tab, address)
    elif what == "hold":
        fake.hold_stored = fake.echo_own = not fake.hold_stored
    else:
        fake.refuse_sockets = what == "refuse"
    return []


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_is_lost_doubled_or_out_of_order(
    context: BrowserContext, address: str, fake: FakeWarmline, seed: int
) -> None:
    rng = random.Random(seed)
    tabs = [await context.new_page(), await context.new_page()]
    for tab in tabs:
        await ready(tab, address)
        await expect(tab.locator("#warmline h2")).to_have_text("Mia")
    talk = fake.only
    written: list[str] = []
    for _ in range(STEPS):
        written += await trouble(fake, talk, tabs, address, rng)
    fake.refuse_sockets = fake.hold_stored = False
    fake.echo_own = True
    await fake.drop_sockets()
    for tab in tabs:
        await tab.evaluate("window.dispatchEvent(new Event('online'))")

    def stored() -> list[str]:
        return [m["text"] for m in talk.messages if m["speaker"] == "prospect"]

    await until(lambda: len(stored()) >= len(written))
    for tab in tabs:
        await expect(tab.locator("#warmline .fate.wait")).to_have_count(0)
        await expect(tab.locator("#warmline .bubble")).to_have_text([m["text"] for m in talk.messages])
    assert stored() == written
    assert len(fake.talks) == 1
