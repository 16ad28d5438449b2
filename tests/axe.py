"""axe in a page: what breaks WCAG 2.2 A and AA, as it stands or in every width and theme."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.async_api import Page

PHONE, DESK = 390, 1360
HEIGHT = 860
ALL: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The only rules that a theme can change: themes share their markup and sizes."""


async def violations(page: Page, rules: dict[str, Any] = ALL) -> list[str]:
    """What axe holds against the page as it stands."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_script())
    found = await page.evaluate("(options) => axe.run(options)", {**rules, "resultTypes": ["violations"]})
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:240]}" for one in found["violations"] for node in one["nodes"]
    ]


async def violations_in_every_look(page: Page) -> list[str]:
    """The same on a phone and at a desk, light and dark. The page is left at a desk's width, light."""
    found = []
    for width in (PHONE, DESK):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme, rules in zip(("dark", "light"), (COLOURS, ALL), strict=True):
            await page.emulate_media(color_scheme=scheme)
            found += [f"{width} px, {scheme}: {one}" for one in await violations(page, rules)]
    return found


@cache
def _script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
