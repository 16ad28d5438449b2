"""Publishing from the command line and over the API: plans, moves, rulings, differences, and files in step with the database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.store.marketing import ApiKey
from bot.time import HandTime
from studio.api.keys import new_token, sha256
from tests.service.serving import ROOT, START, World, serving
from tests.service.test_flow_versions import FLOW, flow_words, greeted, write

SHORTER = FLOW.replace("wait: 3h", "wait: 1h")
WITHOUT_PAUSE = FLOW.replace("  - {{id: pause, wait: 3h}}\n", "")


@dataclass(frozen=True, kw_only=True)
class Marketer:
    """A program with a key."""

    world: World
    token: str

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.world.client.request(method, f"/api/studio/{path}", json=body, headers=headers) as response:
            return response.status, await response.json()


@pytest.fixture
async def marketer(tmp_path: Path) -> AsyncIterator[Marketer]:
    flows = write(tmp_path, "Old hello.", "Old tip.")
    async with serving(tmp_path, flows=flows) as world:
        token = new_token()
        await world.service.store.add_key(ApiKey(key_id="k", name="crm", token_sha256=sha256(token), created_at=START))
        yield Marketer(world=world, token=token)


def body(template: str = FLOW, hi: str = "New hello.", more: str = "New tip.", **rest: object) -> dict[str, object]:
    return {"text": template.format(hi=hi, more=more), **rest}


# ---- over the API ---------------------------------------------------------------------------------------------------


async def test_a_plan_changes_nothing_and_publishing_does_what_it_said(marketer: Marketer) -> None:
    world = marketer.world
    people = [await greeted(world, name) for name in ("ann", "bob", "cem")]
    await world.wind(hours=2)
    asked = body(SHORTER, move=True)
    status, told = await marketer.ask("POST", "flows/tips/plan", asked)
    assert status == 200
    assert told["plan"]["people"] == {"stay": 0, "move": 3, "exit": 0}
    assert (told["plan"]["due_at_once"], told["plan"]["due_next_hour"]) == (3, 3)
    assert [(await world.state(one)).live_enrolments[0].flow_version for one in people] == [1, 1, 1]
    status, done = await marketer.ask("POST", "flows/tips/publish", asked)
    assert (status, done["version"], done["new"], done["moved"], done["left"]) == (200, 2, True, 3, 0)
    assert done["plan"]["people"] == told["plan"]["people"]
    assert [(await world.state(one)).live_enrolments[0].flow_version for one in people] == [2, 2, 2]
    before = [clock.due_at for one in people for clock in (await world.state(one)).clocks if clock.kind.value == "step"]
    assert len(set(before)) == 3
    await world.wind(hours=1)
    for one in people:
        assert await flow_words(world, one) == ["Old hello.", "New tip."]


async def test_without_a_move_those_inside_finish_their_version(marketer: Marketer) -> None:
    ann = await greeted(marketer.world, "ann")
    _, done = await marketer.ask("POST", "flows/tips/publish", body())
    assert done["plan"]["people"] == {"stay": 1, "move": 0, "exit": 0}
    bob = await greeted(marketer.world, "bob")
    await marketer.world.wind(hours=4)
    assert await flow_words(marketer.world, ann) == ["Old hello.", "Old tip."]
    assert await flow_words(marketer.world, bob) == ["New hello.", "New tip."]


async def test_a_step_that_is_gone_leads_on_or_where_it_is_chosen(marketer: Marketer) -> None:
    ann = await greeted(marketer.world, "ann")
    _, told = await marketer.ask("POST", "flows/tips/plan", body(WITHOUT_PAUSE, move=True))
    [group] = told["plan"]["groups"]
    assert (group["step_id"], group["fate"], group["to_step"], group["why"]) == ("pause", "move", "more", "step gone")
    _, told = await marketer.ask("POST", "flows/tips/plan", body(WITHOUT_PAUSE, move=True, choices={"pause": "exit"}))
    assert told["plan"]["people"] == {"stay": 0, "move": 0, "exit": 1}
    status, refused = await marketer.ask("POST", "flows/tips/publish", body(WITHOUT_PAUSE, move=True, choices={"pause": "moer"}))
    assert (status, refused["error"]["field"]) == (400, "choices")
    assert 'did you mean "more"?' in refused["error"]["message"]
    await marketer.ask("POST", "flows/tips/publish", body(WITHOUT_PAUSE, move=True, choices={"pause": "exit"}))
    [enrolment] = (await marketer.world.state(ann)).enrolments
    assert (enrolment.status, enrolment.end_reason) == ("exited", "migrated")


async def test_a_flow_that_cannot_be_read_is_refused_with_every_place(marketer: Marketer) -> None:
    broken = body()["text"].replace("wait: 3h", "wait: soon").replace("purpose: help", "purpose: sell", 1)  # type: ignore[attr-defined]
    status, refused = await marketer.ask("POST", "flows/tips/publish", {"text": broken})
    assert (status, refused["error"]["code"]) == (400, "bad_flow")
    assert [problem["line"] for problem in refused["error"]["problems"]] == [8, 9]
    status, _ = await marketer.ask("POST", "flows/tips/publish", body())
    assert status == 200


async def test_the_verbs_over_the_api_and_stop_ends_everybody_with_the_reason(marketer: Marketer) -> None:
    world = marketer.world
    people = [await greeted(world, name) for name in ("ann", "bob")]
    _, told = await marketer.ask("POST", "flows/tips/pause", {"reason": "typo"})
    assert (told["flow"]["mode"], told["flow"]["reason"], told["left"]) == ("paused", "typo", 0)
    await world.wind(hours=4)
    assert await flow_words(world, people[0]) == ["Old hello."]
    _, told = await marketer.ask("POST", "flows/tips/stop", {"reason": "wrong price"})
    assert (told["flow"]["mode"], told["left"]) == ("stopped", 2)
    for one in people:
        ended = [line.entry.data for line in await world.service.store.journal(one) if line.entry.kind == "flow.ended"]
        assert [(data["reason"], data["why"]) for data in ended] == [("flow_stopped", "wrong price")]
    _, told = await marketer.ask("POST", "flows/tips/resume", {})
    assert told["flow"]["mode"] == "live"
    _, log = await marketer.ask("GET", "flows/tips/log")
    assert [(line["what"], line["reason"]) for line in log["log"]] == [
        ("live", ""), ("stopped", "wrong price"), ("paused", "typo"), ("published", ""),
    ]  # fmt: skip
    assert (await marketer.ask("POST", "flows/nope/pause", {}))[0] == 404


async def test_versions_what_changed_between_them_and_back(marketer: Marketer) -> None:
    await greeted(marketer.world, "ann")
    await marketer.ask("POST", "flows/tips/publish", body())
    _, told = await marketer.ask("GET", "flows/tips/versions")
    assert [(one["version"], one["people"], one["steps"]) for one in told["versions"]] == [(1, 1, {"pause": 1}), (2, 0, {})]
    _, changed = await marketer.ask("GET", "flows/tips/diff?from=1&to=2")
    assert '-  - {id: hi, say: "Old hello.", purpose: help}\n+  - {id: hi, say: "New hello.", purpose: help}\n' in changed["diff"]
    _, one = await marketer.ask("GET", "flows/tips/versions/1")
    assert one["version"]["text"] == body(hi="Old hello.", more="Old tip.")["text"]
    status, done = await marketer.ask("POST", "flows/tips/rollback", {"version": 1})
    assert (status, done["version"]) == (200, 1)
    assert (await marketer.ask("GET", "flows"))[1]["flows"][0]["version"] == 1
    assert (await marketer.ask("POST", "flows/tips/rollback", {"version": 9}))[0] == 404
    assert (await marketer.ask("GET", "flows/tips/versions/x"))[0] == 400


async def test_nobody_without_a_key_publishes(marketer: Marketer) -> None:
    async with marketer.world.client.post("/api/studio/flows/tips/publish", json=body()) as response:
        assert response.status in (401, 403)


# ---- from the command line ------------------------------------------------------------------------------------------


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database in which three people wait in version 1, with its file changed."""
    flows = write(tmp_path, "Old hello.", "Old tip.")
    async with serving(tmp_path, flows=flows, time=HandTime(START)) as world:
        for name in ("ann", "bob", "cem"):
            await greeted(world, name)
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    monkeypatch.setenv("WARMLINE_FLOWS", str(flows))
    monkeypatch.chdir(ROOT)
    write(tmp_path, "New hello.", "New tip.")
    return tmp_path


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["flows", *args])
    return result.exit_code, result.output


def listed(*args: str) -> list[dict[str, Any]]:
    code, output = run(*args, "--json")
    assert code == 0
    return json.loads(output)  # type: ignore[no-any-return]


def test_a_dry_run_tells_the_plan_and_does_nothing(home: Path) -> None:
    code, output = run("publish", "tips", "--move", "--dry-run")
    assert code == 0
    assert "tips version 2" in output
    assert "0 stay, 3 move, 0 exit" in output
    assert output.endswith("Nothing was published.\n")
    assert [(one["version"], one["people"]) for one in listed("versions")] == [(1, 3)]


def test_a_flow_or_version_that_there_is_not_is_never_taken_for_one_that_is_well(home: Path) -> None:
    for asked in ("versions nope", "export nope", "held nope", "stalled nope", "diff nope", "pause nope", "rollback nope 1"):
        refused = CliRunner().invoke(app, ["flows", *asked.split()])
        assert (asked, str(refused.exception)) == (asked, "there is no flow nope; there are tips")
    for asked in ("rollback tips 9", "diff tips 1 9"):
        refused = CliRunner().invoke(app, ["flows", *asked.split()])
        assert (asked, str(refused.exception)) == (asked, "there is no version 9 of tips; there are 1")


def test_publish_and_move_without_anybody_to_ask_needs_yes(home: Path) -> None:
    refused = CliRunner().invoke(app, ["flows", "publish", "--move"])
    assert refused.exit_code != 0
    assert "--yes" in str(refused.exception)
    assert "3 went over" in run("publish", "--move", "--yes")[1]
    assert [(one["version"], one["people"], one["entered"]) for one in listed("versions")] == [(1, 0, False), (2, 3, True)]


def test_publish_leaves_those_inside_and_a_second_time_moves_them(home: Path) -> None:
    [told] = listed("publish", "tips")
    assert (told["published"], told["version"], told["moved"]) == (True, 2, 0)
    [told] = listed("publish", "tips", "--move", "--yes")
    assert (told["published"], told["version"], told["moved"]) == (False, 2, 3)


def test_stop_ends_everybody_and_pause_nobody(home: Path) -> None:
    assert "paused" in run("pause", "tips", "--reason", "typo")[1]
    assert [(one["mode"], one["reason"], one["people"]) for one in listed("versions")] == [("paused", "typo", 3)]
    assert "3 left it" in run("stop", "tips", "--yes")[1]
    assert [(one["mode"], one["people"]) for one in listed("versions")] == [("stopped", 0)]
    assert run("resume", "tips")[0] == 0
    assert run("drain", "tips")[1].startswith("tips is draining")


def test_diff_compares_the_file_with_what_people_enter(home: Path) -> None:
    code, output = run("diff", "tips")
    assert code == 1
    assert "+++ tips file" in output
    run("publish")
    assert run("diff", "tips") == (0, "")
    assert run("diff", "tips", "1", "2")[0] == 1
    run("rollback", "tips", "1", "--yes")
    assert run("diff", "tips", "1")[0] == 1


@pytest.mark.parametrize("end", ["\n", "", "\r\n# Grüße \U0001f44b"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_export_and_import_are_exact_to_the_byte(home: Path, end: str, mark: str) -> None:
    file = home / "flows" / "tips.yml"
    written = (mark + file.read_text(encoding="utf-8").rstrip("\n") + end).encode()
    file.write_bytes(written)
    assert run("import")[0] == 0
    there = home / "elsewhere"
    assert run("export", "--to", str(there))[1].strip() == str(there / "tips.yml")
    assert (there / "tips.yml").read_bytes() == written
    before = listed("versions")
    file.write_bytes((there / "tips.yml").read_bytes())
    assert "already" in run("import")[1]
    assert listed("versions") == before


def test_export_writes_over_nothing_that_would_be_lost(home: Path) -> None:
    refused = CliRunner().invoke(app, ["flows", "export"])
    assert "tips.yml" in str(refused.exception)
    assert "New hello." in (home / "flows" / "tips.yml").read_text(encoding="utf-8")
    assert run("export", "--force")[0] == 0
    assert "Old hello." in (home / "flows" / "tips.yml").read_text(encoding="utf-8")
    assert run("export") == (0, "")


# ---- blocks ---------------------------------------------------------------------------------------------------------

BLOCK = "name: Pause\nparameters: {length: null}\nsteps:\n  - {id: rest, wait: '${length}'}\n"
USING = FLOW.replace("wait: 3h", "use: pause_block, with: {{length: 3h}}")


async def test_a_version_holds_its_blocks_and_a_changed_block_is_a_new_version(marketer: Marketer) -> None:
    asked = body(USING, blocks={"pause_block": BLOCK})
    assert (await marketer.ask("POST", "flows/tips/publish", asked))[1]["version"] == 2
    ann = await greeted(marketer.world, "ann")
    asked = body(USING, blocks={"pause_block": BLOCK.replace("'${length}'", "9h")})
    assert (await marketer.ask("POST", "flows/tips/publish", asked))[1]["version"] == 3
    _, told = await marketer.ask("GET", "flows/tips/diff?from=2&to=3")
    assert "--- blocks/pause_block version 2" in told["diff"]
    await marketer.world.wind(hours=4)
    assert await flow_words(marketer.world, ann) == ["New hello.", "New tip."]
    status, refused = await marketer.ask("POST", "flows/tips/plan", body(USING))
    assert (status, refused["error"]["problems"][0]["line"]) == (400, 9)


def test_blocks_come_back_to_the_byte(home: Path) -> None:
    (home / "flows" / "tips.yml").write_text(USING.format(hi="a", more="b"))
    (home / "flows" / "blocks").mkdir()
    (home / "flows" / "blocks" / "pause_block.yml").write_bytes(BLOCK.encode() + b"# \xc3\xbc")
    assert run("import")[0] == 0
    assert run("export", "--to", str(home / "out"))[0] == 0
    for name in ("tips.yml", "blocks/pause_block.yml"):
        assert (home / "out" / name).read_bytes() == (home / "flows" / name).read_bytes()
