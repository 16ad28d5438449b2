"""Segments: what flows name them, who is in them now, and the page by page of it over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Identity, Profile
from bot.store.importing import Contact
from bot.store.marketing import ApiKey
from nurture.flow import Audience, Condition, Flow
from nurture.load import load_flows
from studio.api import segments as api
from studio.api.keys import sha256
from studio.segments import Segment, segments
from tests.service.serving import START, World, serving

KEY = {"Authorization": "Bearer wl_test"}
REST = "steps:\n  - {id: w, wait: 1d}\n  - {id: s, tag: seen}\n"
FLOWS = {
    "back": "trigger: [{tag: quiet}, manual]\naudience: {not_tags: [no_fit], channels: [rest]}\n",
    "pro": "trigger: {segment: {slot: plan, is: [Team, Pro], warmth_at_least: 30, silence: 3d}}\naudience: {tags: [quiet]}\n",
    "also": "trigger: {segment: {tag: quiet}}\n",
}


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    for name, rest in FLOWS.items():
        (folder / f"{name}.yml").write_text(f"name: The {name}\nversion: 1\ngoal: g\n{rest}{REST}", encoding="utf-8")
    return folder


def person(name: str = "ann", **known: Any) -> Contact:
    usual: dict[str, Any] = {"tags": (), "opted_out_at": None, "first_touch": None, "last_touch": None, "profile": Profile()}
    identity = Identity(channel="rest", external_id=name)
    return Contact(**{"conversation_id": name, "identity": identity, "created_at": START, **usual, **known})


def test_the_same_group_is_one_segment_whichever_flows_name_it(flows: Path) -> None:
    found = {one.says: one for one in segments(load_flows(flows))}
    pro = "Plan is pro or team, warmth of 30 or more, silent for 3 days or longer"
    assert list(found) == ["Not tagged no_fit, on rest", pro, "Tagged quiet"]
    uses = [(use.flow_id, use.does.value, use.field) for use in found["Tagged quiet"].uses]
    assert uses == [("also", "starts", "trigger.segment"), ("back", "starts", "trigger.tag"), ("pro", "may_enter", "audience")]
    assert len({one.segment_id for one in found.values()}) == 3


def test_who_is_in_a_segment_is_whom_the_engine_takes_for_it(flows: Path) -> None:
    back, pro, quiet = segments(load_flows(flows))
    known = {"slots": {"plan": "PRO", "warmth": 30}, "last_inbound_at": START - timedelta(days=3)}
    assert pro.has(person(**known), START)
    assert not pro.has(person(**known), START - timedelta(seconds=1))
    assert not pro.has(person(**{**known, "slots": {"plan": "free", "warmth": 90}}), START)
    assert not pro.has(person(**{**known, "last_inbound_at": None}), START)
    assert (quiet.has(person(tags=("quiet",)), START), quiet.has(person(), START)) == (True, False)
    assert (back.has(person(), START), back.has(person(tags=("no_fit",)), START)) == (True, False)
    assert not back.has(person(identity=Identity(channel="widget", external_id="ann")), START)


NAMES = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=3)
WHO = st.one_of(
    st.builds(Audience, tags=NAMES, not_tags=NAMES, channels=NAMES),
    st.builds(Condition, slot=st.sampled_from(["a", "b"]), values=NAMES, tag=st.none() | st.sampled_from(["a", "b"])),
)


@given(st.lists(WHO, max_size=6))
def test_two_segments_have_one_id_only_if_they_say_the_same(whos: list[Any]) -> None:
    def of(who: Any, number: int) -> Flow:
        named = {"triggers": (), "audience": who} if isinstance(who, Audience) else {"triggers": (_segment(who),)}
        return Flow(flow_id=f"f{number}", name="f", version=1, goal="g", steps={}, file="f", line=1, **named)

    found = segments({f"f{number}": of(who, number) for number, who in enumerate(whos)})
    assert len({one.segment_id for one in found}) == len({one.who for one in found}) == len(found)
    assert all(one.says and one.uses for one in found)


def _segment(who: Condition) -> Any:
    from nurture.flow import Trigger

    return Trigger(kind="segment", segment=who)


@pytest.fixture
async def world(tmp_path: Path, flows: Path) -> AsyncIterator[World]:
    async with serving(tmp_path, flows=flows) as made:
        await made.service.store.add_key(ApiKey(key_id="k", name="t", token_sha256=sha256("wl_test"), created_at=START))
        yield made


async def get(world: World, path: str) -> tuple[int, Any]:
    async with world.client.get(f"/api/studio/{path}", headers=KEY) as response:
        return response.status, await response.json()


async def bring(world: World, *rows: str) -> None:
    """People from a file, one a row."""
    body = "\n".join(["external_id,first_name,tags,opted_out,consent,consent_date", *(f"{row},fair,2026-01-01" for row in rows)])
    async with world.client.post("/api/studio/contacts/import?channel=rest", data=body.encode(), headers=KEY) as response:
        begun = await response.json()
    while not (await get(world, f"contacts/imports/{begun['import']['id']}"))[1]["import"]["finished_at"]:
        await world.settle()


async def test_people_are_counted_and_listed_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await bring(world, "ann,Ann,quiet,no", "ben,,quiet;no_fit,yes", "cem,,,no", "dan,Dan,quiet,no")
    _, told = await get(world, "segments")
    counts = {one["says"]: (one["people"], one["opted_out"]) for one in told["segments"]}
    assert counts["Tagged quiet"] == (3, 1)
    assert counts["Not tagged no_fit, on rest"] == (3, 0)
    assert (told["looked_at"], told["all"]) == (4, True)
    quiet = next(one for one in told["segments"] if one["says"] == "Tagged quiet")
    assert [use["flow"] for use in quiet["flows"]] == ["also", "back", "pro"]

    seen, after, pages = [], "", 0
    monkeypatch.setattr(api, "MOST_AT_ONCE", 3)
    while after is not None:
        _, page = await get(world, f"segments/{quiet['id']}?limit=2&after={after}")
        seen += [(one["external_id"], one["name"], bool(one["opted_out_at"])) for one in page["people"]]
        after, pages = page["next"], pages + 1
        assert pages < 9
    assert sorted(seen) == [("ann", "Ann", False), ("ben", None, True), ("dan", "Dan", False)]

    monkeypatch.setattr(api, "MOST_COUNTED", 2)
    assert (await get(world, "segments"))[1]["all"] is False
    assert (await get(world, "segments/none"))[0] == 404
    for limit in ("0", "201", "x", "²"):
        status, body = await get(world, f"segments/{quiet['id']}?limit={limit}")
        assert (status, body["error"]["field"]) == (400, "limit")


def test_a_segment_says_what_it_looks_for() -> None:
    def says(who: Any) -> str:
        return Segment(segment_id="s", who=who, uses=()).says

    assert says(Condition(slot="plan", mentions=("gold", "pro"))) == "Plan mentions gold or pro"
    assert says(Condition(slot="plan", silence=timedelta(hours=36))) == "Plan is known, silent for 1 day 12 hours or longer"
    assert says(Audience(tags=frozenset({"b", "a"}))) == "Tagged a and b"
