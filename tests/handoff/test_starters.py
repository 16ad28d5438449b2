"""Canned starters: no place without a fallback, no hole in what is said, and only admins edit them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.starters import filled, mistake
from tests.handoff.conftest import Office


@pytest.mark.parametrize(
    "text", ["Hi {first_name}", "Hi {first_name|}", "Hi {first_name| }", "{|there}", "{First Name|x}", "a { b", "a } b", "{{a|b}}"]
)
def test_a_place_without_a_fallback_is_a_mistake(text: str) -> None:
    assert mistake(text)


@given(
    st.text(alphabet="ab_{|} ", max_size=40),
    st.dictionaries(st.sampled_from(["a", "b", "ab"]), st.one_of(st.text(), st.none(), st.booleans())),
)
def test_what_is_no_mistake_is_said_without_a_hole(text: str, known: dict[str, Any]) -> None:
    if mistake(text) is None:
        said = filled(
            text, {name: value for name, value in known.items() if not (isinstance(value, str) and ("{" in value or "}" in value))}
        )
        assert "{" not in said
        assert "}" not in said


def test_what_is_known_fills_the_place_and_else_the_fallback() -> None:
    assert (
        filled("Hi {first_name|there}, {budget| no budget }.", {"first_name": " Ann\nMay ", "budget": True})
        == "Hi Ann May, no budget."
    )


async def test_admins_edit_and_agents_get_them_filled_in(office: Office) -> None:
    admin, sam = await office.sign_in("Ada", "admin"), await office.sign_in("Sam")
    conversation_id = await office.prospect("hi")
    _, kept = await admin.get("starters")
    starter = {"name": "Hello", "text": "Hi {first_name|there}, {agent|we} here.", "team": ""}
    wrong = {**starter, "text": "Hi {first_name}"}
    status, body = await admin.post("starters", {"starters": [starter, wrong], "version": kept["version"]}, method="PUT")
    assert (status, body["error"]["field"]) == (400, "starters.1.text")
    status, saved = await admin.post("starters", {"starters": [starter], "version": kept["version"]}, method="PUT")
    assert (status, saved["starters"]) == (200, [starter])
    status, body = await admin.post("starters", {"starters": [], "version": kept["version"]}, method="PUT")
    assert (status, body["error"]["code"]) == (409, "changed_meanwhile")
    _, offered = await sam.get(f"conversations/{conversation_id}/starters")
    assert offered == {"starters": [{"name": "Hello", "text": "Hi there, Sam here."}], "similar": []}
    assert (await sam.get("starters"))[0] == 403
    assert (await sam.post("starters", {"starters": [], "version": saved["version"]}, method="PUT"))[0] == 403
