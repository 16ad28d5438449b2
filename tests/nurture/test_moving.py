"""Who stays, moves or leaves when a version is published: counted beforehand, carried out alike, and nobody goes backwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Enrolment, Identity, Standing, State
from nurture.book import Nurture
from nurture.flow import Flow
from nurture.going_over import BURST_OVER, go_over
from nurture.load import read_flow
from nurture.moving import EXIT, Fate, destination, plan
from tests.nurture.nurture_talk import NOON, PERSONA, Talk

DUE = NOON + timedelta(hours=2)
NAMES = [f"s{number}" for number in range(8)]


def flow(steps: str, version: int = 1) -> Flow:
    _, read = read_flow(Path("tips.yml"), f"name: Tips\nversion: {version}\ngoal: A tip.\ntrigger: manual\nsteps:\n{steps}")
    return read


def waits(*names: str, version: int = 1, length: str = "1d") -> Flow:
    """Waits in a row, then a goal."""
    steps = "".join(f"  - {{id: {name}, wait: {length}}}\n" for name in names)
    return flow(f"{steps}  - {{id: end, goal: Done.}}\n", version)


def inside(step_id: str, *visited: str, version: int = 1, due_at: datetime | None = DUE, waiting_for: str = "time") -> Standing:
    enrolment = Enrolment(
        enrolment_id="e1", flow_id="tips", flow_version=version, step_id=step_id, entered_at=NOON, step_entered_at=NOON,
        waiting_for=waiting_for, visits=dict.fromkeys((*visited, step_id), 1),
    )  # fmt: skip
    return Standing(conversation_id="c1", enrolment=enrolment, due_at=due_at)


def test_whoever_stands_at_a_step_that_is_still_there_stays_at_it() -> None:
    there = destination(waits("a", "b"), waits("x", "a", "b", version=2), inside("b", "a").enrolment)
    assert (there.fate, there.step_id) == (Fate.MOVE, "b")


def test_where_the_step_is_gone_people_go_on_to_the_next_one_that_is_left() -> None:
    there = destination(waits("a", "b", "c", "d"), waits("a", "d", version=2), inside("b", "a").enrolment)
    assert (there.fate, there.step_id, there.why) == (Fate.MOVE, "d", "step gone")


def test_where_nothing_is_left_people_leave() -> None:
    new = flow("  - {id: a, wait: 1d}\n  - {id: over, goal: Done.}\n", 2)
    there = destination(waits("a", "b"), new, inside("b", "a").enrolment)
    assert (there.fate, there.why) == (Fate.EXIT, "nothing left")


def test_a_choice_wins_unless_it_would_lead_back() -> None:
    old, new = waits("a", "b", "c"), waits("a", "c", "d", version=2)
    at_b = inside("b", "a").enrolment
    assert destination(old, new, at_b, choices={"b": "d"}).step_id == "d"
    assert destination(old, new, at_b, choices={"b": EXIT}).fate is Fate.EXIT
    back = destination(old, new, at_b, choices={"b": "a"})
    assert (back.fate, back.why) == (Fate.STAY, "would go back")
    # Not visited in this enrolment, yet it lies before them in the flow.
    assert destination(old, new, inside("b").enrolment, choices={"b": "a"}).why == "would go back"


def test_without_a_move_everybody_stays_where_they_are() -> None:
    made = plan({1: waits("a")}, waits("b", version=2), [inside("a")], NOON, move=False)
    assert [(group.fate, group.people, group.due_next_day) for group in made.groups] == [(Fate.STAY, 1, 1)]


def test_a_shorter_wait_is_told_as_falling_due_at_once() -> None:
    old, new = waits("a", length="3d"), waits("a", length="1h", version=2)
    now = NOON + timedelta(hours=5)
    people = [inside("a", due_at=NOON + timedelta(days=3)) for _ in range(7)]
    before, after = plan({1: old}, new, people, now, move=False), plan({1: old}, new, people, now)
    assert (before.due_at_once, before.due_next_hour, before.due_next_day) == (0, 0, 0)
    assert (after.due_at_once, after.due_next_hour, after.due_next_day) == (7, 7, 7)
    assert after.people(Fate.MOVE) == 7


def test_the_moved_are_spread_over_an_hour_and_keep_their_place() -> None:
    old, new = waits("a", "b", length="3d"), waits("a", "b", length="1h", version=2)
    dues = set()
    for seed in range(40):
        state, decided = moved(old, new, inside("a", due_at=NOON + timedelta(days=3)), now=NOON + timedelta(hours=5), seed=seed)
        [enrolment] = state.enrolments
        assert (enrolment.flow_version, enrolment.step_id, enrolment.step_entered_at) == (2, "a", NOON)
        [clock] = state.clocks
        assert NOON + timedelta(hours=5) <= clock.due_at <= NOON + timedelta(hours=5) + BURST_OVER
        assert not decided.say
        dues.add(clock.due_at)
    assert len(dues) > 30


def test_somebody_who_was_asked_is_not_asked_again_and_the_silence_keeps_its_start() -> None:
    ask = "  - {{id: q, ask: 'What do you sell?', slot: what, expects: {{any_text: true}}, silence: {{after: {}}}}}\n"
    old, new = flow(ask.format("1h")), flow(ask.format("3h"), 2)
    state, _ = moved(old, new, inside("q", due_at=NOON + timedelta(hours=1), waiting_for="reply"), now=NOON)
    [enrolment], [clock] = state.enrolments, state.clocks
    assert (enrolment.waiting_for, clock.due_at, clock.data["why"]) == ("reply", NOON + timedelta(hours=3), "silence")


def test_somebody_who_is_with_a_person_moves_without_a_clock() -> None:
    state, _ = moved(waits("a"), waits("a", version=2), inside("a", due_at=None, waiting_for="person"), now=NOON)
    assert (state.clocks, state.enrolments[0].waiting_for, state.enrolments[0].flow_version) == ((), "person", 2)


def moved(old: Flow, new: Flow, standing: Standing, *, now: datetime, seed: int = 0):  # type: ignore[no-untyped-def]
    enrolment = standing.enrolment
    why = "silence" if enrolment.waiting_for == "reply" else "wait"
    clocks = (Clock(kind=ClockKind.STEP, due_at=standing.due_at, key="e1", data={"why": why}),) if standing.due_at else ()
    state = State(
        conversation_id="c1", identity=Identity(channel="widget", external_id="p"), created_at=NOON, enrolments=(enrolment,),
        clocks=clocks,
    )  # fmt: skip
    nurture = Nurture(flows={"tips": new}, persona=PERSONA, versions={("tips", 1): old})
    draft = Draft(state, now=now, rng=Random(seed), new_id=str)
    go_over(draft, nurture, "tips", version=new.version, choices={})
    return draft.state, draft.close()


# ---- whatever the flows are ------------------------------------------------------------------------------------------


@st.composite
def flows(draw: st.DrawFn, version: int) -> Flow:
    """Waits, questions and branches in any order, leading on, past one another and round."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, len(NAMES)))]
    rows = []
    for place, name in enumerate(names):
        after = names[place + 1] if place + 1 < len(names) else "end"
        other = draw(st.sampled_from([*names, "end"]))
        match draw(st.sampled_from(["wait", "ask", "reply"])):
            case "wait":
                rows.append(f"  - {{id: {name}, wait: {draw(st.sampled_from(['1h', '1d']))}, then: {after}}}\n")
            case "ask":
                silence = f"silence: {{after: 1h, then: {other}}}"
                rows.append(
                    f"  - {{id: {name}, ask: 'What now?', slot: w, expects: {{any_text: true}}, {silence}, then: {after}}}\n"
                )
            case _:
                rows.append(f"  - {{id: {name}, wait: {{reply: true, at_most: 1d, on_silence: {other}}}, then: {after}}}\n")
    return flow("".join(rows) + "  - {id: end, goal: Done.}\n", version)


@st.composite
def people(draw: st.DrawFn, old: Flow) -> list[Standing]:
    names = [name for name in old.steps if name != "end"]
    found = []
    for number in range(draw(st.integers(1, 6))):
        step_id = draw(st.sampled_from(names))
        visited = draw(st.lists(st.sampled_from(names), max_size=5))
        due_at = NOON + timedelta(minutes=draw(st.integers(-60, 3000)))
        waiting_for = draw(st.sampled_from(["time", "reply", "person"]))
        one = inside(step_id, *visited, due_at=None if waiting_for == "person" else due_at, waiting_for=waiting_for)
        found.append(replace(one, enrolment=replace(one.enrolment, enrolment_id=f"e{number}")))
    return found


@given(st.data())
def test_nobody_goes_backwards_and_everybody_is_counted_once(data: st.DataObject) -> None:
    old, new = data.draw(flows(1)), data.draw(flows(2))
    who = data.draw(people(old))
    choices = data.draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*NAMES, EXIT]), max_size=3))
    made = plan({1: old}, new, who, NOON, choices=choices)
    assert sum(group.people for group in made.groups) == len(who)
    assert sum(made.people(fate) for fate in Fate) == len(who)
    assert made == plan({1: old}, new, list(reversed(who)), NOON, choices=choices)
    for group in made.groups:
        assert 0 <= group.due_at_once <= group.due_next_hour <= group.due_next_day <= group.people
    told = Counter({(g.step_id, g.fate, g.to_step): 0 for g in made.groups})
    for group in made.groups:
        told[group.step_id, group.fate, group.to_step] += group.people
    done: Counter[tuple[str, Fate, str | None]] = Counter()
    for standing in who:
        there = destination(old, new, standing.enrolment, choices=choices)
        done[standing.enrolment.step_id, there.fate, there.step_id] += 1
        if there.fate is Fate.MOVE:
            assert there.step_id in new.steps
            assert there.step_id == standing.enrolment.step_id or there.step_id not in standing.enrolment.visits
    assert done == told


@given(st.data())
def test_what_is_planned_is_what_happens_and_everybody_who_stays_has_a_clock_or_a_person(data: st.DataObject) -> None:
    old, new = data.draw(flows(1)), data.draw(flows(2))
    for standing in data.draw(people(old)):
        standing = replace(standing, enrolment=replace(standing.enrolment, enrolment_id="e1"))
        there = destination(old, new, standing.enrolment)
        state, decision = moved(old, new, standing, now=NOON)
        [after] = state.enrolments
        assert not decision.say
        assert (after.status == "exited") == (there.fate is Fate.EXIT)
        assert len(state.clocks) == (after.status == "live" and after.waiting_for != "person")
        if there.fate is Fate.MOVE:
            assert (after.flow_version, after.step_id) == (2, there.step_id)
        [due] = [clock.due_at for clock in state.clocks] or [None]
        planned = plan({1: old}, new, [standing], NOON).groups[0]
        if due is not None:
            assert due >= NOON
            assert planned.due_next_day == (due <= NOON + timedelta(days=1))
            assert planned.due_at_once <= (due <= NOON + BURST_OVER)


# ---- inside the engine -----------------------------------------------------------------------------------------------


def test_an_enrolment_goes_on_in_its_own_version_after_a_newer_one_is_entered() -> None:
    say = "  - {{id: hi, say: '{}', purpose: help}}\n  - {{id: w, wait: 1h}}\n  - {{id: more, say: '{}', purpose: help}}\n"
    old, new = flow(say.format("Old hi.", "Old more.")), flow(say.format("New hi.", "New more."), 2)
    talk = Talk(Nurture(flows={"tips": old}, persona=PERSONA), now=datetime(2026, 5, 12, 10, 0, tzinfo=UTC))
    talk.start("tips")
    talk.later(timedelta(minutes=5))
    talk.nurture = replace(talk.nurture, flows={"tips": new}, versions={("tips", 1): old})
    talk.write("thanks")
    talk.later(timedelta(days=2))
    assert [text for text in talk.texts if "hi" in text or "more" in text] == ["Old hi.", "Old more."]
    assert talk.ends == [("tips", "done", "end")]
