"""What the marketers' pages are made of: flows at a glance, a text looked at while it is written, and who may."""

from __future__ import annotations

from pathlib import Path

from tests.service.desks import console
from tests.service.serving import ROOT, serving
from tests.service.test_flow_publishing import Marketer, body, marketer
from tests.service.test_flow_versions import FLOW, greeted

__all__ = ["marketer"]

RANGE = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"
WELCOME = (ROOT / "flows" / "welcome.yml").read_text(encoding="utf-8")


async def test_flows_at_a_glance_count_what_came_of_them_and_who_is_held_back(marketer: Marketer) -> None:
    world = marketer.world
    for name in ("ann", "bob"):
        await greeted(world, name)
    await marketer.ask("POST", "flows/tips/pause", {"reason": "typo"})
    await world.wind(hours=5)
    await greeted(world, "ann")
    _, told = await marketer.ask("GET", f"flows/figures?{RANGE}")
    [tips] = told["flows"]
    assert (tips["flow"], tips["reached"], tips["sent"], tips["replied"], tips["reply_rate"]) == ("tips", 2, 2, 1, 0.5)
    _, told = await marketer.ask("GET", "flows/held?flow=tips")
    assert told["held"] == [{"flow": "tips", "step": "pause", "reason": "paused", "people": 2}]
    assert (told["looked_at"], told["all"]) == (2, True)
    assert (await marketer.ask("GET", "flows/held?flow=nope"))[0] == 404


async def test_a_text_is_told_its_mistakes_with_places_or_its_steps_findings_and_scores(marketer: Marketer) -> None:
    wrong = str(body()["text"]).replace("wait: 3h", "wait: soon")
    _, told = await marketer.ask("POST", "flows/tips/check", {"text": wrong})
    assert [(one["line"], one["file"]) for one in told["problems"]] == [(9, "tips.yml")]
    assert (told["steps"], told["score"]) == ([], None)
    loud = FLOW.format(hi="BUY NOW!!! Don't miss our AMAZING offer!!!", more="Here is a tip.")
    _, told = await marketer.ask("POST", "flows/tips/check", {"text": loud})
    assert {(one["line"], one["rule"]) for one in told["findings"]} >= {(8, "exclamations"), (8, "all_caps")}
    steps = {step["id"]: step for step in told["steps"]}
    assert steps["hi"]["score"] < steps["more"]["score"]
    assert steps["hi"]["words"][0]["bubbles"] == ["BUY NOW!!! Don't miss our AMAZING offer!!!"]
    assert (steps["pause"]["about"], steps["pause"]["next"]) == ("Waits 3 hours.", ["more"])


async def test_every_step_of_the_shipped_flows_can_be_read(marketer: Marketer) -> None:
    _, told = await marketer.ask("POST", "flows/welcome/check", {"text": WELCOME})
    assert told["about"]["name"] == "Welcome"
    for step in told["steps"]:
        assert step["about"] or step["words"], step
    [what] = [step for step in told["steps"] if step["id"] == "what"]
    assert what["about"].endswith("After 30 minutes of silence: one nudge, then let_be.")
    assert {word["field"] for word in what["words"]} == {"ask", "again", "nudge"}


async def test_marketers_may_and_are_named_in_the_log_and_agents_may_not(tmp_path: Path) -> None:
    async with serving(tmp_path) as world, console(world, "Mara", "marketer") as mara, console(world, "Sam") as sam:
        assert (await mara.call("POST", "../studio/flows/welcome/pause", {"reason": "a look"}))[0] == 200
        log = await mara.get("../studio/flows/welcome/log")
        assert (log["log"][0]["by"], log["log"][0]["what"]) == ("Mara", "paused")
        assert (await mara.post("simulations", {"flow": "welcome", "people": 0}))[0] == 400
        for path in ("../studio/flows/welcome/resume", "simulations"):
            status, told = await sam.post(path, {"flow": "welcome"} if path == "simulations" else {})
            assert (status, told["error"]["message"]) == (403, "Only admins and marketers can do that.")
        assert (await mara.post("agents", {}))[0] == 403
