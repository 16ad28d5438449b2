"""`warmline up` as a person runs it: real processes, a home of its own, a port of its own."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ruamel.yaml import YAML

from bench.processes import ROOT, alive, send_signal
from bench.talk import wordings
from bench.warmline import WARMLINE, Warmline
from bot.fakes.graph import FakeGraph

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

NOWHERE = "http://127.0.0.1:9"
STOP_WITHIN_S = 15.0


def run(home: Path, *command: str, **settings: str | Path) -> subprocess.CompletedProcess[str]:
    """`warmline <command>` that is expected to end by itself."""
    env = os.environ | {"WARMLINE_HOME": str(home), "WARMLINE_PORT": "0"}
    env |= {f"WARMLINE_{name.upper()}": str(value) for name, value in settings.items()}
    words = [str(WARMLINE), *(command or ("up",))]
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=90, check=False)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line it said, after checking that it ended as it should for what a person can mend."""
    assert done.returncode == 2, done.stderr
    said = done.stderr.strip()
    assert said.startswith("warmline: ")
    assert "\n" not in said
    return said


async def say(base_url: str, sender: str, message: str) -> list[dict[str, Any]]:
    """One message over REST, in Rasa's shape, and what came back."""
    url, body = f"{base_url}/webhooks/rest/webhook", {"sender": sender, "message": message}
    timeout = aiohttp.ClientTimeout(total=40)
    async with aiohttp.ClientSession(timeout=timeout) as client, client.post(url, json=body) as answer:
        assert answer.status == 200
        bubbles: list[dict[str, Any]] = await answer.json()
        return bubbles


@pytest.fixture(scope="module")
def warmline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warmline]:
    """A service that is ready. Each test leaves it so; at the end it is stopped with all its processes."""
    warmline = Warmline(tmp_path_factory.mktemp("up") / "home", graph_url=NOWHERE)
    try:
        asyncio.run(warmline.start())
        yield warmline
    finally:
        warmline.end()


def count(warmline: Warmline, table: str) -> int:
    """How many rows of a table the service has written."""
    with closing(sqlite3.connect(warmline.home / "warmline.db")) as db:
        (rows,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a name written in this file
        return int(rows)


async def test_a_webhook_that_is_forged_or_huge_changes_nothing(warmline: Warmline) -> None:
    async with aiohttp.ClientSession() as client:
        forged = {"X-Hub-Signature-256": "sha256=00"}
        async with client.post(warmline.webhook, data=b'{"object":"page","entry":[]}', headers=forged) as answer:
            assert answer.status == 403
        async with client.post(warmline.webhook, data=io.BytesIO(b"x" * 5_000_000)) as answer:
            assert answer.status == 413
    assert count(warmline, "messages") == 0


async def test_it_answers_and_gets_over_the_death_of_its_brain(warmline: Warmline) -> None:
    words = wordings()
    bubbles = await say(warmline.base_url, "ann", "how does it work")
    assert {bubble["recipient_id"] for bubble in bubbles} == {"ann"}
    assert any((words.name(bubble["text"]) or "").startswith("utter_how_it_works") for bubble in bubbles)

    brain = warmline.brain_pids
    send_signal(brain, signal.SIGKILL)
    honest = await say(warmline.base_url, "bea", "how does it work")
    assert [words.name(bubble["text"]) for bubble in honest] == ["phrase.brain_away"]
    await warmline.ready()
    assert not alive(brain)
    again = await say(warmline.base_url, "cleo", "how does it work")
    assert any((words.name(bubble["text"]) or "").startswith("utter_how_it_works") for bubble in again)


async def test_it_stops_clean_and_a_second_start_trains_nothing_and_remembers(warmline: Warmline) -> None:
    models = {path: path.stat().st_mtime for path in (ROOT / "models").glob("*.tar.gz")}
    await say(warmline.base_url, "dora", "who are you")
    known, family = count(warmline, "conversations"), warmline.started.family

    warmline.started.process.send_signal(signal.SIGTERM)
    assert warmline.started.process.wait(STOP_WITHIN_S) == 0
    assert not alive(family)

    await warmline.start()
    assert {path: path.stat().st_mtime for path in (ROOT / "models").glob("*.tar.gz")} == models
    assert await say(warmline.base_url, "dora", "how does it work")
    assert count(warmline, "conversations") == known


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = complaint(run(tmp_path, port=str(port)))
    assert f"port {port} is taken" in said
    assert "WARMLINE_PORT" in said


def test_an_unknown_setting_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    assert "WARMLINE_PACNG" in (said := complaint(run(tmp_path, pacng="instant")))
    assert "did you mean pacing?" in said


def test_a_bad_value_names_its_setting(tmp_path: Path) -> None:
    assert "WARMLINE_BRAIN_WORKERS" in complaint(run(tmp_path, brain_workers="many"))


def test_bad_credentials_name_file_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "credentials.yml"
    path.write_text("rest:\nfacebook:\n  verify: word\n  secret: s\n  page-acess-token: t\n")
    said = complaint(run(tmp_path / "home", credentials=path))
    assert f"{path}:" in said
    assert "page-ac" in said
    assert re.search(rf"{re.escape(str(path))}:[2-5]", said)


def test_a_bad_flow_names_file_line_and_field(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "broken.yml").write_text(
        "name: Broken\nversion: 1\ngoal: None.\ntrigger: first_message\nsteps:\n  - id: hello\n    shout: HEY\n"
    )
    said = complaint(run(tmp_path / "home", flows=flows))
    assert re.search(r"broken\.yml:[67]", said)
    assert "steps[0]" in said


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    said = complaint(run(blocked / "home"))
    assert "WARMLINE_HOME" in said
    assert str(blocked) in said


async def test_nobody_comes_the_ladder_climbs_on_time_and_the_truth_is_told(tmp_path: Path) -> None:
    first_words_s = 8.0
    yaml = YAML()
    promises = yaml.load(ROOT / "promises.yml")
    promises["targets"] |= {"offer_s": 1, "accept_s": 2, "first_words_s": first_words_s, "next_words_s": 10}
    yaml.dump(promises, tmp_path / "promises.yml")
    words = wordings(promises=tmp_path / "promises.yml")
    async with FakeGraph() as graph:
        settings = {"WARMLINE_PROMISES": str(tmp_path / "promises.yml")}
        warmline = Warmline(tmp_path / "home", graph_url=graph.base_url, settings=settings)
        try:
            await warmline.start()
            await graph.subscribe(warmline.webhook)
            ann = graph.person("ann")
            await ann.says("can i talk to a real person please")
            heard = await ann.waits_until(
                lambda inbox: any(words.name(sent.text) == "phrase.nobody_came" for sent in inbox), timeout_s=first_words_s + 20
            )
            await ann.taps("Carry on with you")
            await ann.waits_until(lambda inbox: words.name(inbox[-1].text) == "phrase.back_to_bot", timeout_s=20)
        finally:
            warmline.end()
    truth = next(sent for sent in heard if words.name(sent.text) == "phrase.nobody_came")
    assert [reply["title"] for reply in truth.message["quick_replies"]] == list(promises["choices"].values())
    with closing(sqlite3.connect(warmline.home / "warmline.db")) as db:
        query = "SELECT at FROM journal WHERE kind IN ('episode.opened', 'rung.climbed') ORDER BY journal_id"
        opened, *rungs = (datetime.fromisoformat(at) for (at,) in db.execute(query))
    after_s = [(rung - opened).total_seconds() for rung in rungs]
    promised_s = [first_words_s * share for share in (0.5, 0.75, 0.9, 1.0)]
    assert len(after_s) == len(promised_s)
    for late_s in (took - due for took, due in zip(after_s, promised_s, strict=True)):
        assert 0 <= late_s < 1.0, after_s
