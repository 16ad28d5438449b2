"""Filtered lists and saved views."""

from __future__ import annotations

import pytest

from bot.core.model import Reason
from tests.handoff.conftest import Office


async def test_open_handoffs_by_risk_and_by_what_they_are(office: Office) -> None:
    sam = await office.sign_in("Sam")
    first = await office.waiting("p1", Reason.COMPLAINT)
    office.time.wind(5)
    second = await office.waiting("p2")
    await sam.post(f"conversations/{second}/take")

    async def listed(query: str) -> list[str]:
        status, body = await sam.get(f"conversations/filtered?{query}")
        assert status == 200
        return [item["id"] for item in body["items"]]

    assert await listed("") == [first, second]
    assert await listed("holder=me") == [second]
    assert await listed("holder=nobody") == [first]
    assert await listed("holder=sam&order=latest") == [second]
    assert await listed("reason=complaint") == [first]
    assert await listed("channel=facebook") == []
    assert await listed("order=latest") == [second, first]
    assert await listed("snoozed=yes") == []


async def test_pages_of_a_filtered_list_follow_each_other(office: Office) -> None:
    sam = await office.sign_in("Sam")
    ids = {await office.waiting(f"p{n}") for n in range(53)}
    _, page = await sam.get("conversations/filtered")
    assert len(page["items"]) == 50
    _, rest = await sam.get(f"conversations/filtered?cursor={page['next']}")
    assert rest["next"] is None
    assert {item["id"] for item in (*page["items"], *rest["items"])} == ids


@pytest.mark.parametrize("query", ["order=odd", "reason=odd", "snoozed=maybe", "cursor=x", f"team={'x' * 81}"])
async def test_a_filter_that_is_none_is_refused_with_its_field(office: Office, query: str) -> None:
    sam = await office.sign_in("Sam")
    status, body = await sam.get(f"conversations/filtered?{query}")
    assert (status, body["error"]["field"]) == (400, query.partition("=")[0])


async def test_each_agent_has_views_of_their_own(office: Office) -> None:
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    view = {"name": "Angry ones", "order": "risk", "channel": "", "reason": "complaint", "team": "", "holder": "", "snoozed": ""}
    assert await sam.post("views", {"views": [view]}, method="PUT") == (200, {"views": [view]})
    assert (await sam.get("views"))[1] == {"views": [view]}
    assert (await mia.get("views"))[1] == {"views": []}
    status, body = await sam.post("views", {"views": [view, {"name": "angry ONES"}]}, method="PUT")
    assert (status, body["error"]["field"]) == (400, "views")
    assert (await sam.post("views", {"views": [{"name": "x", "order": "odd"}]}, method="PUT"))[0] == 400
