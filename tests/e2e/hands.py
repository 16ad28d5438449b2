"""Agents by how they work: with the keyboard alone, or by touch on a phone."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import expect

from tests.e2e.driving import ARRIVED, Agent


@dataclass(frozen=True, kw_only=True)
class ByKeys(Agent):
    """Never touches a mouse."""

    async def sign_in(self, address: str, email: str, password: str) -> None:
        """Sign in and see the desk, online."""
        await self.page.goto(f"{address}/console")
        await self.page.get_by_label("Email").focus()
        for words, key in ((email, "Tab"), (password, "Enter")):
            await self.page.keyboard.type(words)
            await self.page.keyboard.press(key)
        await expect(self.page.get_by_role("switch", name="Online")).to_be_checked()

    async def open_one(self, conversation_id: str, view: str = "Queue") -> None:
        """Open this conversation of a list."""
        await self.page.get_by_role("link", name=view).press("Enter")
        await expect(self.page.locator(f'a.row[data-id="{conversation_id}"]')).to_be_attached()
        await self.page.keyboard.press("Escape")
        rows = await self.rows.count()
        for key in ["k"] * rows + ["j"] * rows:
            await self.page.keyboard.press(key)
            if str(await self.page.evaluate("location.hash")).endswith(conversation_id):
                break
        await expect(self.talk.locator(".bubble").first).to_be_visible()

    async def take(self) -> None:
        """Take the open conversation."""
        await self.page.keyboard.press("t")
        await expect(self.reply).to_be_focused()

    async def compose(self, text: str) -> None:
        """Write and do not send. In the text, Shift+Enter is a line's end."""
        await self.page.keyboard.press("Escape")
        await self.page.keyboard.press("r")
        first, *others = text.split("\n")
        await self.page.keyboard.type(first)
        for line in others:
            await self.page.keyboard.press("Shift+Enter")
            await self.page.keyboard.type(line)

    async def write(self, text: str) -> None:
        """Write to the prospect and see it sent."""
        await self.compose(text)
        await self.page.keyboard.press("Enter")
        await expect(self.talk.locator("li.agent", has_text=text.split("\n")[-1])).to_contain_text(ARRIVED)

    async def pass_on(self, name: str, note: str) -> None:
        """Pass the open conversation on to a colleague."""
        await self.page.keyboard.press("Escape")
        await self.page.keyboard.press("p")
        await self.dialog.get_by_role("radio", name=name).press("Space")
        await self.dialog.get_by_label("What should they know?").focus()
        await self.page.keyboard.type(note)
        await self.dialog.get_by_role("button", name="Pass on").press("Enter")
        await expect(self.dialog).to_have_count(0)

    async def give_back(self, summary: str = "We talked it through.") -> None:
        """Give the open conversation back to the bot."""
        await self.page.keyboard.press("Escape")
        await self.page.keyboard.press("g")
        await self.dialog.get_by_label("What should the bot and the next person know?").focus()
        await self.page.keyboard.type(summary)
        await self.dialog.get_by_role("button", name="Give back", exact=True).press("Enter")
        await expect(self.dialog).to_have_count(0)


@dataclass(frozen=True, kw_only=True)
class ByTouch(Agent):
    """Has a phone, on which panes replace each other."""

    async def open_one(self, conversation_id: str) -> None:
        """Open this conversation of the list."""
        back = self.page.get_by_role("link", name="Back to the list")
        if await back.is_visible():
            await back.tap()
        row = self.page.locator(f'a.row[data-id="{conversation_id}"]')
        await row.tap()
        await expect(self.title).to_be_focused()
        await expect(row).to_be_hidden()
        await expect(self.talk.locator(".bubble").first).to_be_visible()

    async def take(self) -> None:
        """Take the open conversation."""
        await self.page.get_by_role("button", name="Take").tap()
        await expect(self.reply).to_be_focused()

    async def leave_note(self, text: str) -> None:
        """Leave a note on the card of the open conversation, and come back to it."""
        await self.page.get_by_role("link", name="Show the card").tap()
        await self.card.get_by_label("A note for the team").fill(text)
        await self.card.get_by_role("button", name="Save note").tap()
        await expect(self.section("Notes")).to_contain_text(text)
        await self.page.get_by_role("link", name="Back to the conversation").tap()
        await expect(self.card).to_be_hidden()
