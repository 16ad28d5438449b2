"""What will happen in a simulation, decided before it begins: plain data, so that a run can be repeated, cut down and printed.

All moments are virtual seconds since the start of the simulation, all durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

MESSENGER, WIDGET = "facebook", "widget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A person writes by themselves. `kind` is text, photo, sticker, or native (someone answers them from the page's own inbox).

    The webhook comes `late_s` after, and again after each of `again_s`.
    """

    at_s: float
    text: str = ""
    kind: str = "text"
    late_s: float = 0.1
    again_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person does when something new is on their screen: after `after_s` tap quick reply `tap` if there is one, else
    write `text`."""

    after_s: float
    text: str
    tap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of the `nth` send to a person. `outcome` is sent, retry, unknown or rejected (`error` says as what).

    The person gets it if `delivered`; the echo comes `echo_s` after, or never. The call takes `slow_s` before and `answer_s` after.
    """

    nth: int
    outcome: str = "sent"
    error: str = ""
    delivered: bool = True
    echo_s: float | None = 0.4
    slow_s: float = 0.05
    answer_s: float = 0.05
    retry_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who writes. Their `answers` are used up one after the other. `team` is whose business the brain finds them to be."""

    name: str
    channel: str = MESSENGER
    zone: str | None = None
    team: str | None = None
    said: tuple[Said, ...] = ()
    answers: tuple[Answer, ...] = ()
    fates: tuple[Fate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What an agent does with one piece of work.

    Take it after `take_s` (None: ignore it), write after each of `words_s`, answer the person within `reply_s` (None: not at
    all), and then give_back, vanish or stay (`end`), after `end_s`.
    """

    take_s: float | None = 5.0
    words_s: tuple[float, ...] = (10.0,)
    reply_s: float | None = 20.0
    end: str = "give_back"
    end_s: float = 60.0
    outcome: str = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """An agent's console is open from `from_s` to `to_s`; `away` is how the switch stands."""

    from_s: float
    to_s: float
    away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    """An agent. The `habits` come round and round; `eager` ones also press take on what was offered to another. `capacity` is what
    they may hold, None for what the settings say; of `teams` they are, None being of all."""

    name: str
    shifts: tuple[Shift, ...] = ()
    habits: tuple[Habit, ...] = (Habit(),)
    eager: bool = False
    capacity: float | None = None
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """kill -9: `steps` steps of the service after `at_s`; a new process starts `down_s` later. `term`: SIGTERM at `at_s`."""

    at_s: float
    steps: int = 0
    down_s: float = 1.0
    term: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """The clock on the wall is set by `by_s` (or, `asleep`, the machine sleeps for so long)."""

    at_s: float
    by_s: float
    asleep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A bad time: `kind` is hang, away or fail (the brain), or store (the database is away)."""

    kind: str
    from_s: float
    to_s: float


type Trouble = Kill | Jump | Spell


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole simulation: `seed` decides the service's own dice, `hours` when people fall silent and troubles end."""

    seed: int
    hours: float
    people: tuple[Person, ...] = ()
    agents: tuple[AgentPlan, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def end_s(self) -> float:
        """When the last thing that is planned has happened."""
        return self.hours * 3600
