"""The shape of what starts a flow."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from nurture.shapes import File, Name, NameList, Names

MORE = frozenset({"where", "remember"})
"""What belongs to an event: which properties it must have, and which are kept in which slot."""


def _values(value: object) -> object:
    """One value or several, as the words that properties are compared by."""
    given = value if isinstance(value, list) else [value]
    return [property_text(one) if isinstance(one, str | int | float | bool) else one for one in given]


def property_text(value: Any) -> str:
    """A property as words: `true`, `9.5`, `pro`, without regard to capitals."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().casefold()


Values = Annotated[list[str], BeforeValidator(_values, json_schema_input_type=str | int | float | bool | list[str])]


class SegmentFile(File):
    """A segment of people, by what is known of them; every part that is set must hold."""

    slot: Name | None = None
    is_: Names = Field([], alias="is")
    mentions: Names = []
    tag: str | None = None
    warmth_at_least: int | None = Field(None, ge=1, le=100)

    @model_validator(mode="after")
    def _sense(self) -> SegmentFile:
        if not self.model_fields_set:
            raise ValueError("say who is in the segment: slot, tag or warmth_at_least")
        if (self.is_ or self.mentions) and self.slot is None:
            raise ValueError("is and mentions need the slot they look at")
        return self


class NamedTrigger(File):
    tag: NameList = []
    intent: Names = []
    outcome: Names = []
    after_flow: Names = []
    ref: Names = []
    ad: Names = []
    utm: Names = []
    event: NameList = []
    segment: SegmentFile | None = None
    where: dict[str, Values] = {}
    remember: dict[str, Name] = {}

    @property
    def kind(self) -> str:
        """Which of them it is."""
        (kind,) = self.model_fields_set - MORE
        return kind

    @model_validator(mode="after")
    def _one(self) -> NamedTrigger:
        if len(self.model_fields_set - MORE) != 1:
            raise ValueError(
                "a trigger is one of first_message, manual, tag, intent, outcome, after_flow, ref, ad, utm, event or segment"
            )
        if self.model_fields_set & MORE and not self.event:
            raise ValueError("where and remember belong to an event")
        return self


def as_triggers(value: object) -> object:
    """One trigger is a list of one."""
    return value if isinstance(value, list) else [value]


Trigger = Annotated[
    Annotated[Literal["first_message", "manual"], Tag("plain")] | Annotated[NamedTrigger, Tag("named")],
    Discriminator(lambda value: "named" if isinstance(value, dict) else "plain"),
]
