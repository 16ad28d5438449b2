"""A visitor at the widget and an agent at the console, each in a browser of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.e2e.wordings import either, phrase

ASKED = ("getting_someone_offline", "getting_someone_online", "wait_known", "wait_in_line", "line_known")
ARRIVED = re.compile("Sent$|Seen$")


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody on the demo page."""

    page: Page

    async def open(self, address: str) -> None:
        """Go to the page and open the chat."""
        await self.page.goto(address)
        await self.page.get_by_role("button", name="Chat with us").click()
        await expect(self.box).to_be_visible()

    @property
    def widget(self) -> Locator:
        """All of the widget."""
        return self.page.locator("#warmline")

    @property
    def box(self) -> Locator:
        """Where one writes."""
        return self.page.get_by_role("textbox", name="Write a message")

    @property
    def name(self) -> Locator:
        """Whom one talks with."""
        return self.widget.locator("h2")

    @property
    def standing(self) -> Locator:
        """The line under the name."""
        return self.widget.locator(".standing")

    @property
    def bubbles(self) -> Locator:
        """Everything said, in order."""
        return self.widget.locator(".bubble")

    @property
    def bot(self) -> Locator:
        """What the bot said."""
        return self.widget.locator("li.message.bot .bubble")

    @property
    def person(self) -> Locator:
        """What a person of the team said."""
        return self.widget.locator("li.message.agent .bubble")

    @property
    def replies(self) -> Locator:
        """The quick replies on offer."""
        return self.widget.get_by_role("group", name="Quick replies").get_by_role("button")

    @property
    def dots(self) -> Locator:
        """The other side is typing."""
        return self.widget.locator(".dots")

    async def say(self, text: str) -> None:
        """Write and send."""
        await self.box.fill(text)
        await self.box.press("Enter")
        await expect(self.widget.locator("li.message.prospect .bubble").last).to_have_text(text)

    async def hears(self, said: re.Pattern[str] | str) -> None:
        """The bot's latest words are these."""
        await expect(self.bot.last).to_have_text(said)

    async def transcript(self) -> list[str]:
        """Everything said, in order."""
        return await self.bubbles.all_inner_texts()

    async def asks_for_a_person(self) -> None:
        """Say hello's opposite: the shortest way into the queue. Returns once the answer is on the screen."""
        await self.say("can i talk to a person?")
        await self.hears(either(*map(phrase, ASKED)))
        await expect(self.standing).to_have_text("Finding a person for you…")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Somebody at the console."""

    page: Page

    async def sign_in(self, address: str, email: str, password: str) -> None:
        """Sign in and see the desk, online."""
        await self.page.goto(f"{address}/console")
        await self.page.get_by_label("Email").fill(email)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("switch", name="Online")).to_be_checked()

    @property
    def rows(self) -> Locator:
        """The conversations in the list."""
        return self.page.locator("a.row")

    @property
    def title(self) -> Locator:
        """Whom the open conversation is with."""
        return self.page.locator("#conversation-title")

    @property
    def talk(self) -> Locator:
        """The messages of the open conversation."""
        return self.page.get_by_role("log", name="Messages")

    @property
    def card(self) -> Locator:
        """What is known of the prospect."""
        return self.page.locator("aside.card")

    @property
    def reply(self) -> Locator:
        """Where the agent writes."""
        return self.page.locator("#reply")

    @property
    def notices(self) -> Locator:
        """The notices in the corner."""
        return self.page.locator(".notice")

    @property
    def typing(self) -> Locator:
        """Who else is typing."""
        return self.page.locator("p.typing")

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog")

    def fact(self, label: str) -> Locator:
        """A line under "What we know"."""
        return self.card.locator("dl > div", has=self.page.get_by_text(label, exact=True)).locator("dd")

    def section(self, title: str) -> Locator:
        """A part of the card."""
        return self.card.locator("section", has=self.page.get_by_role("heading", name=title, exact=True))

    async def open(self, which: int = 0) -> None:
        """Open a conversation of the list."""
        await self.rows.nth(which).click()
        await expect(self.talk.locator(".bubble").first).to_be_visible()

    async def open_newest(self) -> None:
        """Open the conversation that asked for a person last, whoever else still waits."""
        items = (await self.api("GET", "conversations?view=queue"))["items"]
        newest = max(items, key=lambda item: item["episode"]["requested_at"])
        await self.page.locator(f'a.row[data-id="{newest["id"]}"]').click()
        await expect(self.talk.locator(".bubble").first).to_be_visible()

    async def take(self) -> None:
        """Take the open conversation."""
        await self.page.get_by_role("button", name="Take").click()
        await expect(self.reply).to_be_focused()

    async def write(self, text: str) -> None:
        """Write to the prospect and see it sent."""
        await self.reply.fill(text)
        await self.reply.press("Enter")
        await expect(self.talk.locator("li.agent", has_text=text)).to_contain_text(ARRIVED)

    async def give_back(self, summary: str = "We talked it through.") -> None:
        """Give the open conversation back to the bot."""
        await self.page.get_by_role("button", name="Give back").click()
        await self.dialog.get_by_label("What should the bot and the next person know?").fill(summary)
        await self.dialog.get_by_role("button", name="Give back", exact=True).click()
        await expect(self.dialog).to_have_count(0)

    async def api(self, method: str, path: str, body: object = None) -> Any:
        """Call the console's API with this agent's own session, as the page does."""
        answer = await self.page.request.fetch(
            f"{self.page.url.split('/console')[0]}/api/console/{path}", method=method, data=body, headers={"X-Warmline": "1"}
        )
        assert answer.ok, await answer.text()
        return await answer.json()
