"""Which policy governs a handoff: what is known about it, and what a policy asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.core.model import Json, Reason, State
from handoff.hours import nearest

VALUE_SLOT, TEAM_SLOT, LANGUAGE_SLOT, SKILLS_SLOT = "lead_value", "team", "language", "skills"
"""Slots that say what a lead is worth, which team it is for, which language the prospect writes, and what whoever helps must be
able to do (a list, or names with commas between)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about a handoff when it is asked for."""

    channel: str
    reason: Reason
    value: float | None = None
    language: str | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()


def facts_of(state: State, reason: Reason) -> Facts:
    """What a conversation knows: value, team and language from slots; the language else from the locale the channel told."""
    locale = (state.profile.locale or "").replace("-", "_").split("_")[0].lower()
    language = _text(state.slots, LANGUAGE_SLOT) or locale or None
    return Facts(
        channel=state.identity.channel,
        reason=reason,
        value=_number(state.slots.get(VALUE_SLOT)),
        language=language and language.lower(),
        team=_text(state.slots, TEAM_SLOT),
        tags=state.tags,
        skills=_many(state.slots.get(SKILLS_SLOT)),
    )


def _text(slots: Json, name: str) -> str | None:
    value = slots.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _many(value: object) -> tuple[str, ...]:
    found = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    return tuple(name.strip() for name in found if isinstance(name, str) and name.strip())


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        return None
    return number if number is not None and number == number and abs(number) != float("inf") else None


def _as_many(value: Any) -> Any:
    return value if value is None or isinstance(value, list | tuple) else [value]


def _reasons(value: Any) -> Any:
    """One reason or several; a wrong one is told as its field's, since a single word is no list to count in."""
    many = _as_many(value)
    for name in many if isinstance(many, list | tuple) else ():
        if isinstance(name, str) and name not in {reason.value for reason in Reason}:
            raise ValueError(f'"{name[:40]}" is not a reason{nearest(name, (reason.value for reason in Reason))}')
    return many


Names = Annotated[tuple[str, ...], BeforeValidator(_as_many)]
Reasons = Annotated[tuple[Reason, ...], BeforeValidator(_reasons)]


class Match(BaseModel):
    """What a policy asks for. Every field given must fit; of several values in a field one must. Nothing given fits everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Names = ()
    reason: Reasons = ()
    language: Names = ()
    team: Names = ()
    tag: Names = ()
    value_from: Annotated[float, Field(ge=0)] | None = None
    value_below: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.value_from is not None and self.value_below is not None and self.value_below <= self.value_from:
            raise ValueError("no value is both from value_from on and below value_below")
        return self

    def misses(self, facts: Facts) -> tuple[str, ...]:
        """Why it does not fit, one reason a field; empty if it fits."""
        return tuple(self._misses(facts))

    def _misses(self, facts: Facts) -> Iterator[str]:
        if self.channel and facts.channel not in self.channel:
            yield f"the channel is {facts.channel}, not {_or(self.channel)}"
        if self.reason and facts.reason not in self.reason:
            yield f"the reason is {facts.reason.value}, not {_or(tuple(r.value for r in self.reason))}"
        if self.language and facts.language not in tuple(name.lower() for name in self.language):
            yield f"the language is {facts.language or 'not known'}, not {_or(self.language)}"
        if self.team and facts.team not in self.team:
            yield f"the team is {facts.team or 'not known'}, not {_or(self.team)}"
        if self.tag and not set(self.tag) & set(facts.tags):
            yield f"the tag {_or(self.tag)} is not set"
        yield from self._value_misses(facts.value)

    def _value_misses(self, value: float | None) -> Iterator[str]:
        if self.value_from is not None and (value is None or value < self.value_from):
            yield f"the value is {'not known' if value is None else f'{value:g}'}, not from {self.value_from:g} on"
        if self.value_below is not None and (value is None or value >= self.value_below):
            yield f"the value is {'not known' if value is None else f'{value:g}'}, not below {self.value_below:g}"

    def covers(self, other: Match) -> bool:
        """Whether everything that fits `other` fits this too."""
        for field in ("channel", "reason", "language", "team", "tag"):
            mine, theirs = set(getattr(self, field)), set(getattr(other, field))
            if mine and (not theirs or not theirs <= mine):
                return False
        if self.value_from is not None and (other.value_from is None or other.value_from < self.value_from):
            return False
        return self.value_below is None or (other.value_below is not None and other.value_below <= self.value_below)


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)
