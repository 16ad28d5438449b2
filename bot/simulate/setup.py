"""What is asked of a simulation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.core.model import WarmlineError
from bot.simulate.characters import MIX, check_mix
from nurture.timing import known_zone

MOST_PEOPLE = 100_000
MOST_DAYS = 366
LANGUAGE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}")
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
"""A Monday. A fixed one, so that the same seed gives the same result tomorrow."""


class BadSetup(WarmlineError):
    """A simulation cannot be made so; `setting` names what is wrong."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting


class Cancelled(WarmlineError):
    """Whoever asked for the simulation wants it no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How many people, for how long, who they are and how they come. Raises `BadSetup` naming what is wrong.

    `mix` are weights of the characters. People come over the first `entering` days. `zones` are theirs, drawn evenly, and so are
    `languages`, which their channel tells of them (of nobody, if there are none). Who does not come by a message of their own (a
    flow begun by a tag, an outcome or by hand) last wrote `last_wrote` before the flow begins.
    `channel` None: the flow's own, else Messenger. `agents` people answer, as long as the promises' calendar is open.
    `transcripts` talks are told in full.
    """

    people: int = 1000
    days: int = 30
    seed: int = 1
    start: datetime = START
    mix: Mapping[str, float] = field(default_factory=lambda: dict(MIX))
    channel: str | None = None
    zones: tuple[str, ...] = ("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles")
    languages: tuple[str, ...] = ()
    entering: int | None = None
    last_wrote: timedelta = timedelta(hours=2)
    agents: int = 3
    capacity: int = 4
    transcripts: int = 4

    def __post_init__(self) -> None:
        _within("people", self.people, 1, MOST_PEOPLE)
        _within("days", self.days, 1, MOST_DAYS)
        _within("agents", self.agents, 0, 1000)
        _within("capacity", self.capacity, 1, 100)
        _within("transcripts", self.transcripts, 0, 50)
        if self.entering is not None:
            _within("entering", self.entering, 1, self.days)
        if self.start.tzinfo is None:
            raise BadSetup("start", "say which time zone: end it with Z, or with +01:00")
        if not self.zones:
            raise BadSetup("zones", "people live somewhere; name at least one time zone")
        for zone in self.zones:
            if known_zone(zone).key != zone:
                raise BadSetup("zones", f"{zone} is not a time zone")
        for language in self.languages:
            if not LANGUAGE.fullmatch(language):
                raise BadSetup("languages", f"{language[:40]} is no language such as pt or pt-BR")
        try:
            check_mix(self.mix)
        except ValueError as error:
            raise BadSetup("mix", str(error)) from None

    @property
    def ends_at(self) -> datetime:
        """The last moment that is played."""
        return self.start + timedelta(days=self.days)

    @property
    def entering_days(self) -> int:
        """Over how many days people come; a third of the time, and a week at most, if not told."""
        return self.entering or max(1, min(7, self.days // 3))


def _within(setting: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadSetup(setting, f"{value} is not between {least} and {most}")
