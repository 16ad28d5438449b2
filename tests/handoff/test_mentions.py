"""Who is mentioned in a note."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.contract import Agent
from handoff.mentions import mentions
from tests.handoff.worlds import START


def agent(agent_id: str, name: str) -> Agent:
    return Agent(agent_id=agent_id, email=f"{agent_id}@example.com", name=name, role="agent", password_hash="x", created_at=START)


TEAM = [
    agent("mia", "Mia Berg"),
    agent("sam", "Sam"),
    agent("kim1", "Kim Lee"),
    agent("kim2", "Kim Oh"),
    agent("jo", "Jörg Straße"),
]


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("@Mia can you look?", ("mia",)),
        ("@mia berg, and @SAM!", ("mia", "sam")),
        ("ask @mia@example.com", ("mia",)),
        ("write to mia@example.com", ()),
        ("@Miau is a cat", ()),
        ("@Kim which one", ()),
        ("@Kim Oh it is you", ("kim2",)),
        ("@Sam @Sam @Mia", ("sam", "mia")),
        ("@nobody", ()),
        ("@Jörg bitte", ("jo",)),
        ("@JÖRG STRAßE!", ("jo",)),
        ("@me", ()),
    ],
)
def test_a_name_behind_an_at_is_a_mention(text: str, whom: tuple[str, ...]) -> None:
    assert mentions(text, [*TEAM, agent("me", "Me")], by="me") == whom


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert set(mentions(text, TEAM, by="me")) <= {one.agent_id for one in TEAM}
