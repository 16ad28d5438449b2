"""What becomes of words that are due later when the process that planned them is killed: Warmline's clocks, Rasa's reminders."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from bench.lateness import FIRST_WORDS_S, ladder_settings
from bench.processes import ROOT
from bench.rasa_server import Rasa
from bench.rows import Row
from bench.talk import wordings
from bench.warmline import Warmline, model
from bench.witness import SqliteDatabase, moment
from bot.fakes.graph import FakeGraph, Person

ASKS = "can i talk to a real person please"
TRUTH = "phrase.nobody_came"
INTENT = "greet"
LEAD_S = 20.0  # longer than Rasa needs to start again
SPREAD_S = 10.0  # reminders fall due one after the other: Rasa skips one that is more than a second late
AFTER_S = 10.0
_DUE = "SELECT c.external_id, e.first_words_due_at FROM episodes e JOIN conversations c ON c.conversation_id = e.conversation_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many were to hear something, how many did, and the latest of them (seconds)."""

    due: int
    heard: int
    worst_s: float | None

    @property
    def text(self) -> str:
        late = "" if self.worst_s is None else f", latest {self.worst_s * 1000:.0f} ms after its time"
        return f"{self.heard}/{self.due}{late}"

    def data(self) -> dict[str, object]:
        return {"due": self.due, "heard": self.heard, "worst_s": self.worst_s}


async def reminders(*, people: int) -> Row:
    """Everybody is to hear something at a time of their own; meanwhile the process is killed with SIGKILL and started again."""
    trained = model()
    with tempfile.TemporaryDirectory() as folder:
        ours = await _warmline(Path(folder) / "warmline", trained, people)
        undisturbed, same_name, killed = await _rasa(Path(folder) / "rasa", trained, people)
    return Row(
        name=f"{people} reminders, kill -9 in between",
        warmline=ours.text,
        rasa=f"{killed.text}; not killed {undisturbed.text}; not killed, one name for all {same_name.text}",
        ratio=None,
        note=f"Warmline: {people} people asked for a person and nobody came, so a clock of the same kind is due for each "
        f"{FIRST_WORDS_S:g} s later; killed twice, before the first was due and between the first and the last. Rasa: "
        f"ReminderScheduled for each, due over {SPREAD_S:g} s; killed once, before the first was due.",
        data={
            "warmline": ours.data(),
            "rasa_killed": killed.data(),
            "rasa_not_killed": undisturbed.data(),
            "rasa_one_name_for_all": same_name.data(),
        },
    )


async def _warmline(home: Path, trained: Path, people: int) -> Kept:
    words = wordings()
    async with FakeGraph(retry_gaps_s=(0.0, 0.5, *[1.0] * 60)) as graph:
        home.mkdir(parents=True)
        settings = {**ladder_settings(home, ROOT / "promises.yml"), "WARMLINE_MODEL": str(trained)}
        warmline = Warmline(home, graph_url=graph.base_url, settings=settings)
        try:
            await warmline.start()
            await graph.subscribe(warmline.webhook)
            crowd = [graph.person(f"waiter-{number}") for number in range(people)]
            await asyncio.gather(*(_asks(person, SPREAD_S * number / people) for number, person in enumerate(crowd)))
            due = {person: moment(at) for person, at in await SqliteDatabase(home / "warmline.db").rows(_DUE)}
            await _killed(warmline, graph)
            await asyncio.sleep(max(0.0, (_middle(list(due.values())) - datetime.now(UTC)).total_seconds()))
            await _killed(warmline, graph)
            await asyncio.sleep(max(0.0, (max(due.values()) - datetime.now(UTC)).total_seconds()) + AFTER_S)
        finally:
            warmline.end()
    told = {p.psid: [sent.at for sent in p.inbox if words.name(sent.text) == TRUTH] for p in crowd}
    late = [(times[0] - due[psid]).total_seconds() for psid, times in told.items() if times]
    return Kept(due=people, heard=len(late), worst_s=max(late, default=None))


async def _asks(person: Person, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await person.says(ASKS)
    await person.waits_for(1, timeout_s=30.0)


async def _killed(warmline: Warmline, graph: FakeGraph) -> None:
    warmline.started.kill()
    await warmline.start()
    graph.webhooks.url = warmline.webhook


def _middle(moments: Sequence[datetime]) -> datetime:
    return sorted(moments)[len(moments) // 2]


async def _rasa(home: Path, trained: Path, people: int) -> tuple[Kept, Kept, Kept]:
    async with FakeGraph(any_recipient=True, echoes=False) as graph:
        rasa = Rasa(home, graph_url=graph.base_url, model=trained, api=True)
        try:
            await rasa.start()
            undisturbed = await _reminded(rasa, graph, "apart", people)
            same_name = await _reminded(rasa, graph, "same", people, name="remember")
            killed = await _reminded(rasa, graph, "killed", people, kill=True)
        finally:
            rasa.end()
    return undisturbed, same_name, killed


async def _reminded(rasa: Rasa, graph: FakeGraph, prefix: str, people: int, *, name: str | None = None, kill: bool = False) -> Kept:
    starts_at = datetime.now(UTC) + timedelta(seconds=LEAD_S)
    due = {f"{prefix}-{number}": starts_at + timedelta(seconds=SPREAD_S * number / people) for number in range(people)}
    async with aiohttp.ClientSession() as client:
        for psid, at in due.items():
            await _schedule(client, rasa, psid, at, name=name or psid)
    if kill:
        rasa.server.kill()
        rasa.spawn_server()
        await rasa.ready()
    await asyncio.sleep(max(0.0, (max(due.values()) - datetime.now(UTC)).total_seconds()) + AFTER_S)
    first = {psid: min((s.at for s in graph.sent if s.recipient == psid), default=None) for psid in due}
    late = [(at - due[psid]).total_seconds() for psid, at in first.items() if at is not None]
    return Kept(due=people, heard=len(late), worst_s=max(late, default=None))


async def _schedule(client: aiohttp.ClientSession, rasa: Rasa, psid: str, at: datetime, *, name: str) -> None:
    """A reminder as an action would return it, through the server's own API."""
    event = {"event": "reminder", "intent": INTENT, "date_time": at.isoformat(), "name": name, "kill_on_user_msg": False}
    query = {"output_channel": "facebook", "execute_side_effects": "true", "include_events": "NONE"}
    url = f"http://127.0.0.1:{rasa.port}/conversations/{psid}/tracker/events"
    async with client.post(url, json=event, params=query) as answer:
        answer.raise_for_status()
