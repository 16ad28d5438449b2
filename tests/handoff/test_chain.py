"""Who is notified, by which carriers and when; and what is not carried any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import Notice
from bot.core.model import Reason
from bot.store.noticing import INSTALLATION
from handoff.chain import BACK_OFF_S, Carrier, Person, Ways, Wishes, chain, people_of, plan, refused, retry_at, still_matters
from tests.handoff.worlds import MIA, SAM, World, desk

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ALL = Ways(email=True, webhook=True)
HERE = Person(agent_id="sam", at_desk=True, online=True)
HOME = Person(agent_id="mia")
AWAY = Person(agent_id="kim", at_desk=True)
EVERYBODY = (HERE, HOME, AWAY)


def turns(notice: Notice, person: Person, ways: Ways = ALL) -> dict[str, tuple[float, bool]]:
    """Each carrier's seconds after the notice, and whether it was carried with it."""
    return {one.carrier: ((one.due_at - AT).total_seconds(), one.sent) for one in chain(notice, person, ways, AT)}


def test_somebody_at_the_desk_is_reached_there_first_and_further_out_later() -> None:
    assert turns(Notice(kind="offer", to=("sam",)), HERE) == {
        "in_page": (0, True),
        "sound": (5, False),
        "web_push": (15, False),
        "email": (120, False),
        "webhook": (180, False),
    }


def test_a_notice_that_sounded_needs_no_second_sound() -> None:
    assert turns(Notice(kind="alarm", data={"sound": True}), HERE)["sound"] == (0, True)


def test_somebody_who_is_not_there_is_reached_outside_at_once() -> None:
    assert turns(Notice(kind="mention", to=("mia",)), HOME) == {
        "web_push": (0, False),
        "email": (105, False),
        "webhook": (165, False),
    }


def test_a_call_goes_out_at_once_also_to_those_at_the_desk() -> None:
    assert turns(Notice(kind="page"), HERE)["web_push"] == (0, False)
    assert turns(Notice(kind="push"), HERE)["web_push"] == (0, False)


def test_a_mention_is_shown_by_the_chain_itself() -> None:
    assert turns(Notice(kind="mention", to=("sam",)), HERE)["in_page"] == (0, False)


def test_what_is_not_wanted_or_not_set_up_has_no_turn() -> None:
    quiet = Person(agent_id="sam", at_desk=True, wishes=Wishes(sound=False, web_push=False))
    assert set(turns(Notice(kind="offer"), quiet, Ways(email=True))) == {"in_page", "email"}


def test_an_alarm_for_everybody_calls_nobody_who_went_home() -> None:
    assert people_of(Notice(kind="alarm"), EVERYBODY, ()) == (HERE,)
    assert people_of(Notice(kind="offer", to=("mia", "gone")), EVERYBODY, ()) == (HOME,)


def test_a_push_reaches_whoever_is_asked_else_everybody_there_or_not() -> None:
    assert people_of(Notice(kind="push", data={"whom": ["sam"]}), EVERYBODY, ()) == (HERE,)
    assert people_of(Notice(kind="push", data={"whom": []}), EVERYBODY, ()) == EVERYBODY


def test_a_page_reaches_supervisors_and_without_any_the_webhook_alone() -> None:
    page = Notice(kind="page")
    assert people_of(page, EVERYBODY, ("mia",)) == (HOME,)
    (only,) = plan(page, (), ALL, AT)
    assert (only.agent_id, only.carrier, only.due_at) == (INSTALLATION, "webhook", AT)
    assert plan(page, (), Ways(), AT) == ()


@pytest.mark.parametrize(
    ("zone", "utc", "quiet"),
    [
        ("Europe/Berlin", "2026-11-23T20:59", False),
        ("Europe/Berlin", "2026-11-23T21:00", True),
        ("Europe/Berlin", "2026-11-24T05:59", True),
        ("Europe/Berlin", "2026-11-24T06:00", False),
        ("Europe/Berlin", "2026-07-24T05:00", False),
        ("UTC", "2026-11-23T21:30", False),
    ],
)
def test_quiet_hours_go_by_the_agent_s_own_clock_and_over_midnight(zone: str, utc: str, quiet: bool) -> None:
    wishes = Wishes(quiet_from="22:00", quiet_to="07:00", zone=zone)
    assert wishes.quiet(datetime.fromisoformat(utc).replace(tzinfo=UTC)) is quiet


def test_quiet_hours_hold_back_what_makes_a_noise_elsewhere_and_let_a_page_through_if_wanted() -> None:
    night = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    wishes = Wishes(quiet_from="22:00", quiet_to="07:00")
    assert refused("offer", Carrier.WEB_PUSH, wishes, night) == "quiet_hours"
    assert refused("offer", Carrier.IN_PAGE, wishes, night) is None
    assert refused("page", Carrier.WEB_PUSH, wishes, night) is None
    assert refused("page", Carrier.EMAIL, wishes.model_copy(update={"urgent_in_quiet": False}), night) == "quiet_hours"
    assert refused("offer", Carrier.EMAIL, Wishes(email=False), AT) == "not_wanted"


def test_an_offer_is_no_news_once_it_is_somebody_else_s_or_taken() -> None:
    world = World(desk(SAM, MIA))
    world.open(Reason.ASKED)
    data = {"episode_id": world.episode.episode_id}
    asked = world.episode.offered_to[-1]
    other = "mia" if asked == "sam" else "sam"
    assert still_matters("offer", data, asked, world.state)
    assert not still_matters("offer", data, other, world.state)
    assert not still_matters("offer", {"episode_id": "another"}, asked, world.state)
    assert still_matters("alarm", data, other, world.state)
    world.take(SAM)
    assert not still_matters("offer", data, asked, world.state)
    assert still_matters("alarm", data, other, world.state)
    world.write(SAM)
    assert not still_matters("page", data, other, world.state)
    assert still_matters("mention", {}, other, world.state)


@given(carrier=st.sampled_from(list(BACK_OFF_S)), asked=st.none() | st.floats(0, 10_000))
def test_a_carrier_is_tried_again_at_growing_gaps_and_given_up(carrier: Carrier, asked: float | None) -> None:
    tries = len(BACK_OFF_S[carrier])
    gaps = [retry_at(carrier, n, AT, asked) for n in range(1, tries + 1)]
    assert all(at is not None and AT < at <= AT + timedelta(seconds=300) for at in gaps)
    assert retry_at(carrier, tries + 1, AT, asked) is None
