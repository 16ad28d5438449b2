"""Contacts from CSV: columns found, rows judged cell by cell, what is on record wins, nothing done twice."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Identity, State
from bot.parts import load_rules
from bot.settings import Settings
from bot.store.contract import StoreUnavailable
from bot.store.fake import FakeStore
from studio.contacts import exporting, importing
from studio.contacts.columns import TARGETS, BadColumns, detected, parse_mapping
from studio.contacts.importing import Asked, Surroundings
from studio.contacts.reading import BadFile, rows
from studio.contacts.rows import Rejection, Row, Rules, read_row

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
HEADER = "channel,external_id,first_name,tags,slot.company,utm_source,consent_source,consent_at,opted_out"
RULES = load_rules(Settings(flows=ROOT / "flows", promises=ROOT / "promises.yml"))


def around() -> Surroundings:
    numbers = count(1)
    channels = frozenset({"widget", "facebook", "rest"})
    return Surroundings(
        rules=RULES, channels=channels, now=lambda: NOW, rng=Random(1), new_id=lambda prefix: f"{prefix}_{next(numbers)}"
    )


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "people.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def person(who: str = "ann", *, channel: str = "rest", source: str = "fair", at: str = "2026-11-01", out: str = "", tags: str = "") -> str:  # fmt: skip # noqa: E501
    return f"{channel},{who},{who.title()},{tags},Sun,mail,{source},{at},{out}"


async def imported(store: FakeStore, path: Path, **asked: Any) -> dict[str, Any]:
    run = await importing.import_file(store, path, Asked(**asked), around(), rejected=path.with_suffix(".rejected"))
    return importing.told(run)


async def state(store: FakeStore, who: str, channel: str = "rest") -> State:
    found = await store.find_conversation(Identity(channel=channel, external_id=who))
    assert found is not None
    return (await store.load(found)).state


async def test_contacts_come_in_with_consent_and_what_brought_them(file: Callable[..., Path]) -> None:
    store = FakeStore()
    told = await imported(store, file(person("ann", tags="vip;new"), person("ben", source="")))
    assert (told["new"], told["rejected"], told["line"]) == (1, 1, 3)
    ann = await state(store, "ann")
    assert (ann.profile.first_name, ann.tags, ann.slots) == ("Ann", ("vip", "new"), {"company": "Sun"})
    assert ann.first_touch is not None
    assert (ann.first_touch.source, ann.first_touch.at.date().isoformat()) == ("mail", "2026-11-01")
    (line,) = [one.entry for one in await store.journal(ann.conversation_id) if one.entry.kind == "prospect.imported"]
    assert (line.data["consent_source"], line.data["consent_at"], line.data["line"]) == ("fair", "2026-11-01T00:00:00+00:00", 2)
    assert (ann.unsent, ann.promise, ann.clocks) == ((), None, ())


async def test_rejected_rows_are_written_as_they_were_with_line_column_and_why(file: Callable[..., Path]) -> None:
    path = file(person("ann"), person("ben", source="", at="soon"), "widget,cem", person("dan", channel="fax"))
    await imported(FakeStore(), path)
    with path.with_suffix(".rejected").open(newline="") as rejected:
        found = list(csv.reader(rejected))
    assert found[0][-3:] == ["line", "column", "why"]
    assert found[1][1:3] == ["ben", "Ben"]
    assert found[1][-3:] == ["3", "consent_source", "consent_source is empty; consent_at is no day such as 2026-11-23"]
    assert found[2][-3:] == ["4", "", "2 cells, but the header has 9"]
    assert found[3][-3:] == ["5", "channel", "channel there is no channel 'fax'"]


async def test_what_is_on_record_wins_and_an_opt_out_always(file: Callable[..., Path]) -> None:
    store = FakeStore()
    await imported(store, file(person("ann", out="yes"), person("ben")))
    first = await state(store, "ann")
    assert first.opted_out_at == NOW
    other = file(person("ann", tags="new", source="elsewhere").replace("Ann", "Annie").replace("Sun", "Moon"), person("ben"))
    told = await imported(store, other, flow="welcome")
    assert (told["merged"], told["unchanged"], told["flow_held"]) == (2, 0, {"opted_out": 1})
    again = await state(store, "ann")
    assert (again.profile.first_name, again.slots, again.tags) == ("Ann", {"company": "Sun"}, ("new",))
    assert (again.opted_out_at, again.first_touch) == (first.opted_out_at, first.first_touch)
    assert again.live_enrolments == ()
    assert [e.flow_id for e in (await state(store, "ben")).live_enrolments] == ["welcome"]


async def test_the_same_file_again_changes_nothing(file: Callable[..., Path]) -> None:
    store, path = FakeStore(), file(person("ann"), person("ben"))
    first = await imported(store, path, flow="welcome")
    before = [await state(store, who) for who in ("ann", "ben")]
    lines = len(await store.journal(before[0].conversation_id))
    assert await imported(store, path, flow="welcome") == first
    assert [await state(store, who) for who in ("ann", "ben")] == before
    # Another file with the same people is another import; they are known by then.
    assert (await imported(store, file(person("ben"), person("ann"), person("ann")), flow="welcome"))["unchanged"] == 3
    assert [await state(store, who) for who in ("ann", "ben")] == before
    assert len(await store.journal(before[0].conversation_id)) == lines


async def test_nobody_is_written_to_outside_the_channels_window(file: Callable[..., Path]) -> None:
    store = FakeStore()
    told = await imported(store, file(person("ann", channel="facebook"), person("ben", channel="widget")), flow="welcome")
    assert told["flow_held"] == {"window_closed": 1}
    ann = await state(store, "ann", "facebook")
    assert ann.window is not None
    assert (ann.window.closes_at, ann.window.opened_by, ann.live_enrolments) == (NOW, "import", ())
    held = [line.entry.data for line in await store.journal(ann.conversation_id) if line.entry.kind == "flow.held"]
    assert [(data["flow"], data["reason"]) for data in held] == [("welcome", "window_closed")]


async def test_people_enter_a_flow_so_many_an_hour(file: Callable[..., Path]) -> None:
    store = FakeStore()
    await imported(store, file(*(person(f"p{n}") for n in range(4))), flow="welcome", per_hour=60)
    starts = [(await state(store, f"p{n}")).clocks[0].due_at for n in range(4)]
    assert [later - earlier for earlier, later in pairwise(starts)] == [timedelta(minutes=1)] * 3


class Falters(FakeStore):
    """Goes away after a few batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    async def import_batch(self, *args: Any, **kwargs: Any) -> Any:
        if self.left == 0:
            raise StoreUnavailable("away")
        self.left -= 1
        return await super().import_batch(*args, **kwargs)


async def test_an_import_goes_on_where_it_stood(file: Callable[..., Path]) -> None:
    wrong = [person(f"p{n}", source="" if n % 100 == 99 else "fair") for n in range(1200)]
    store, path = Falters(1), file(*wrong)
    with pytest.raises(StoreUnavailable):
        await imported(store, path)
    store.left = 99
    told = await imported(store, path)
    assert (told["new"], told["rejected"], told["line"]) == (1188, 12, 1201)
    with path.with_suffix(".rejected").open(newline="") as rejected:
        assert [int(row["line"]) for row in csv.DictReader(rejected)] == [100 * n + 1 for n in range(1, 13)]


def test_a_preview_says_what_would_be_taken_and_changes_nothing(file: Callable[..., Path]) -> None:
    path = file(person("ann"), person("ben", at="2999-01-01"))
    found = importing.told_preview(importing.preview(path, Asked(), around()))
    assert (found["rows"], found["rejected"]) == (1, 1)
    assert found["rejections"] == [{"line": 3, "column": "consent_at", "why": "is in the future"}]
    assert found["first"][0]["external_id"] == "ann"
    assert {column["column"]: column["is"] for column in found["columns"]}["slot.company"] == "slot.company"


async def test_a_file_of_another_tool_with_semicolons_a_byte_order_mark_and_quotes(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    head = '\ufeff"Messenger ID";"First Name";Note;Labels;Consent;"Opt-in date"\r\n'
    path.write_bytes((head + '"77";"A ""Z"" é";"a\r\nb";"x|y";web;2026-10-01\r\n').encode())
    store = FakeStore()
    told = await imported(store, path, channel="facebook", mapping={"note": "-"})
    assert told["new"] == 1
    ann = await state(store, "77", "facebook")
    assert (ann.profile.first_name, ann.tags) == ('A "Z" é', ("x", "y"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'external_id,consent\n"ann,web\n' + b"x" * 30_000, "people.csv:2: the row that begins here"),
        ("external_id".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_on_says_where(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=said):
        list(rows(path))


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.touch()
    with pytest.raises(BadFile, match="is empty"):
        importing.preview(path, Asked(), around())


def test_bytes_that_are_no_utf8_reject_their_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(HEADER.encode() + b"\nrest,ann,J\xfcrgen,,,,fair,2026-01-01,\n" + person("ben").encode())
    found = importing.preview(path, Asked(), around())
    assert (found.rows, [(one.line, one.why) for one in found.rejections]) == (1, [(2, "not UTF-8")])


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        (["external_id", "consent_at", "channel"], [], "no column is consent_source"),
        (["id", "external_id", "consent", "consent_at", "channel"], [], '"id" and "external_id" are both external_id'),
        (["external_id", "consent", "consent_at"], [], "no column is channel"),
        (["external_id", "consent", "consent_at", "channel"], ["Phone=slot.phone"], 'there is no column "Phone"'),
        (["external_id"], ["external_id=frist_name"], "did you mean first_name"),
        (["external_id"], ["external_id"], "is no mapping"),
        (["external_id"], ["external_id=slot.Not a name"], "is nothing that a column can be"),
    ],
)
def test_columns_that_do_not_fit_are_named(header: list[str], mapping: list[str], said: str) -> None:
    with pytest.raises(BadColumns, match=said):
        detected(header, parse_mapping(mapping), with_channel=False)


async def test_contacts_go_out_with_first_and_last_touch(file: Callable[..., Path]) -> None:
    store = FakeStore()
    await imported(store, file(person("=ann"), person("ben", out="yes")))
    lines = [line async for line in exporting.export_csv(store)]
    told = {row["external_id"]: row for row in csv.DictReader(io.StringIO("".join(lines)))}
    assert (told["'=ann"]["first_source"], told["'=ann"]["first_via"], told["ben"]["opted_out_at"][:10]) == (
        "mail",
        "mail",
        "2026-11-26",
    )
    data = [json.loads(line) async for line in exporting.export_json(store)]
    assert {one["external_id"]: one["first_touch"]["via"] for one in data} == {"=ann": "mail", "ben": "mail"}


# ---- whatever a file holds


targets = st.lists(st.sampled_from([*TARGETS, "slot.x", None]), min_size=1, max_size=12, unique_by=lambda t: t or object())
RULE: dict[str, Any] = {"import_id": "i", "channels": frozenset({"rest"}), "channel": "rest", "now": NOW}


@given(st.data(), targets)
def test_a_row_is_a_contact_that_can_be_stored_or_says_which_cells_are_wrong(
    data: st.DataObject, chosen: Sequence[str | None]
) -> None:
    everything = tuple(dict.fromkeys([*chosen, "external_id", "consent_source", "consent_at"]))
    header = tuple(f"c{number}" for number in range(len(everything)))
    good = {"external_id": "ann", "consent_source": "fair", "consent_at": "2026-01-01", "channel": "rest"}
    cells = [data.draw(st.sampled_from([good.get(t or "", ""), "yes", "2026-02-30"]) | st.text(max_size=30)) for t in everything]
    found = read_row(7, cells, Rules(header=header, targets=everything, **RULE))
    if isinstance(found, Row):
        text = repr(found)
        assert "\\x00" not in text
        assert found.identity.external_id == found.identity.external_id.strip() != ""
        assert found.event.consent_at <= NOW
        assert found.event.consent_source
    else:
        assert found
        assert all(isinstance(one, Rejection) and one.line == 7 and one.column in (*header, "channel") and one.why for one in found)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=20))
def test_rows_come_back_as_they_were_written_with_the_line_they_begin_at(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["a", "b"], *table])
    found = list(rows(path))
    assert [one.cells for one in found[1:]] == [row for row in table if any(cell.strip() for cell in row)]
    assert all(one.line <= one.end for one in found)
    assert all(earlier.end < later.line for earlier, later in pairwise(found))


# ---- however large a file is


class Takes:
    """A store that takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.run = importing.ImportRun(import_id="", name="", started_at=NOW)
        self.taken = 0

    async def begin_import(self, run: importing.ImportRun) -> importing.ImportRun:
        return run

    async def import_run(self, _import_id: str) -> importing.ImportRun:
        return self.run

    async def import_batch(self, _import_id: str, identities: Sequence[Identity], decide: Any, **_progress: Any) -> None:
        for place, identity in enumerate(identities):
            decide(State(conversation_id=f"c{place}", identity=identity, created_at=NOW), place)
        self.taken += len(identities)

    async def end_import(self, _import_id: str, *, now: datetime) -> importing.ImportRun:
        return self.run


async def peak_bytes(path: Path, people: int) -> int:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        file.writelines(person(f"p{n}", source="" if n % 50 == 0 else "fair") + "\n" for n in range(people))
    store = Takes()
    tracemalloc.start()
    await importing.import_file(store, path, Asked(flow="welcome"), around(), rejected=path.with_suffix(".out"))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert store.taken == people - people // 50
    return peak


async def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 50)
    await peak_bytes(tmp_path / "warm.csv", 100)
    few, many = await peak_bytes(tmp_path / "few.csv", 200), await peak_bytes(tmp_path / "many.csv", 2000)
    assert many < 1.25 * few
