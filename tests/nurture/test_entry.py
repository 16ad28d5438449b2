"""Flows that begin by the clock: once an occurrence, neither lost nor in a burst, and only where something may be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.decide import Rules, decide
from bot.core.events import Audited, ClockFired, Event, ProfileSeen
from bot.core.model import Clock, ClockKind, FlowMode, Identity, Owner, Profile, State, Window
from bot.core.pacing import Pacing
from handoff.desk import Desk
from handoff.policy import Policy
from nurture.book import Nurture, Persona, Ruling
from nurture.load import read_flow
from tests.service.serving import ROOT

SUNDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = Policy.default(ROOT / "promises.yml")
SCHEDULED = "{schedule: {every: mon, at: '9:00', spread: 30m, grace: 3h}}"
SILENT = "{segment: {silence: 14d}}"
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "UTC")


def rules_of(tmp_path: Path, trigger: str, head: str = "") -> Rules:
    file = tmp_path / "a.yml"
    file.write_text(
        f"name: A\nversion: 1\ngoal: g\nrepeat: true\ntrigger: {trigger}\n{head}steps:\n"
        "  - {id: tip, say: Try it with a photo first., purpose: help}\n  - {id: s, stop: over}\n"
    )
    nurture = Nurture(flows={"a": read_flow(file)[1]}, persona=Persona(name="Juno", business="Sundial"))
    return Rules(policy=POLICY, nurture=nurture, pacing=Pacing(instant=True))


class Person:
    """One person, and the clocks that fire for them."""

    def __init__(
        self, rules: Rules, *, zone: str | None = "Europe/Berlin", seed: int = 1, now: datetime = SUNDAY, **known: Any
    ) -> None:
        self.rules, self.now, self.ids, self.rng = rules, now, iter(range(10_000)), Random(seed)
        self.journal: list[Any] = []
        who = Identity(channel="facebook", external_id="p")
        fields = {"last_inbound_at": now - HOUR, "window": Window(opened_at=now, closes_at=None), "turns": 1, **known}
        self.state = State(
            conversation_id="c", identity=who, created_at=now - DAY, profile=Profile(zone=zone), **fields
        )  # fmt: skip
        self.hears_of(Audited())

    def hears_of(self, event: Event) -> None:
        decision = decide(
            self.state, event, now=self.now, rng=self.rng, new_id=lambda prefix: f"{prefix}{next(self.ids)}", rules=self.rules,
            desk=Desk(()),
        )  # fmt: skip
        self.state = replace(decision.state, unsent=())
        self.journal.extend(decision.journal)

    def until(self, until: datetime, *, down_until: datetime | None = None) -> None:
        """Clocks fire when they are due; while the service is down, when it is back."""
        while (clock := min(self.state.clocks, key=lambda one: one.due_at, default=None)) and clock.due_at <= until:
            self.now = max(self.now, clock.due_at, down_until or clock.due_at)
            if self.now > until:
                break
            self.hears_of(ClockFired(clock=clock))
        self.now = max(self.now, until)

    @property
    def entry(self) -> Clock | None:
        return next((clock for clock in self.state.clocks if clock.kind is ClockKind.ENTRY), None)

    @property
    def started(self) -> list[datetime]:
        return [entry.at for entry in self.journal if entry.kind == "flow.started"]

    @property
    def held(self) -> list[str]:
        return [entry.data["reason"] for entry in self.journal if entry.kind == "flow.held"]


def test_every_monday_at_nine_by_their_own_clock_spread_and_once(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, SCHEDULED)
    people = [Person(rules, seed=seed) for seed in range(20)]
    for person in people:
        person.until(SUNDAY + 22 * DAY)
    first = [person.started[0] for person in people]

    assert all(len(person.started) == 4 for person in people)
    assert datetime(2026, 3, 2, 8, tzinfo=UTC) <= min(first) < max(first) <= datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert max(first) - min(first) > timedelta(minutes=10)
    assert people[0].entry is not None


@settings(max_examples=40)
@given(
    zone=st.sampled_from(ZONES),
    moves=st.lists(st.tuples(st.integers(1, 400), st.sampled_from(ZONES)), max_size=4),
    looks=st.lists(st.integers(1, 700), max_size=4),
)
def test_once_an_occurrence_however_they_travel_and_however_often_it_is_looked_at(
    tmp_path_factory: pytest.TempPathFactory, zone: str, moves: list[tuple[int, str]], looks: list[int]
) -> None:
    rules = rules_of(tmp_path_factory.mktemp("flow"), SCHEDULED)
    person = Person(rules, zone=zone)
    happens = sorted([(hours, place) for hours, place in moves] + [(hours, "") for hours in looks])
    names = []
    for hours, place in [*happens, (24 * 35, "")]:
        person.until(SUNDAY + hours * HOUR)
        person.hears_of(ProfileSeen(profile=Profile(zone=place)) if place else Audited())
        names.append(person.state.occurred.get("a", ""))
    mondays = {at.date() for at in person.started}

    assert names == sorted(names)
    assert len(person.started) <= 5
    assert len(person.started) >= (5 if not moves else 4) - len(moves)
    assert len(mondays) == len(person.started)


def test_who_could_not_be_begun_in_time_begins_within_the_grace_and_not_all_at_once(tmp_path: Path) -> None:
    rules, back = rules_of(tmp_path, SCHEDULED), datetime(2026, 3, 2, 10, tzinfo=UTC)
    people = [Person(rules, seed=seed) for seed in range(20)]
    for person in people:
        person.until(SUNDAY + 2 * DAY, down_until=back)
    at = sorted(person.started[0] for person in people)

    assert all(len(person.started) == 1 for person in people)
    assert at[0] >= back
    assert at[-1] - at[0] > timedelta(minutes=10)
    assert at[-1] <= back + timedelta(minutes=30)


def test_what_was_missed_for_longer_than_the_grace_is_told_and_the_next_one_comes(tmp_path: Path) -> None:
    person = Person(rules_of(tmp_path, SCHEDULED))
    person.until(SUNDAY + 3 * DAY, down_until=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert (person.started, person.held) == ([], ["missed"])
    person.until(SUNDAY + 9 * DAY)
    assert len(person.started) == 1


def test_nobody_outside_the_channels_window_or_with_a_person_is_begun(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, SCHEDULED)
    closed = Person(rules, window=Window(opened_at=SUNDAY - DAY, closes_at=SUNDAY))
    talking = Person(rules)
    talking.state = replace(talking.state, owner=Owner.AGENT)
    for person in (closed, talking):
        person.until(SUNDAY + 2 * DAY)

    assert (closed.started, closed.held) == ([], ["window_closed"])
    assert (talking.started, talking.held) == ([], ["owner"])


@pytest.mark.parametrize(("tags", "comes"), [(("vip",), 1), (("vip", "customer"), 0), ((), 0)])
def test_it_is_for_its_audience_alone(tmp_path: Path, tags: tuple[str, ...], comes: int) -> None:
    person = Person(rules_of(tmp_path, SCHEDULED, "audience: {tags: [vip], not_tags: [customer]}\n"), tags=tags)
    assert (person.entry is not None) == bool(comes)
    person.until(SUNDAY + 2 * DAY)
    assert len(person.started) == comes


def test_an_opt_out_stops_the_clock_and_a_paused_flow_lets_the_occurrence_pass(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, SCHEDULED)
    gone = Person(rules, opted_out_at=SUNDAY)
    assert gone.entry is None

    paused = Person(rules)
    paused.rules = replace(rules, nurture=replace(rules.nurture, rulings={"a": Ruling(mode=FlowMode.PAUSED)}))
    paused.until(SUNDAY + 2 * DAY)
    assert (paused.started, paused.held) == ([], ["paused"])
    paused.rules = rules
    paused.until(SUNDAY + 9 * DAY)
    assert len(paused.started) == 1


def test_a_changed_schedule_moves_the_clock_with_the_next_decision(tmp_path: Path) -> None:
    person = Person(rules_of(tmp_path, SCHEDULED))
    before = person.entry
    person.rules = rules_of(tmp_path, SCHEDULED.replace("mon", "tue"))
    person.hears_of(Audited())
    assert before is not None
    assert person.entry is not None
    assert person.entry.data["name"] == "2026-03-03T09:00"
    person.rules = rules_of(tmp_path, "manual")
    person.hears_of(Audited())
    assert person.entry is None


def test_silence_is_counted_to_the_second_from_what_they_wrote_last(tmp_path: Path) -> None:
    person = Person(rules_of(tmp_path, SILENT), last_inbound_at=SUNDAY - HOUR)
    person.until(SUNDAY - HOUR + 14 * DAY - timedelta(seconds=1))
    assert person.started == []
    person.until(SUNDAY + 20 * DAY)
    assert person.started == [SUNDAY - HOUR + 14 * DAY]
    assert person.entry is None


def test_who_writes_again_starts_the_silence_anew(tmp_path: Path) -> None:
    person = Person(rules_of(tmp_path, SILENT))
    person.until(SUNDAY + 10 * DAY)
    person.state = replace(person.state, last_inbound_at=person.now)
    person.hears_of(Audited())
    person.until(SUNDAY + 23 * DAY)
    assert person.started == []
    person.until(SUNDAY + 25 * DAY)
    assert person.started == [SUNDAY + 24 * DAY]


def test_whoever_has_been_silent_for_longer_is_not_begun(tmp_path: Path) -> None:
    person = Person(rules_of(tmp_path, SILENT), last_inbound_at=SUNDAY - 20 * DAY)
    person.until(SUNDAY + 60 * DAY)
    assert (person.started, person.entry) == ([], None)


def test_all_parts_of_a_segment_by_silence_must_hold(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "{segment: {silence: 14d, tag: later}}")
    untagged, tagged = Person(rules), Person(rules, tags=("later",))
    for person in (untagged, tagged):
        person.until(SUNDAY + 15 * DAY)
    assert (len(untagged.started), len(tagged.started)) == (0, 1)
