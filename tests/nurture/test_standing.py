from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.model import Enrolment, Standing
from nurture.load import load_flow
from nurture.standing import stalled

NOW = datetime(2026, 5, 12, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HERE = Enrolment(
    enrolment_id="e1",
    flow_id="a",
    flow_version=1,
    step_id="w",
    entered_at=NOW - HOUR,
    step_entered_at=NOW - HOUR,
    waiting_for="time",
)
LONG = replace(HERE, step_entered_at=NOW - 8 * DAY)
CAP = {"enrolment": "e1", "step": "w", "reason": "cap"}


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing(conversation_id="c", enrolment=HERE, due_at=NOW + HOUR), None),
        (Standing(conversation_id="c", enrolment=HERE, due_at=NOW - timedelta(minutes=14)), None),
        (Standing(conversation_id="c", enrolment=HERE, due_at=NOW - timedelta(minutes=16)), "overdue"),
        (Standing(conversation_id="c", enrolment=HERE), "no_clock"),
        (Standing(conversation_id="c", enrolment=replace(HERE, waiting_for="person")), None),
        (Standing(conversation_id="c", enrolment=replace(LONG, waiting_for="person")), "person"),
        (Standing(conversation_id="c", enrolment=LONG, due_at=NOW + HOUR), None),
        (Standing(conversation_id="c", enrolment=LONG, due_at=NOW + HOUR, held=CAP), "held"),
        (Standing(conversation_id="c", enrolment=HERE, due_at=NOW + HOUR, held=CAP), None),
        (Standing(conversation_id="c", enrolment=replace(HERE, step_id="x"), due_at=NOW + HOUR), "step_gone"),
        (Standing(conversation_id="c", enrolment=replace(HERE, flow_id="b"), due_at=NOW + HOUR), "flow_gone"),
    ],
)
def test_who_will_not_get_on_is_named(tmp_path: Path, standing: Standing, reason: str | None) -> None:
    file = tmp_path / "a.yml"
    file.write_text("name: A\nversion: 1\ngoal: g\ntrigger: manual\nsteps:\n  - {id: w, wait: 30d}\n  - {id: e, stop: x}\n")

    known = {"a": load_flow(file)}
    assert stalled(standing, known.get(standing.enrolment.flow_id), NOW) == reason


def test_what_held_an_earlier_step_back_does_not_hold_this_one() -> None:
    assert Standing(conversation_id="c", enrolment=HERE, held=CAP).held_reason == "cap"
    assert Standing(conversation_id="c", enrolment=replace(HERE, step_id="e"), held=CAP).held_reason is None
