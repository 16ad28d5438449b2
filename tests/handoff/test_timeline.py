"""The timeline of a prospect: what each line says, and how the console fetches it."""

from __future__ import annotations

import pytest

from bot.core.events import JournalEntry
from handoff.timeline import KINDS, line_of, until_of
from tests.handoff.conftest import Office
from tests.handoff.worlds import START


def told(kind: str, **data: object) -> tuple[str, str]:
    line = line_of(JournalEntry(kind=kind, at=START, data=data), "facebook")
    assert line is not None
    return line.sort, line.text


@pytest.mark.parametrize(
    ("kind", "data", "sort", "text"),
    [
        ("met", {}, "visit", "First contact on Messenger"),
        ("visit", {"messages": 1, "until": START.isoformat()}, "visit", "Came by on Messenger: 1 message"),
        ("prospect.touched", {"source": "spring_ad", "campaign": "may"}, "visit", "Came by spring ad, may"),
        ("episode.opened", {"reason": "not_understood"}, "person", "A person was needed: not understood"),
        ("episode.closed", {"outcome": "won", "value": 120.0}, "person", "The talk ended: won, worth 120"),
        ("episode.closed", {"outcome": "no_fit"}, "person", "The talk ended: no fit"),
        ("episode.breached", {"clock": "first_words"}, "trouble", "Our promise was missed: first words"),
        ("episode.rated", {"rating": 4}, "rating", "Rated the talk 4 of 5"),
        ("episode.transferred", {"team": "sales"}, "person", "Passed on to the team sales"),
        ("flow.started", {"flow": "follow_up"}, "flow", "Entered the flow follow up"),
        ("flow.ended", {"flow": "follow_up", "status": "done", "reason": "end"}, "flow", "Finished the flow follow up"),
        ("flow.ended", {"flow": "welcome", "status": "exited", "reason": "opted_out"}, "flow", "Left the flow welcome: opted out"),
        ("prospect.converted", {"name": "guide", "value": "9", "currency": "EUR"}, "conversion", "Conversion: guide, worth 9 EUR"),
        ("prospect.opted_out", {}, "consent", "Asked us to stop writing"),
    ],
)
def test_each_line_reads_as_a_sentence(kind: str, data: dict[str, object], sort: str, text: str) -> None:
    assert told(kind, **data) == (sort, text)


def test_every_kind_can_be_told_without_any_data() -> None:
    for kind in KINDS:
        line = line_of(JournalEntry(kind=kind, at=START, data={}), "widget")
        assert (line is None) is (kind == "prospect.touched")
    assert line_of(JournalEntry(kind="turn.read", at=START, data={}), "widget") is None
    assert until_of(JournalEntry(kind="note", at=START, data={})) is None


async def test_the_console_reads_it_page_by_page(office: Office) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.waiting()
    for n in range(35):
        office.time.wind(60)
        await sam.post(f"conversations/{conversation_id}/note", {"text": f"note {n}"})
    office.time.wind(60)
    await sam.post(f"conversations/{conversation_id}/take")
    path = f"conversations/{conversation_id}/timeline"
    status, page = await sam.get(path)
    assert (status, len(page["lines"])) == (200, 30)
    assert page["lines"][0]["text"] == "Somebody took the talk"
    notes = [line for line in page["lines"] if line["sort"] == "note"]
    assert notes[0]["more"] == "note 34"
    _, rest = await sam.get(f"{path}?cursor={page['next']}")
    assert rest["next"] is None
    lines = [*page["lines"], *rest["lines"]]
    assert [line["at"] for line in lines] == sorted((line["at"] for line in lines), reverse=True)
    assert len({line["id"] for line in lines}) == len(lines)
    assert [line["text"] for line in lines][-2:] == ["Came by on the website: 1 message", "First contact on the website"]
    assert {line["conversation_id"] for line in lines} == {None}


@pytest.mark.parametrize("cursor", ["x", "MQ==", "MjAyNi0xMS0yMyA5IDE="])
async def test_a_cursor_that_is_none_is_refused(office: Office, cursor: str) -> None:
    sam = await office.sign_in("Sam")
    conversation_id = await office.waiting()
    status, body = await sam.get(f"conversations/{conversation_id}/timeline?cursor={cursor}")
    assert (status, body["error"]["field"]) == (400, "cursor")


async def test_nobody_has_no_timeline(office: Office) -> None:
    sam = await office.sign_in("Sam")
    assert (await sam.get("conversations/nobody/timeline"))[0] == 404
