"""Several policies in one file: which one governs, what it changes, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Identity, Profile, Reason, State
from bot.yamlfile import YamlFileError
from handoff.match import Facts, Match, facts_of
from handoff.policy import Policy, Target, due
from tests.handoff.worlds import OFFICE_HOURS, POLICY, SAM, START, World, berlin, desk, promises

SOME = (
    OFFICE_HOURS
    + """
  night:
    zone: America/New_York
    week:
      mon-sun: ["22:00-06:00"]
teams:
  night-desk: {calendar: night}
  sales: {}
policies:
  - name: hot leads
    match: {reason: hot_lead, value_from: 500}
    targets: {first_words_s: 30, accept_s: 10}
    ladder:
      - {after_s: 10, actions: [widen]}
      - {at: 80, actions: [supervisor]}
      - {at: 100, actions: [tell_prospect]}
  - name: german complaints
    match: {reason: [complaint, asked], language: de, channel: [facebook, widget]}
    calendar: always
    pause: {out_of_hours: []}
  - name: vips
    match: {tag: [vip, press]}
    targets: {next_words_s: 45}
"""
)
FILE = promises(SOME)


def facts(**given: object) -> Facts:
    return Facts(**{"channel": "widget", "reason": Reason.ASKED, **given})  # type: ignore[arg-type]


def test_todays_file_is_one_policy_that_matches_everything() -> None:
    for channel, reason, team in product(("facebook", "widget"), Reason, (None, "sales")):
        assert POLICY.for_facts(Facts(channel=channel, reason=reason, team=team)) is POLICY
    assert (POLICY.name, POLICY.hours.always) == ("default", True)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "default"),
        ({"reason": Reason.HOT_LEAD, "value": 500.0}, "hot leads"),
        ({"reason": Reason.HOT_LEAD, "value": 499.9}, "default"),
        ({"reason": Reason.HOT_LEAD}, "default"),
        ({"reason": Reason.HOT_LEAD, "value": 900.0, "tags": ("vip",)}, "hot leads"),
        ({"language": "de"}, "german complaints"),
        ({"language": "de", "channel": "rest"}, "default"),
        ({"language": "de", "reason": Reason.COMPLAINT, "tags": ("vip",)}, "german complaints"),
        ({"tags": ("new", "press")}, "vips"),
    ],
)
def test_the_first_that_fits_governs(given: dict[str, object], name: str) -> None:
    assert FILE.for_facts(facts(**given)).name == name


def test_a_policy_changes_what_it_says_and_keeps_the_rest() -> None:
    hot, vips = FILE.named("hot leads"), FILE.named("vips")
    assert (hot.targets.first_words_s, hot.targets.accept_s, hot.targets.next_words_s) == (30, 10, POLICY.targets.next_words_s)
    assert len(hot.ladder) == 3
    assert (vips.targets.next_words_s, vips.ladder, vips.calendar) == (45, FILE.ladder, "office")
    assert FILE.named("german complaints").hours.always
    assert FILE.named("gone since yesterday") is FILE
    assert hot.named("vips") is vips
    assert hot.for_facts(facts()) is FILE


def test_a_team_has_hours_of_its_own_unless_the_policy_says_more() -> None:
    assert FILE.for_facts(facts(team="night-desk")).hours.zone == "America/New_York"
    assert FILE.for_facts(facts(team="night-desk")).name == "default"
    assert FILE.for_facts(facts(team="sales")).calendar == "office"
    assert FILE.for_facts(facts(team="night-desk", language="de")).hours.always
    assert FILE.for_facts(facts(team="night-desk", tags=("vip",))).calendar == "night"


def test_a_copy_with_other_targets_is_what_governs() -> None:
    quick = FILE.model_copy(update={"targets": FILE.targets.model_copy(update={"next_words_s": 7.0})})
    assert quick.for_facts(facts()).targets.next_words_s == 7
    assert quick.named("hot leads").targets.next_words_s == 7
    assert FILE.named("hot leads").targets.next_words_s == POLICY.targets.next_words_s


def test_what_a_conversation_knows() -> None:
    state = State(
        conversation_id="c",
        identity=Identity(channel="facebook", external_id="a"),
        created_at=START,
        profile=Profile(locale="de_DE"),
        slots={"lead_value": "750", "team": " sales "},
        tags=("vip",),
    )
    known = Facts(channel="facebook", reason=Reason.ASKED, value=750.0, language="de", team="sales", tags=("vip",))
    assert facts_of(state, Reason.ASKED) == known


@pytest.mark.parametrize("value", [None, "a lot", True, float("nan"), float("inf"), [1]])
def test_a_value_that_is_no_number_is_not_known(value: object) -> None:
    state = State(
        conversation_id="c",
        identity=Identity(channel="rest", external_id="a"),
        created_at=START,
        slots={"lead_value": value, "team": 3, "language": ""},
    )
    assert facts_of(state, Reason.ASKED) == Facts(channel="rest", reason=Reason.ASKED)


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2).map(tuple)
VALUES = st.none() | st.sampled_from([1.0, 2.0, 3.0])


@st.composite
def matches(draw: st.DrawFn) -> Match:
    low, high = draw(VALUES), draw(VALUES)
    if low is not None and high is not None and high <= low:
        high = None
    reasons = draw(st.lists(st.sampled_from(list(Reason)[:3]), max_size=2).map(tuple))
    return Match(channel=draw(NAMES), reason=reasons, team=draw(NAMES), tag=draw(NAMES), value_from=low, value_below=high)


some_facts = st.builds(
    Facts,
    channel=st.sampled_from(["a", "b", "c"]),
    reason=st.sampled_from(list(Reason)[:3]),
    team=st.none() | st.sampled_from(["a", "b", "c"]),
    tags=NAMES,
    value=st.none() | st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 9.0]),
)


@given(broad=matches(), narrow=matches(), known=some_facts)
def test_what_covers_another_fits_whatever_that_fits(broad: Match, narrow: Match, known: Facts) -> None:
    if broad.covers(narrow) and not narrow.misses(known):
        assert not broad.misses(known)


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("calendar: office\n", "calendar: offce\n", "calendar", 'did you mean "office"?'),
        ("{calendar: night}", "{calendar: nigth}", "teams.night-desk.calendar", 'did you mean "night"?'),
        ("zone: Europe/Berlin", "zone: Europe/Berlinn", "calendars.office.zone", 'did you mean "Europe/Berlin"?'),
        ("country: DE", "country: DX", "calendars.office.holidays", "DX"),
        ("region: BE", "region: BX", "calendars.office.holidays", "BX"),
        ("fri:", "frii:", "calendars.office.week", 'did you mean "fri"?'),
        ("fri:", "thu-fri:", "calendars.office", "thu is given twice"),
        ('["09:00-15:00"]', '["9 to 3"]', "calendars.office.week.fri", "09:00-12:30"),
        ('["09:00-15:00"]', '["09:00-15:00", "14:00-16:00"]', "calendars.office.week.fri", "overlap"),
        ("12-31: closed", "12-32: closed", "calendars.office.dates", "12-24 for every year"),
        ("12-31: closed", "02-30: closed", "calendars.office.dates", "02-30"),
        ("reason: hot_lead", "reason: hot_leed", "policies[0].match.reason", 'did you mean "hot_lead"?'),
        ("value_from: 500", "value_form: 500", "policies[0].match.value_form", 'did you mean "value_from"?'),
        ("value_from: 500", "value_from: 500, value_below: 500", "policies[0].match", "value_below"),
        ("first_words_s: 30, accept_s: 10", "first_words_s: 30, accept_s: 30", "policies[0].targets", "accept_s must be shorter"),
        ("{after_s: 10, actions: [widen]}", "{after_s: 29, actions: [widen]}", "policies[0].ladder", "higher than the one before"),
        ("{at: 80, actions: [supervisor]}", "{at: 80, after_s: 3, actions: [widen]}", "policies[0].ladder[1]", "one of the two"),
        ("actions: [supervisor]}", "actions: [supervizor]}", "policies[0].ladder[1]", 'did you mean "supervisor"?'),
        ("actions: [supervisor]}", "actions: [say]}", "policies[0].ladder[1]", "lines to say"),
        ("actions: [supervisor]}", "actions: [raise_value]}", "policies[0].ladder[1]", "raise_by"),
        ("actions: [supervisor]}", "actions: [return_to_bot]}", "policies[0].ladder", "still time"),
        ("- name: vips", "- name: hot leads", "policies[2].name", "taken"),
        ("- name: vips", "- name: default", "policies[2].name", "taken"),
        ("pause: {out_of_hours: []}", "pause: {out_of_hours: [reply]}", "policies[1].pause", "first_words"),
        ("match: {tag: [vip, press]}", "match: {team: [salse]}", "policies[2].match.team", 'did you mean "sales"?'),
    ],
)
def test_a_wrong_policy_is_refused_with_the_place_and_the_nearest_word(old: str, new: str, field: str, says: str) -> None:
    assert SOME.count(old) >= 1
    with pytest.raises(YamlFileError) as wrong:
        promises(SOME.replace(old, new, 1))
    assert wrong.value.field.startswith(field), wrong.value
    assert says in str(wrong.value)
    assert (wrong.value.line > 100, wrong.value.column > 0) == (True, True)


def test_each_target_goes_by_the_calendar_or_by_the_wall_clock() -> None:
    evening = berlin("2026-11-25T17:59:50")
    morning = berlin("2026-11-26T09:00:10")
    assert due(FILE, evening, 20, Target.FIRST_WORDS) == morning
    assert due(FILE, evening, 20, Target.NEXT_WORDS) == morning
    assert due(FILE, evening, 20, Target.ACCEPT) == evening + timedelta(seconds=20)
    only_offers = promises(OFFICE_HOURS + "pause: {out_of_hours: [offer]}\n")
    assert due(only_offers, evening, 20, Target.FIRST_WORDS) == evening + timedelta(seconds=20)
    assert due(only_offers, evening, 20, Target.OFFER) == morning


def test_a_calendar_that_never_opens_still_has_deadlines() -> None:
    shut = promises("calendar: shut\ncalendars:\n  shut: {zone: UTC, week: {mon: []}}\n")
    assert due(shut, START, 60, Target.FIRST_WORDS) == START + timedelta(seconds=60)


def test_an_episode_keeps_the_policy_it_was_opened_under() -> None:
    world = World(desk(SAM), FILE, now=berlin("2026-11-25T10:00:00"), slots={"lead_value": 900}, tags=("vip",))
    world.open(Reason.HOT_LEAD)
    assert (world.episode.policy, world.episode.value) == ("hot leads", 900)
    assert world.episode.first_words_due_at == world.now + timedelta(seconds=30)
    assert world.noted("episode.opened")[0].data["policy"] == "hot leads"
    world.wait(30)
    assert [e.data["after_s"] or e.data["at"] for e in world.noted("rung.climbed")] == [10, 80, 100]
    assert world.breaches() == ["accept", "first_words"]
    world.take(SAM)
    world.write(SAM)
    world.give_back(SAM)
    world.open(Reason.ASKED)
    assert world.episode.policy == "vips"


def test_the_schema_for_editors_knows_every_field() -> None:
    from handoff.editing import json_schema

    schema = json_schema()
    assert set(schema["properties"]) == set(Policy.model_fields)
    assert set(schema["$defs"]["Match"]["properties"]) == set(Match.model_fields)
