"""What each of the Graph API's answers means: code and subcode together, and the usage headers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Rejected, Retry, Unknown
from bot.channels.facebook.meaning import NO_USAGE, Usage, meaning, usage

TABLE = [
    # HTTP status, code, subcode, what it means
    (400, 10, 2018278, Rejected(error="window")),
    (400, 10, 2534022, Rejected(error="window")),
    (400, 10, 2018065, Rejected(error="window")),
    (400, 10, 2018108, Rejected(error="unreachable")),
    (400, 551, 1545041, Rejected(error="unreachable")),
    (400, 200, 1545041, Rejected(error="unreachable")),
    (400, 100, 2018001, Rejected(error="unreachable")),
    (400, 100, 2018047, Rejected(error="upload", detail="said so")),
    (400, 100, None, Rejected(error="config", detail="said so")),
    (400, 100, 2018034, Rejected(error="config", detail="said so")),
    (400, 27, None, Rejected(error="config", detail="said so")),
    (400, 190, 463, Retry(error="token")),
    (400, 190, 460, Retry(error="token")),
    (401, 190, 458, Retry(error="token")),
    (400, 190, None, Retry(error="token")),
    (403, 4, None, Retry(error="rate")),
    (400, 613, None, Retry(error="rate")),
    (400, 80000, None, Retry(error="rate")),
    (400, 80006, None, Retry(error="rate")),
    (400, 80099, None, Retry(error="rate")),
    (400, 4, 2018354, Rejected(error="frequency")),
    (400, 1, None, Retry(error="temporary")),
    (400, 2, None, Retry(error="temporary")),
    (400, 1200, None, Retry(error="temporary")),
    (500, 1, None, Unknown(error="temporary")),
    (503, 2, None, Unknown(error="temporary")),
    (500, 1200, None, Unknown(error="temporary")),
    (502, None, None, Unknown(error="http_502")),
    (504, 77, None, Unknown(error="http_504")),
    (400, 10, 2018300, Rejected(error="rejected", detail="said so")),
    (400, 10, None, Rejected(error="rejected", detail="said so")),
    (400, 551, None, Rejected(error="rejected", detail="said so")),
    (403, 200, None, Rejected(error="rejected", detail="said so")),
]


def error(code: int | None, subcode: int | None, **more: Any) -> dict[str, Any]:
    given = {"code": code, "error_subcode": subcode, "message": "said so", **more}
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize(("status", "code", "subcode", "means"), TABLE)
def test_code_and_subcode_decide_together(status: int, code: int | None, subcode: int | None, means: object) -> None:
    assert meaning(status, error(code, subcode)) == means


def test_what_calls_itself_transient_is_tried_again() -> None:
    assert meaning(400, error(99, None, is_transient=True)) == Retry(error="temporary")
    assert meaning(400, error(99, None, is_transient=False)) == Rejected(error="rejected", detail="said so")


def test_a_rate_error_waits_until_access_is_regained() -> None:
    assert meaning(400, error(613, None), Usage(used=1.0, regain_s=240)) == Retry(error="rate", after_s=240)


@given(
    status=st.integers(100, 599),
    body=st.dictionaries(
        st.sampled_from(["code", "error_subcode", "message", "is_transient"]), st.none() | st.integers() | st.text()
    ),
)
def test_whatever_it_says_has_a_meaning(status: int, body: dict[str, Any]) -> None:
    assert isinstance(meaning(status, body), Retry | Rejected | Unknown)


class TestUsage:
    def test_the_fullest_quota_counts(self) -> None:
        app = {"call_count": 28, "total_time": 25, "total_cputime": 31}
        page = {"type": "messenger", "call_count": 80, "total_cputime": 9, "total_time": 9, "estimated_time_to_regain_access": 0}
        headers = {"X-App-Usage": json.dumps(app), "X-Business-Use-Case-Usage": json.dumps({"104": [page]})}
        assert usage(headers) == Usage(used=0.8, regain_s=0.0)

    def test_minutes_to_wait_become_seconds(self) -> None:
        full = {"type": "messenger", "call_count": 104, "estimated_time_to_regain_access": 3}
        assert usage({"X-Business-Use-Case-Usage": json.dumps({"1": [{}], "2": [full]})}) == Usage(used=1.04, regain_s=180)

    @pytest.mark.parametrize("text", ["", "nonsense", "[]", "7", '{"1": 5}', '{"1": ["x"]}', '{"call_count": "many"}'])
    def test_what_cannot_be_read_tells_nothing(self, text: str) -> None:
        assert usage({"X-App-Usage": text, "X-Business-Use-Case-Usage": text}) == NO_USAGE

    def test_without_headers_nothing_is_told(self) -> None:
        assert usage({}) == NO_USAGE
