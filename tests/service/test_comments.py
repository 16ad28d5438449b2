"""A comment on a post of the page: answered privately once, by a flow, and a talk from the person's own reply on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.facebook.meaning import meaning
from bot.channels.facebook.translate import Ignored, translate
from bot.core.model import Arrival, Identity, Speaker, Window
from bot.core.window import COMMENT, MESSENGER, SendAs, later, permit
from bot.fakes.graph import events
from bot.fakes.graph.refusals import COMMENT_ANSWERED, COMMENT_NOT_OPEN
from tests.service.paging import Page, open_page
from tests.service.serving import START

POST = "104857600000001_77"
PRICE = """\
name: Price
version: 1
goal: They know what it costs.
trigger: {comment: {words: [price, how much], posts: ["104857600000001_77"]}}
unanswered: 3
steps:
  - {id: hello, say: "Hi, I'm {{ bot_name }}, a bot. You asked about the price.\\n\\nIt's 490 a month.", purpose: inform}
  - id: what
    ask: "What do you sell?"
    slot: business_kind
    expects: {any_text: true}
    silence: {after: 1h, nudge: "No rush.", then: over}
  - {id: thanks, say: "Thanks, good to know.", purpose: help}
  - {id: done, goal: They know.}
  - {id: over, stop: silent}
"""


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "price.yml").write_text(PRICE)
    async for page in open_page(tmp_path, START, flows=tmp_path / "flows"):
        yield page


async def test_a_comment_is_answered_privately_once_and_the_talk_begins_with_their_reply(page: Page) -> None:
    anna = page.graph.person("psid-anna")
    comment_id = await anna.comments("How much is it?", post_id=POST)
    await page.graph.idle()
    await page.world.settle()
    await page.world.wind(seconds=10)

    [text] = page.texts("psid-anna")
    assert text == "Hi, I'm Juno, a bot. You asked about the price.\n\nIt's 490 a month.\n\nWhat do you sell?"
    assert page.graph.comments[comment_id].answered
    state = await page.world.state(await page.conversation("psid-anna"))
    assert state.window is not None
    assert (state.window.opened_by, state.comment_id) == (COMMENT, None)

    await page.world.wind(hours=3)
    assert len(page.texts("psid-anna")) == 1, "nothing more until they write"
    assert [one for one in page.graph.refused if one.operation == "message"] == []


async def test_their_reply_opens_the_window_and_is_taken_as_the_answer(page: Page) -> None:
    anna = page.graph.person("psid-anna")
    await anna.comments("price please", post_id=POST)
    await page.graph.idle()
    await page.world.wind(seconds=10)
    await anna.says("candles")
    await page.graph.idle()
    await page.world.wind(seconds=30)

    state = await page.world.state(await page.conversation("psid-anna"))
    assert state.slots["business_kind"] == "candles"
    assert "Thanks, good to know." in page.texts("psid-anna")
    assert state.window is not None
    assert state.window.opened_by == "message"


async def test_other_comments_are_nobodys_business_and_the_same_one_again_changes_nothing(page: Page) -> None:
    ben, cleo = page.graph.person("psid-ben"), page.graph.person("psid-cleo")
    await ben.comments("lovely photo", post_id=POST)
    await ben.comments("how much is it", post_id="104857600000001_78")
    first = await cleo.comments("price?", post_id=POST)
    await cleo.comments("and the price in euros?", post_id=POST, reply_to=first)
    thread = cleo.thread
    told = events.comment(thread, int(START.timestamp() * 1000), comment_id=first, post_id=POST, text="price?")
    await page.graph.emit(told, "changes")
    await page.graph.idle()
    await page.world.wind(seconds=10)

    assert await page.world.service.store.find_conversation(Identity(channel="facebook", external_id="psid-ben")) is None
    assert len(page.texts("psid-cleo")) == 1


def change(**value: Any) -> list[Any]:
    known = {
        "item": "comment", "verb": "add", "comment_id": "1_2", "post_id": "1_1", "parent_id": "1_1", "from": {"id": "psid"},
        "message": "Price?", "created_time": 1_790_000_000,
    }  # fmt: skip
    return translate({"object": "page", "entry": [{"id": "1", "time": 1, "changes": [{"field": "feed", "value": known | value}]}]})


def test_a_comment_is_translated() -> None:
    [found] = change()

    assert isinstance(found, Arrival)
    assert (found.identity.external_id, found.external_id, found.text) == ("psid", "comment:1_2", "")
    assert found.metadata == {"action": "comment", "comment": {"id": "1_2", "post": "1_1", "text": "Price?"}}
    assert found.sent_at.timestamp() == 1_790_000_000


@pytest.mark.parametrize(
    "value",
    [
        {"verb": "edited"}, {"item": "reaction"}, {"from": {"id": "1"}}, {"from": None}, {"parent_id": "1_9"}, {"comment_id": None},
        {"post_id": 7, "parent_id": [], "message": None, "created_time": "soon"},
    ],
)  # fmt: skip
def test_what_is_no_new_comment_of_a_person_is_ignored(value: dict[str, Any]) -> None:
    assert all(isinstance(one, Ignored) for one in change(**value))


def test_a_comment_opens_no_window_beside_an_open_one_and_a_message_always_does() -> None:
    message = MESSENGER.opened(action="message", at=START)
    comment = MESSENGER.opened(action=COMMENT, at=START + timedelta(hours=1))
    late = MESSENGER.opened(action=COMMENT, at=START + timedelta(hours=30))
    again = Window(opened_at=START + timedelta(days=2), closes_at=START + timedelta(days=3))

    assert later(message, comment) == message
    assert later(message, late) == late
    assert later(late, again) == again
    assert later(None, comment) == comment


def test_a_private_reply_may_leave_for_seven_days_and_through_no_other_channel() -> None:
    def may(days: float, channel: str = "facebook") -> SendAs | None:
        closed = START - timedelta(days=9)
        return permit(
            channel, speaker=Speaker.FLOW, closes_at=closed, last_inbound_at=None, now=START + timedelta(days=days),
            commented_at=START,
        )  # fmt: skip

    assert (may(6.9), may(7), may(1, "widget")) == (SendAs.RESPONSE, None, None)


def test_a_refused_private_reply_is_a_closed_window() -> None:
    for refusal in (COMMENT_ANSWERED, COMMENT_NOT_OPEN):
        assert meaning(refusal.status, refusal.body("t")["error"]).error == "window"  # type: ignore[union-attr]
