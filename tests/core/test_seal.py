"""Whoever changes, removes, adds or reorders a line of the journal later is found, whatever they do to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import JournalEntry
from bot.core.seal import Chain, Linked, broken_at, follow, sealed, unlinked

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KINDS = ("episode.opened", "episode.offered", "episode.taken", "promise.missed")
ENTRIES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 9)), min_size=2, max_size=8)


def chain(written: list[tuple[str, int]], conversation_id: str = "c1", before: int = 0) -> Chain:
    """As it is written: in several decisions, each going on from the link that the conversation carries."""
    entries = [JournalEntry(kind=k, at=T0 + timedelta(seconds=n), data={"value": v}) for n, (k, v) in enumerate(written)]
    head, links = None, list[str | None]()
    for entry in entries:
        more, head = follow(head, conversation_id, [entry])
        links += more
    lines = (Linked(journal_id=before + n, entry=e, link=link) for n, (e, link) in enumerate(zip(entries, links, strict=True), 1))
    return Chain(conversation_id=conversation_id, head=head, lines=tuple(lines))


@given(written=ENTRIES, data=st.data())
def test_every_change_breaks_the_chain(written: list[tuple[str, int]], data: st.DataObject) -> None:
    whole = chain(written)
    assert broken_at(whole) is None
    lines, at = list(whole.lines), data.draw(st.integers(0, len(written) - 1))
    other = data.draw(st.integers(0, len(written) - 1).filter(lambda place: place != at))
    line = lines[at]
    how = data.draw(st.sampled_from(["kind", "at", "data", "removed", "swapped", "unlinked", "repeated"]))
    match how:
        case "kind":
            lines[at] = replace(line, entry=replace(line.entry, kind=line.entry.kind + "!"))
        case "at":
            lines[at] = replace(line, entry=replace(line.entry, at=line.entry.at - timedelta(microseconds=1)))
        case "data":
            lines[at] = replace(line, entry=replace(line.entry, data={"value": -1}))
        case "removed":
            del lines[at]
        case "swapped":
            lines[at], lines[other] = lines[other], lines[at]
        case "unlinked":
            lines[at] = replace(line, link=None)
        case "repeated":
            lines.insert(at, line)
    assert broken_at(replace(whole, lines=tuple(lines))) is not None


def test_a_chain_made_anew_holds_but_has_another_seal() -> None:
    whole, forged = chain([("episode.taken", 59), ("episode.closed", 1)]), chain([("episode.taken", 3), ("episode.closed", 1)])
    assert broken_at(forged) is None
    assert sealed([whole], until=T0 + timedelta(hours=1)) != sealed([forged], until=T0 + timedelta(hours=1))


def test_a_seal_stays_the_same_while_the_talks_go_on_and_others_begin() -> None:
    until = T0 + timedelta(seconds=1)
    then = [chain([("a", 1), ("b", 2)]), chain([("a", 3)], "c2")]
    now = [chain([("a", 1), ("b", 2), ("c", 3)]), chain([("a", 3)], "c2"), chain([], "c3")]
    assert sealed(then, until=until) == sealed(now, until=until) != sealed(now, until=until + timedelta(hours=1))
    page_by_page = sealed(now[1:], before=sealed(now[:1], until=until), until=until)
    assert page_by_page == sealed(now, until=until)


def test_lines_beside_decisions_are_not_chained() -> None:
    links, head = follow(None, "c1", [JournalEntry(kind="message.refused", at=T0)])
    assert (links, head) == ([None], None)


@pytest.mark.parametrize(("links", "count"), [((None, None, "l"), 0), (("l", None, "l"), 1), ((None, None), 0)])
def test_lines_from_before_there_were_links_are_not_slipped_in(links: tuple[str | None, ...], count: int) -> None:
    entry = JournalEntry(kind="a", at=T0)
    lines = tuple(Linked(journal_id=n, entry=entry, link=link) for n, link in enumerate(links, 1))
    assert len(unlinked(Chain(conversation_id="c1", head="l", lines=lines))) == count
