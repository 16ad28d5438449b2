"""From a seed to a plan: who writes what and when, how agents are, and everything that goes wrong."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from bot.sim.plan import MESSENGER, WIDGET, AgentPlan, Answer, Fate, Habit, Jump, Kill, Person, Plan, Said, Shift, Spell, Trouble

LONELY = 0.15
"""Of so many seeds, nobody is reliably at the desk: whoever helps looks in now and then."""

LOOKS_IN_S = 6 * 3600.0

RUSHED = 0.5
"""Of so many seeds, some people ask for a person within the same minutes, more than the desk has room for."""

TEAMED = 0.25
"""Of so many seeds, the agents are of teams."""

TEAMS: tuple[tuple[str, ...], ...] = (("sales",), ("care",), ("care", "sales"), ())
BUSINESS = (None, "sales", "Care ", "press")
"""Whose business people are. Nobody is of `press`, so everybody may read them."""

OUTCOMES = ("returned", "returned", "won", "lost", "complaint")

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S

WORDS = (
    "hi", "hello there", "i sell candles", "i have a bakery", "how much is it", "are you a bot", "no time at all", "yes", "sure",
    "people go quiet", "thanks", "asdf qwer", "what about shipping?", "ok", "my shop is small", "nobody answers me",
)  # fmt: skip
HELP = ("can i talk to a person", "human please", "somebody there?", "this is terrible", "i want to complain")
STOPS = ("stop", "unsubscribe", "please stop writing")
TOLD = ("0151 2345678", "tomorrow at 5", "call me at +49 170 1234567", "next week")
ZONES = (None, "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "Asia/Kathmandu")
FATES = ("slow", "slow", "late echo", "no echo", "retry", "retry", "unknown", "unknown", "swallowed", "lost", "rejected")
SLOWLY = (0.02, 0.05, 0.3, 1.0, 4.0)


def plan_of(seed: int, *, hours: float, people: int) -> Plan:
    """The plan of this seed. The same seed, hours and people give the same plan."""
    rng = Random(f"{seed}/{hours}/{people}")
    end_s = hours * HOUR_S
    crowd = tuple(_person(rng, number, end_s) for number in range(1, people + 1))
    if rng.random() < RUSHED:
        crowd = _rush(rng, crowd, end_s)
    moments = [said.at_s for person in crowd for said in person.said]
    agents, troubles = _agents(rng, end_s, people), _troubles(rng, end_s, moments, people)
    plan = Plan(seed=seed, hours=hours, people=crowd, agents=agents, troubles=troubles)
    return _teamed(rng, plan) if rng.random() < TEAMED else plan


def _teamed(rng: Random, plan: Plan) -> Plan:
    """The same in a house of teams: who helps is of none and reads all, the others are of some, and so are the people."""
    first, *others = plan.agents
    agents = (first, *(replace(agent, teams=rng.choice(TEAMS)) for agent in others))
    return replace(plan, agents=agents, people=tuple(replace(p, team=rng.choice(BUSINESS)) for p in plan.people))


# ---- people ---------------------------------------------------------------------------------------------------------


def _person(rng: Random, number: int, end_s: float) -> Person:
    widget = rng.random() < 0.3
    said: list[Said] = []
    at_s = rng.uniform(0, end_s * 0.7)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        said += _visit(rng, at_s, end_s)
        at_s = max(s.at_s for s in said) + rng.choice((40, 400, HOUR_S, 5 * HOUR_S, DAY_S, 3 * DAY_S)) * rng.uniform(0.5, 1.5)
        if at_s >= end_s:
            break
    return Person(
        name=f"p{number}",
        channel=WIDGET if widget else MESSENGER,
        zone=rng.choice(ZONES),
        said=tuple(sorted(said, key=lambda s: s.at_s)),
        answers=tuple(_answer(rng) for _ in range(rng.choice((0, 1, 2, 3, 5)))),
        fates=() if widget else tuple(_fates(rng)),
    )


def _rush(rng: Random, crowd: tuple[Person, ...], end_s: float) -> tuple[Person, ...]:
    """The same people, some of whom ask for a person at about the same time."""
    at_s = rng.uniform(0.1, 0.9) * end_s
    names = {person.name for person in rng.sample(crowd, min(len(crowd), rng.choice((5, 8, 12))))}

    def asks(person: Person) -> Person:
        said = Said(at_s=min(at_s + rng.uniform(0, 240), end_s - 1), text=rng.choice(HELP))
        return replace(person, said=tuple(sorted((*person.said, said), key=lambda s: s.at_s)))

    return tuple(asks(person) if person.name in names else person for person in crowd)


def _visit(rng: Random, at_s: float, end_s: float) -> list[Said]:
    """One burst, or a few short ones."""
    said = []
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        said.append(_said(rng, min(at_s, end_s - 1)))
        at_s += rng.choice((0.05, 0.4, 0.9, 1.3, 2.0, 6.0, 25.0, 70.0)) * rng.uniform(0.8, 1.2)
    return said


def _said(rng: Random, at_s: float) -> Said:
    kind, text = "text", rng.choice(WORDS)
    chance = rng.random()
    if chance < 0.16:
        text = rng.choice(HELP)
    elif chance < 0.22:
        text = rng.choice(STOPS)
    elif chance < 0.25:
        text = "start"
    elif chance < 0.29:
        text = rng.choice(TOLD)
    elif chance < 0.33:
        kind, text = rng.choice((("photo", ""), ("sticker", ""), ("text", "")))
    elif chance < 0.35:
        kind, text = "native", "hello from the inbox"
    again = tuple(rng.choice((0.01, 0.5, 5.0, 60.0, 900.0)) * rng.uniform(0.5, 1.5) for _ in range(rng.choice((0, 0, 0, 1, 2))))
    late_s = rng.choice((0.05, 0.1, 0.1, 0.1, 0.4, 1.5, 8.0)) if rng.random() < 0.97 else rng.uniform(60, 4000)
    return Said(at_s=at_s, text=text, kind=kind, late_s=late_s, again_s=again)


def _answer(rng: Random) -> Answer:
    after_s = rng.choice((1.5, 4.0, 12.0, 40.0, 200.0, 3000.0, 30_000.0)) * rng.uniform(0.7, 1.3)
    text = rng.choice((*WORDS, *TOLD, *HELP[:2]))
    return Answer(after_s=after_s, text=text, tap=rng.choice((None, 0, 1, 2, 3)))


def _fates(rng: Random) -> list[Fate]:
    """The sends of the first thirty that go otherwise than they should."""
    trouble = rng.choice((0.02, 0.1, 0.4))
    return [_fate(rng, nth) for nth in range(1, 31) if rng.random() < trouble]


def _fate(rng: Random, nth: int) -> Fate:
    slow_s, answer_s = rng.choice(SLOWLY), rng.choice(SLOWLY)
    match rng.choice(FATES):
        case "slow":
            return Fate(nth=nth, slow_s=slow_s, answer_s=answer_s)
        case "late echo":
            return Fate(nth=nth, echo_s=rng.choice((8.0, 14.0, 16.0, 40.0)), slow_s=slow_s, answer_s=answer_s)
        case "no echo":
            return Fate(nth=nth, echo_s=None, slow_s=slow_s)
        case "retry":
            retry_s = rng.choice((None, None, 1.0, 30.0))
            error = rng.choice(("temporary",) * 8 + ("rate", "away"))
            return Fate(nth=nth, outcome="retry", error=error, delivered=False, echo_s=None, retry_s=retry_s)
        case "unknown":
            return Fate(
                nth=nth, outcome="unknown", error="timeout", echo_s=rng.choice((0.1, 3.0, 12.0)), answer_s=rng.choice((1.0, 10.0))
            )
        case "swallowed":
            return Fate(nth=nth, outcome="unknown", error="timeout", echo_s=rng.choice((None, 40.0)), answer_s=10.0)
        case "lost":
            return Fate(nth=nth, outcome="unknown", error="timeout", delivered=False, echo_s=None, answer_s=10.0)
        case _:
            error = rng.choice(("rejected", "rejected", "unreachable", "frequency", "config"))
            return Fate(nth=nth, outcome="rejected", error=error, delivered=False, echo_s=None)


# ---- agents ---------------------------------------------------------------------------------------------------------


def _agents(rng: Random, end_s: float, people: int) -> tuple[AgentPlan, ...]:
    """A handful with habits of all kinds, and one who helps: nearly always there, in lonely seeds for an hour in six."""
    found = [_agent(rng, f"agent{number}", end_s) for number in range(2, min(6, 2 + people // 50) + 2)]
    days = range(int(end_s / DAY_S) + 1)
    if rng.random() < LONELY:
        comes = [rng.uniform(0.1, 0.8) * LOOKS_IN_S for _ in range(int(end_s / LOOKS_IN_S) + 1)]
        there = tuple(Shift(from_s=n * LOOKS_IN_S + s, to_s=n * LOOKS_IN_S + s + HOUR_S) for n, s in enumerate(comes))
    else:
        there = tuple(Shift(from_s=at * DAY_S + rng.uniform(0, 900), to_s=(at + 1) * DAY_S - 1) for at in days)
    habits = tuple(
        Habit(
            take_s=rng.choice((2.0, 8.0, 30.0)),
            words_s=(rng.choice((5.0, 20.0, 70.0)),) * rng.choice((1, 2)),
            reply_s=rng.choice((5.0, 20.0, 100.0)),
            end_s=rng.choice((30.0, 300.0)),
            outcome=rng.choice(OUTCOMES),
        )
        for _ in range(7)
    )
    return (AgentPlan(name="agent1", shifts=there, habits=habits), *found)


def _agent(rng: Random, name: str, end_s: float) -> AgentPlan:
    shifts, at_s = [], rng.uniform(0, 2 * HOUR_S)
    while at_s < end_s:
        length = rng.choice((60.0, 600.0, HOUR_S, 4 * HOUR_S, 8 * HOUR_S)) * rng.uniform(0.5, 1.5)
        shifts.append(Shift(from_s=at_s, to_s=at_s + length, away=rng.random() < 0.15))
        at_s += length + rng.choice((5.0, 20.0, 50.0, 150.0, HOUR_S, 14 * HOUR_S)) * rng.uniform(0.5, 1.5)
    habits = tuple(_habit(rng) for _ in range(rng.choice((1, 3, 7))))
    capacity = rng.choice((None, 1.0, 1.0, 2.0))
    return AgentPlan(name=name, shifts=tuple(shifts), habits=habits, eager=rng.random() < 0.6, capacity=capacity)


def _habit(rng: Random) -> Habit:
    return Habit(
        take_s=rng.choice((None, 0.5, 2.0, 8.0, 18.0, 40.0, 100.0)),
        words_s=tuple(rng.choice((1.0, 10.0, 30.0, 90.0)) for _ in range(rng.choice((0, 1, 1, 2, 3)))),
        reply_s=rng.choice((None, 5.0, 20.0, 100.0, 300.0)),
        end=rng.choice(("give_back", "give_back", "give_back", "vanish", "stay")),
        end_s=rng.choice((0.0, 30.0, 200.0, 900.0)),
        outcome=rng.choice(OUTCOMES),
    )


# ---- troubles -------------------------------------------------------------------------------------------------------


def _troubles(rng: Random, end_s: float, moments: list[float], people: int) -> tuple[Trouble, ...]:
    found: list[Trouble] = []
    calm = rng.random() < 0.1
    if calm or not moments:
        return ()
    kills = rng.choice((2, people // 4, people // 2, people)) + 1
    for _ in range(min(kills, 400)):
        at_s = rng.choice(moments) + rng.choice((0.0, 0.1, 1.0, 1.4, 3.0, 10.0, 20.0, 60.0)) * rng.uniform(0.9, 1.1)
        down_s = rng.choice((0.2, 1.0, 3.0, 3.0, 20.0, 100.0)) if rng.random() < 0.97 else rng.uniform(600, 8 * HOUR_S)
        found.append(
            Kill(at_s=at_s, steps=rng.choice((0, rng.randint(1, 40), rng.randint(1, 400))), down_s=down_s, term=rng.random() < 0.1)
        )
    for kind, most in (("hang", 6), ("away", 4), ("fail", 4), ("store", 8)):
        for _ in range(rng.randint(0, most)):
            from_s = rng.choice(moments) - rng.uniform(0, 3)
            lasts_s = rng.choice((0.2, 2.0, 12.0, 12.0, 60.0, 600.0)) * rng.uniform(0.5, 1.5)
            found.append(Spell(kind=kind, from_s=from_s, to_s=from_s + lasts_s))
    for _ in range(rng.choice((0, 0, 1, 3))):
        at_s, by_s = rng.choice(moments) + rng.uniform(-2, 30), rng.choice((-3600.0, -60.0, -5.0, 5.0, 60.0, 3600.0))
        found += [Jump(at_s=at_s, by_s=by_s), Jump(at_s=at_s + rng.uniform(60, 4000), by_s=-by_s)]
    for _ in range(rng.choice((0, 0, 1, 2))):
        found.append(Jump(at_s=rng.choice(moments) + rng.uniform(0, 30), by_s=rng.choice((30.0, 600.0, 9 * HOUR_S)), asleep=True))
    inside = [t for t in found if 0 <= moment(t) < end_s]
    return tuple(sorted(inside, key=moment))


def moment(trouble: Trouble) -> float:
    """When a trouble begins."""
    return trouble.from_s if isinstance(trouble, Spell) else trouble.at_s
