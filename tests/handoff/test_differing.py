"""What changed between two versions of the promises, in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handoff.differing import MOST, differing

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(min_size=1, max_size=3), JSON, max_size=4)


def test_each_field_that_changed_is_told_with_both_values() -> None:
    before = {"targets": {"reply_s": 20, "offer_s": 5}, "ladder": [{"at": 50}, {"at": 100}], "supervisors": []}
    after = {"targets": {"reply_s": 30}, "ladder": [{"at": 50}, {"at": 100, "until": "seen"}], "supervisors": ["mia"]}
    assert differing(before, after) == [
        "targets.reply_s: 20 → 30",
        "targets.offer_s: 5 is gone",
        "supervisors: [] is gone",
        "ladder[1].until: seen is new",
        "supervisors[0]: mia is new",
    ]


def test_a_policy_is_known_by_its_name_and_not_by_its_place() -> None:
    gold, silver = {"name": "gold", "calendar": "always"}, {"name": "silver", "calendar": "office"}
    assert differing({"policies": [gold, silver]}, {"policies": [silver, gold]}) == []
    assert differing({"policies": [gold]}, {"policies": [{**gold, "calendar": "office"}]}) == [
        "policies[gold].calendar: always → office"
    ]


def test_long_values_and_many_changes_are_cut() -> None:
    (line,) = differing({"a": "x"}, {"a": "y " * 100})
    assert line.endswith("…")
    assert len(line) < 80
    many = differing({}, {str(n): n for n in range(100)})
    assert (len(many), many[-1]) == (MOST + 1, f"and {100 - MOST} more")


@given(DOCUMENTS, DOCUMENTS)
def test_whatever_documents_hold_only_differences_are_told(one: dict[str, object], other: dict[str, object]) -> None:
    assert differing(one, one) == []
    assert len(differing(one, other)) <= MOST + 1
