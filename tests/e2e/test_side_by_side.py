"""The widget at one service and the desk at another, on one PostgreSQL."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import beside
from tests.e2e.driving import Agent, Visitor
from tests.e2e.hosting import Hosted
from tests.e2e.running import Warmline
from tests.postgres import Postgres

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_people_meet_whichever_service_they_are_at(
    everyday: Warmline, postgres: Postgres, tmp_path: Path, visitor: Visitor, agent: Agent
) -> None:
    async with postgres.database() as url, AsyncExitStack() as stack:
        a, b = [
            await stack.enter_async_context(
                Hosted(home=tmp_path / name, settings={**beside(everyday), "database_url": url}).running()
            )
            for name in "ab"
        ]
        await agent.sign_in(b.address, *a.first_sign_in)
        await visitor.open(a.address)
        await visitor.asks_for_a_person()
        await expect(agent.notices.filter(has_text="Someone asked for a person.")).to_be_visible()
        await agent.open()
        await agent.take()
        await expect(visitor.standing).to_have_text("Alex is talking with you")
        await agent.reply.press_sequentially("Hi, ")
        await expect(visitor.widget.get_by_role("status").filter(has_text="Alex is typing")).to_be_attached()
        await agent.write("Hi, Alex here, at another machine.")
        await expect(visitor.person).to_have_text(["Hi, Alex here, at another machine."])
        await visitor.box.press_sequentially("good")
        await expect(agent.typing).to_be_visible()
        await visitor.say("good to meet you")
        await expect(agent.talk.locator("li.prospect .bubble").last).to_have_text("good to meet you")
        await visitor.page.close()
        await agent.page.close()
