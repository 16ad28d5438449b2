"""Events that a program tells: they start flows, fill slots, reach goals, once each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.marketing import ApiKey
from studio.api.keys import new_token, sha256
from tests.service.serving import START, serving
from tests.service.test_flow_publishing import Marketer
from tests.service.test_flow_versions import flow_words, greeted

CART = """\
name: Cart
version: 1
goal: They bought.
trigger: {event: cart_left, where: {country: [PT, ES], big: true}, remember: {item: product}}
goal_when: {event: bought}
quiet_hours: none
steps:
  - {id: hi, say: "Still thinking about {{ product | default('it') }}?", purpose: help}
  - {id: pause, wait: 1d}
  - {id: more, say: "Last one, promise.", purpose: help}
"""
LEFT = {"country": "pt", "big": True, "item": "the red mug"}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Marketer]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "cart.yml").write_text(CART)
    async with serving(tmp_path, flows=tmp_path / "flows") as world:
        token = new_token()
        await world.service.store.add_key(ApiKey(key_id="k", name="shop", token_sha256=sha256(token), created_at=START))
        yield Marketer(world=world, token=token)


def told(name: str, number: int = 1, **properties: object) -> dict[str, object]:
    prospect = {"channel": "rest", "external_id": "ann"}
    return {"prospect": prospect, "name": name, "external_id": f"order-{number}", "properties": properties}


async def test_an_event_with_fitting_properties_starts_its_flow_once(shop: Marketer) -> None:
    ann = await greeted(shop.world, "ann")
    await shop.world.wind(minutes=5)
    status, first = await shop.ask("POST", "events", told("cart_left", **LEFT))
    assert (status, first["new"], first["flows"]) == (201, True, ["cart"])
    status, again = await shop.ask("POST", "events", told("cart_left", **LEFT))
    assert (status, again["new"], again["event"]) == (200, False, first["event"])
    await shop.world.wind(minutes=1)
    assert await flow_words(shop.world, ann) == ["Still thinking about the red mug?"]
    assert (await shop.world.state(ann)).slots["product"] == "the red mug"


@pytest.mark.parametrize("wrong", [{"country": "DE"}, {"big": False}, {"name": "cart_seen"}])
async def test_an_event_that_does_not_fit_starts_nothing(shop: Marketer, wrong: dict[str, object]) -> None:
    ann = await greeted(shop.world, "ann")
    body = told("cart_left", **{**LEFT, **{k: v for k, v in wrong.items() if k != "name"}})
    status, answered = await shop.ask("POST", "events", {**body, **({"name": wrong["name"]} if "name" in wrong else {})})
    assert (status, answered["flows"]) == (201, [])
    assert not (await shop.world.state(ann)).enrolments


async def test_an_event_reaches_a_goal_and_what_it_holds_is_not_journalled(shop: Marketer) -> None:
    ann = await greeted(shop.world, "ann")
    await shop.ask("POST", "events", told("cart_left", **LEFT))
    await shop.world.wind(hours=1)
    await shop.ask("POST", "events", told("bought", 2, item="the red mug"))
    [enrolment] = (await shop.world.state(ann)).enrolments
    assert (enrolment.status, enrolment.end_reason) == ("done", "goal")
    await shop.world.wind(days=2)
    assert len(await flow_words(shop.world, ann)) == 1
    lines = await shop.world.service.store.journal(ann)
    assert [line.entry.data["name"] for line in lines if line.entry.kind == "prospect.happened"] == ["cart_left", "bought"]
    assert "mug" not in str([line.entry.data for line in lines])


async def test_an_event_from_before_the_flow_began_is_no_goal(shop: Marketer) -> None:
    ann = await greeted(shop.world, "ann")
    await shop.ask("POST", "events", told("bought"))
    await shop.ask("POST", "events", told("cart_left", 2, **LEFT))
    assert len((await shop.world.state(ann)).live_enrolments) == 1


async def test_what_is_wrong_is_refused_with_its_field(shop: Marketer) -> None:
    await greeted(shop.world, "ann")
    for body, field in (
        (told("Cart left"), "name"),
        ({**told("cart_left"), "properties": {"a": [1]}}, "properties"),
        ({**told("cart_left"), "at": "2036-01-01T00:00:00Z"}, "at"),
        ({**told("cart_left"), "colour": 1}, "colour"),
    ):
        status, refused = await shop.ask("POST", "events", body)
        assert status == 400
        assert refused["error"]["field"].startswith(field)
    unknown = {**told("cart_left"), "prospect": {"channel": "rest", "external_id": "nobody"}}
    assert (await shop.ask("POST", "events", unknown))[0] == 404
    await shop.ask("POST", "events", told("cart_left"))
    assert (await shop.ask("POST", "events", told("bought")))[0] == 409


async def test_somebody_who_opted_out_is_not_started(shop: Marketer) -> None:
    ann = await greeted(shop.world, "ann")
    async with shop.world.client.post("/webhooks/rest/webhook", json={"sender": "ann", "message": "stop"}):
        await shop.world.settle()
    status, answered = await shop.ask("POST", "events", told("cart_left", **LEFT))
    assert (status, answered["flows"]) == (201, [])
    assert not (await shop.world.state(ann)).live_enrolments
