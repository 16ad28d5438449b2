"""A simulation over the API plays what the service's own database says is published, wherever that database is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.model import FlowMode
from bot.store.flowbook import FlowText
from tests.migrated import migrated_at
from tests.service.desks import console
from tests.service.serving import serving
from tests.service.test_flow_versions import FLOW, write


async def test_what_was_published_and_paused_there_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WARMLINE_DATABASE_URL", raising=False)
    elsewhere = tmp_path / "elsewhere" / "another.db"
    elsewhere.parent.mkdir()
    migrated_at(elsewhere)
    flows = write(tmp_path, "Old hello.", "Old tip.")
    (flows / "other.yml").write_text(FLOW.format(hi="Hi.", more="Hm.").replace("first_message", "manual"), encoding="utf-8")
    async with (
        serving(tmp_path, flows=flows, database_url=f"sqlite:///{elsewhere}") as world,
        console(world, "Mara", "marketer") as mara,
    ):
        store, now = world.service.store, world.time.now()
        text = FlowText(flow_id="tips", text=FLOW.format(hi="New hello.", more="New tip."))
        await store.publish_flows([text], by="Mara", now=now)
        await store.rule_flow("other", FlowMode.PAUSED, by="Mara", now=now, reason="a typo")
        assert not (tmp_path / "warmline.db").exists()
        asked = {"flow": "tips", "people": 8, "days": 3, "mix": {"silent": 1}}
        told = (await mara.lines("simulations", asked))[-1]["result"]
        draft = FLOW.format(hi="Draft hello.", more="Draft tip.")
        drafted = (await mara.lines("simulations", {**asked, "text": draft}))[-1]["result"]
        status, refused = await mara.post("../studio/simulations", {**asked, "text": draft.replace("goal:", "gaol:")})
    assert (status, refused["error"]["field"]) == (400, "text")
    assert "tips.yml:3:1" in refused["error"]["message"]
    assert "Draft hello." in [line["words"] for talk in drafted["transcripts"] for line in talk["lines"]]
    assert told["version"] == 2
    assert [(one["flow"], one["reason"]) for one in told["paused"]] == [("other", "a typo")]
    words = {line["words"] for talk in told["transcripts"] for line in talk["lines"]}
    assert "New hello." in words
    assert not {"Old hello.", "Old tip."} & words
