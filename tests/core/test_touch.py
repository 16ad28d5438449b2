"""By what people came: the first touch stays, the last stands beside it, and nothing private is kept of an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import Inbound
from bot.core.model import Heard, Identity, State, Touch
from bot.core.touch import MARKS, clean_referral, clean_url, is_direct, source_of, told, touch_from, touch_of, touches
from tests.core.conversing import NOW, follows, waiting_state

SPRING = {"utm": {"source": "insta", "campaign": "spring"}}
AUTUMN = {"utm": {"source": "mail", "campaign": "autumn"}}


def state(**known: Any) -> State:
    return State(conversation_id="c", identity=Identity(channel="widget", external_id="p"), created_at=NOW, **known)


def heard(referral: dict[str, Any] | None = None, landing: dict[str, Any] | None = None, *, later: float = 0) -> Heard:
    metadata = {name: value for name, value in (("referral", referral), ("landing", landing)) if value}
    return Heard(message_id=1, external_id="m", at=NOW + timedelta(seconds=later), metadata=metadata)


def test_the_first_touch_is_never_overwritten_and_the_last_stands_beside_it() -> None:
    current, lines = waiting_state(), []
    for referral in (SPRING, None, AUTUMN, AUTUMN):
        decision = follows(current, Inbound(messages=(heard(referral),)))
        current = decision.state
        lines += [e.data for e in decision.journal if e.kind == "prospect.touched"]
    assert current.first_touch is not None
    assert current.last_touch is not None
    assert (current.first_touch.campaign, current.last_touch.campaign) == ("spring", "autumn")
    assert [(line["first"], line.get("campaign")) for line in lines] == [(True, "spring"), (False, "autumn")]


def test_who_comes_directly_first_stays_direct_at_first() -> None:
    current = follows(waiting_state(), Inbound(messages=(heard(),))).state
    current = follows(current, Inbound(messages=(heard(SPRING),))).state
    assert current.first_touch == Touch(at=NOW, channel="widget")
    assert current.last_touch is not None
    assert current.last_touch.source == "insta"


def test_the_landing_page_is_the_first_touch_and_the_page_of_the_talk_the_last() -> None:
    first, last = touches(state(), [heard(AUTUMN, SPRING)])
    assert (first.campaign, last.campaign) == ("spring", "autumn")


def test_where_they_landed_is_no_touch_of_those_who_are_known() -> None:
    first, last = touches(state(), [heard(AUTUMN, SPRING), heard(AUTUMN, SPRING, later=9), heard(None, SPRING, later=10)])
    assert (first.campaign, last.campaign) == ("spring", "autumn")


def test_people_known_from_before_touches_were_kept_came_by_what_their_slot_says() -> None:
    first, last = touches(state(turns=3, slots={"referral": SPRING}), [heard(AUTUMN, later=99)])
    assert (first.at, first.campaign, last.campaign) == (NOW, "spring", "autumn")


def test_an_address_is_kept_without_what_is_nobodys_business() -> None:
    raw = "https://ann:secret@shop.example:8443/a/b?utm_source=x&email=ann%40example.com&ref=r&token=t#part"
    assert clean_url(raw) == "https://shop.example:8443/a/b?utm_source=x&ref=r"
    for wrong in ("javascript:alert(1)", "ftp://x/y", "http://[1/", "http://", "words", 7, None):
        assert clean_url(wrong) is None


def test_marks_are_taken_from_the_address_and_a_referrer_of_the_same_site_is_none() -> None:
    page = {"url": "https://shop.example/?utm_source=x&fbclid=f&ref=r&q=secret", "referrer": "https://shop.example/other?q=1"}
    assert clean_referral(page) == {
        "url": "https://shop.example/?utm_source=x&fbclid=f&ref=r", "utm": {"source": "x"}, "fbclid": "f", "ref": "r",
    }  # fmt: skip
    elsewhere = clean_referral({**page, "referrer": "https://news.example/story?user=7"})
    assert elsewhere["referrer"] == "https://news.example/story"


def test_reports_name_a_source_for_every_touch() -> None:
    def named(**referral: Any) -> str:
        return source_of(touch_of(referral, at=NOW, channel="widget"))

    assert named(utm={"source": "insta"}, ad_id="7") == "insta"
    assert (named(ad_id="7"), named(ref="r"), named(), named(gclid="g")) == ("ad", "link", "direct", "google")
    assert named(referrer="https://news.example/story") == "news.example"


plain = st.none() | st.booleans() | st.integers() | st.text()
anything = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
names = st.sampled_from(["url", "referrer", "ref", "utm", "ad_id", "gclid", "fbclid", "source", "utm_source", "ad_title"])


@given(anything | st.dictionaries(names, anything | st.text().map(lambda t: f"https://x.example/?{t}")))
def test_whatever_a_client_says_becomes_a_touch_or_nothing(raw: Any) -> None:
    referral = clean_referral(raw)
    assert clean_referral(referral) == referral
    touch = touch_of(referral, at=NOW, channel="widget")
    assert touch_from(told(touch), at=NOW, channel="widget") == touch
    assert is_direct(touch) == (source_of(touch) == "direct" and not any((touch.medium, touch.campaign, touch.term, touch.content)))
    for address in (touch.page, touch.referrer):
        assert address is None or {name for name, _ in parse_qsl(urlsplit(address).query)} <= MARKS
