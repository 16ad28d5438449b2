"""An agent presses send: how long until the prospect sees it. Console and widget in one Chromium, so one clock tells both."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.async_api import Page, expect

from bench.chromium import chromium, open_chat, say, sign_in
from bench.crowd import percentile
from bench.rows import Row
from bench.warmline import Warmline

NO_GRAPH = "http://127.0.0.1:9"

PRESSED = """() => {
  window.pressed = [];
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") window.pressed.push(performance.timeOrigin + performance.now());
  }, { capture: true });
}"""
SHOWN = """() => {
  window.shown = {};
  const host = document.querySelector("#warmline");
  const root = host.shadowRoot ?? host;
  new MutationObserver(() => {
    const bubbles = [...root.querySelectorAll("li.agent .bubble")].map((one) => one.textContent);
    // Drawn with the frame that follows; the task after it is the first moment at which the words stand there.
    requestAnimationFrame(() => setTimeout(() => {
      for (const text of bubbles) window.shown[text] ??= performance.timeOrigin + performance.now();
    }));
  }).observe(root, { childList: true, subtree: true, characterData: true });
}"""


async def to_screen(*, messages: int = 200) -> Row:
    """One agent and one prospect, one message after the other, `warmline up` beside them."""
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        warmline = Warmline(Path(folder) / "home", graph_url=NO_GRAPH)
        try:
            await warmline.start()
            async with chromium() as browser:
                console, demo = [await (await browser.new_context()).new_page() for _ in range(2)]
                times = sorted(await _talk(console, demo, warmline, messages))
        finally:
            warmline.end()
    p50, p95, worst = percentile(times, 0.5), percentile(times, 0.95), times[-1]
    return Row(
        name="An agent's message on the prospect's screen",
        warmline=f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, worst {worst:.0f} ms",
        rasa="no desk",
        ratio=None,
        note=(
            f"{messages} messages, one after the other, from the agent's Enter in the console to the frame in which the widget "
            "shows them; `warmline up` on SQLite, synced, and both pages in one Chromium on the same processors."
        ),
        data={"messages": messages, "ms": [round(time, 1) for time in times]},
    )


async def _talk(console: Page, demo: Page, warmline: Warmline, messages: int) -> list[float]:
    email, password = (warmline.home / "first-sign-in.txt").read_text().split()
    await sign_in(console, warmline.base_url, email, password)
    await open_chat(demo, warmline.base_url)
    await say(demo, "can i talk to a person?")
    await console.locator("a.row").first.click()
    await console.get_by_role("button", name="Take").click()
    await expect(console.locator("#reply")).to_be_focused()
    await demo.evaluate(SHOWN)
    await console.evaluate(PRESSED)
    for number in range(messages):
        await console.keyboard.insert_text(f"message {number}.")
        await console.keyboard.press("Enter")
        await demo.wait_for_function("(text) => text in window.shown", arg=f"message {number}.")
    pressed: list[float] = await console.evaluate("window.pressed")
    shown: dict[str, float] = await demo.evaluate("window.shown")
    return [shown[f"message {number}."] - at for number, at in enumerate(pressed)]
