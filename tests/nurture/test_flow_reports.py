"""Reports of flows and sources: counts that can be opened, and whose doing a reply or a sale was."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import JournalEntry
from bot.core.model import Delivery
from bot.store.contract import JournalLine
from bot.store.marketing import FlowSend
from nurture.reports import flows, sources
from nurture.reports.history import History, Person, parsed
from nurture.reports.rows import Table, nearest_rank
from nurture.reports.telling import as_csv, as_data, behind

T0 = datetime(2026, 11, 1, 9, tzinfo=UTC)
UNTIL = T0 + timedelta(days=60)


class Told:
    """Writes lines of a journal and sends, as the service would."""

    def __init__(self) -> None:
        self.history = History()
        self._numbers = 0

    def line(self, hours: float, kind: str, who: str = "ann", **data: Any) -> None:
        self._numbers += 1
        entry = JournalEntry(kind=kind, at=T0 + timedelta(hours=hours), data=data)
        self.history.add(JournalLine(journal_id=self._numbers, conversation_id=who, entry=entry))

    def begins(self, hours: float = 0, who: str = "ann", flow: str = "welcome") -> str:
        enrolment = f"{who}-{flow}-{self._numbers}"
        self.line(hours, "flow.started", who, flow=flow, enrolment=enrolment, version=1, by="x")
        return enrolment

    def says(self, hours: float, enrolment: str, step: str, variant: str = "#1", who: str = "ann", **became: Any) -> None:
        flow = enrolment.split("-")[1]
        self.line(hours, "flow.step", who, flow=flow, enrolment=enrolment, step=step, wording=f"{flow}/{step}{variant}")
        self._numbers += 1
        sent = FlowSend(
            message_id=self._numbers, conversation_id=who, enrolment_id=enrolment, wording=f"{flow}/{step}{variant}",
            **{"delivery": Delivery.SENT, "at": T0 + timedelta(hours=hours), **became},
        )  # fmt: skip
        self.history.add_sends([sent])

    def funnel(self, flow: str = "welcome", **asked: Any) -> Table:
        return flows.funnel(
            self.history.closed(), flow, **{"since": T0, "until": UNTIL, "order": ("hello", "what", "tip"), **asked}
        )

    def sources(self, **asked: Any) -> Table:
        return sources.sources(self.history.closed(), **{"since": T0, "until": UNTIL, **asked})


def counts(table: Table, key: str | None) -> dict[str, int]:
    row = table.row(key)
    assert row is not None
    return {measure: row.count(measure) for measure in table.measures if row.count(measure)}


def test_a_funnel_from_the_first_words_to_the_sale() -> None:
    told = Told()
    ann = told.begins()
    told.says(0, ann, "hello", delivered_at=T0)
    told.says(0.1, ann, "what", read_at=T0)
    told.line(2.1, "turn.heard", messages=1, since=(T0 + timedelta(hours=2)).isoformat())
    told.says(2.2, ann, "tip")
    told.line(3, "prospect.converted", external_id="api:1", name="sale", value="49.90", currency="EUR",
              happened_at=(T0 + timedelta(hours=2.5)).isoformat())  # fmt: skip
    told.line(4, "flow.ended", flow="welcome", enrolment=ann, status="done", reason="goal")
    ben = told.begins(1, "ben")
    told.says(1, ben, "hello", "#2", "ben")
    told.line(5, "prospect.opted_out", "ben")
    told.says(6, ben, "what", who="ben", delivery=Delivery.WITHDRAWN)

    table = told.funnel()

    assert [row.key for row in table.rows] == ["hello", "what", "tip"]
    assert counts(table, "hello") == {"reached": 2, "sent": 2, "delivered": 1, "goal": 1, "opted_out": 1}
    assert counts(table, "what") == {"reached": 2, "sent": 1, "delivered": 1, "read": 1, "replied": 1, "goal": 1}
    assert counts(table, "tip") == {"reached": 1, "sent": 1, "goal": 1, "conversions": 1}
    assert counts(table, None) == {
        "reached": 2, "sent": 2, "delivered": 1, "read": 1, "replied": 1, "goal": 1, "opted_out": 1, "conversions": 1,
    }  # fmt: skip
    what, tip = table.row("what"), table.row("tip")
    assert what is not None
    assert tip is not None
    # From when the bubble left to when the person wrote, not to when they were heard.
    assert what.waits()["p50_s"] == 1.9 * 3600
    assert tip.value() == {"EUR": Decimal("49.90")}
    assert (what.rate("replied", "sent"), table.total.rate("opted_out", "sent")) == (1.0, 0.5)
    (event,) = behind(tip, "conversions")
    assert (event["conversation_id"], event["value"], event["currency"]) == ("ann", "49.90", "EUR")


def test_rows_by_wording_tell_variants_apart() -> None:
    told = Told()
    for number, who in enumerate(("ann", "ben", "cem")):
        told.says(number, told.begins(number, who), "hello", f"#{1 + number % 2}", who)
    table = told.funnel(by=flows.By.VARIANT)
    assert {row.key: row.count("sent") for row in table.rows} == {"hello#1": 2, "hello#2": 1}
    assert {row.key: row.count("reached") for row in table.rows} == {"hello#1": 2, "hello#2": 1}


def test_only_the_first_words_after_a_bubble_are_its_reply_and_only_within_the_time() -> None:
    told = Told()
    ann = told.begins()
    told.says(0, ann, "hello")
    told.line(1, "turn.heard")
    told.line(2, "turn.heard")
    told.says(3, ann, "tip")
    told.line(3 + 24 * 8, "turn.heard")
    assert counts(told.funnel(), None)["replied"] == 1
    assert counts(told.funnel(reply_within=timedelta(days=9)), None)["replied"] == 2


def test_what_another_flow_said_last_is_not_this_flows_doing() -> None:
    told = Told()
    told.says(0, told.begins(), "hello")
    told.says(1, told.begins(1, flow="follow_up"), "again")
    told.line(2, "turn.heard")
    told.line(2, "prospect.opted_out")
    assert counts(told.funnel(), None) == {"reached": 1, "sent": 1}
    assert counts(told.funnel("follow_up"), "again") == {"reached": 1, "sent": 1, "replied": 1, "opted_out": 1}


def test_enrolments_that_began_outside_the_range_are_left_out() -> None:
    told = Told()
    told.says(0, told.begins(), "hello")
    assert told.funnel(since=T0 + timedelta(seconds=1)).rows == []
    assert told.funnel(until=T0).total.count("reached") == 0


def test_sources_by_first_and_by_last_touch() -> None:
    told = Told()
    told.line(0, "prospect.touched", first=True, source="insta", campaign="spring")
    told.line(1, "turn.heard")
    told.line(2, "turn.heard")
    told.line(3, "prospect.touched", first=False, source="mail", campaign="autumn")
    told.line(4, "episode.closed", episode_id="e", outcome="won")
    told.line(4, "prospect.converted", external_id="x", name="sale", value="10", currency="EUR")
    told.line(5, "prospect.converted", external_id="y", name="sale", value="5.5", currency="EUR")
    told.line(0, "prospect.touched", "ben", first=True)
    told.line(1, "turn.heard", "ben")
    told.line(1, "prospect.opted_out", "ben")

    first, last = told.sources(), told.sources(by=sources.By.CAMPAIGN, touch=sources.Touched.LAST)

    assert counts(first, "insta") == {"people": 1, "wrote_back": 1, "won": 1, "conversions": 2}
    assert counts(first, "direct") == {"people": 1, "opted_out": 1}
    assert counts(last, "spring") == {"people": 1, "wrote_back": 1}
    assert counts(last, "autumn") == {"won": 1, "conversions": 2}
    assert first.total.value() == {"EUR": Decimal("15.5")}
    # Two sales to one person are one person converted.
    assert as_data(first)["total"]["conversion_rate"] == 0.5


def test_the_csv_says_what_the_json_says_and_no_cell_is_a_formula() -> None:
    told = Told()
    told.line(0, "prospect.touched", first=True, source="=cmd()", campaign="x")
    told.line(4, "prospect.converted", external_id="x", name="sale", value="10", currency="EUR")
    table = told.sources()
    row, total = csv.DictReader(io.StringIO(as_csv(table)))
    assert (row["key"], total["key"], row["conversions"], row["value_EUR"]) == ("'=cmd()", "total", "1", "10")
    assert as_data(table)["rows"][0]["value"] == {"EUR": "10"}


def test_a_wordings_name_is_taken_apart() -> None:
    assert parsed("welcome/what.nudge@pt@facebook#2") == ("welcome", "what.nudge", "@pt@facebook#2")
    assert parsed("utter_greet") is None


happenings = st.lists(
    st.tuples(
        st.sampled_from(["begin", "say", "say", "heard", "heard", "out", "sold", "goal"]), st.sampled_from(["ann", "ben"]),
        st.sampled_from(["hello", "what"]), st.integers(0, 400), st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


def played(steps: Sequence[tuple[str, str, str, int, bool]]) -> Told:
    told, inside = Told(), dict[str, list[str]]()
    for kind, who, step, hours, seen in sorted(steps, key=lambda one: one[3]):
        mine = inside.setdefault(who, [])
        if kind == "begin" or not mine:
            mine.append(told.begins(hours, who))
        elif kind == "say":
            told.says(hours, mine[-1], step, who=who, read_at=T0 if seen else None)
        elif kind == "goal":
            told.line(hours, "flow.ended", who, flow="welcome", enrolment=mine[-1], status="done", reason="goal")
        else:
            named = {"heard": "turn.heard", "out": "prospect.opted_out", "sold": "prospect.converted"}[kind]
            told.line(hours, named, who, external_id=str(hours), value="1.10", currency="EUR")
    return told


@given(happenings)
def test_a_funnel_never_widens_and_nothing_is_credited_twice(steps: list[tuple[str, str, str, int, bool]]) -> None:
    told = played(steps)
    table = told.funnel()
    people: list[Person] = told.history.closed()
    for row in (*table.rows, table.total):
        assert row.count("reached") >= row.count("sent") >= row.count("delivered") >= row.count("read")
        assert all(0 <= (row.rate(*pair) or 0) <= 1 for pair in table.rates.values())
        waited = sorted(event.waited_s or 0.0 for event in row.events["replied"])
        assert set(filter(None, row.waits().values())) <= set(waited)
        assert all(0 <= seconds <= 7 * 86400 for seconds in waited)
        assert row.count("goal") <= row.count("reached")
    for measure, whole in (("replied", "heard"), ("opted_out", "opted_out"), ("conversions", "converted")):
        lines = [event.journal_id for event in table.total.events[measure]]
        assert len(set(lines)) == len(lines) <= sum(len(getattr(person, whole)) for person in people)
        assert sum(row.count(measure) for row in table.rows) == len(lines)
    assert sum((row.value().get("EUR", Decimal(0)) for row in table.rows), Decimal(0)) == table.total.value().get("EUR", Decimal(0))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_wait_that_somebody_had(waits: list[float], share: float) -> None:
    ordered = sorted(waits)
    found = nearest_rank(ordered, share)
    assert found in ordered
    assert sum(one <= (found or 0) for one in ordered) / len(ordered) >= share - 1e-9
