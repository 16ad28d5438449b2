"""Records of a flow, as the engine walks it. `nurture.load` makes them from YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta

from nurture.schedule import Schedule
from nurture.timing import SendRules

REFERRALS = ("ref", "ad", "utm", "comment")
"""Kinds of triggers that look at where the person came from."""

VALUE_PURPOSES = frozenset({"inform", "help"})
"""Purposes that give the person something; an offer must come after one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A quick reply: what is shown, what is remembered, and what is sent when tapped (read by the brain like any words)."""

    title: str
    value: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a step says: wordings to choose from, each one to a few bubbles, with per-channel wordings that win.

    `per_language` holds the same in other languages, by lower-case tag (`pt`, `pt_br`); who speaks one of them gets only that.
    """

    wordings: tuple[tuple[str, ...], ...]
    per_channel: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    image_url: str | None = None
    per_language: Mapping[str, Copy] = field(default_factory=dict)

    @property
    def every_choice(self) -> tuple[Choice, ...]:
        """The quick replies in whatever language; any of them may be what was tapped."""
        return (*self.choices, *(choice for copy in self.per_language.values() for choice in copy.choices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What happens when nobody answers: after how long, with how many nudges, and where to go then (None: the end)."""

    after: timedelta
    then: str | None
    nudge: Copy | None = None
    nudges: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expects:
    """What counts as an answer: these intents, this entity, or any words at all."""

    intents: frozenset[str] = frozenset()
    entity: str | None = None
    any_text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a branch is taken; every part that is set must hold.

    `slot` alone asks that something is known; `values` that it is one of these; `mentions` that one of these words
    begins a word of it. `entity` and `intent` look at the latest reading, `started_by` at what began the enrolment,
    `event` at what was told of the person since then.
    """

    slot: str | None = None
    values: frozenset[str] = frozenset()
    mentions: tuple[str, ...] = ()
    intent: frozenset[str] = frozenset()
    entity: str | None = None
    replied: bool | None = None
    silence: timedelta | None = None
    tag: str | None = None
    started_by: frozenset[str] = frozenset()
    warmth_at_least: int | None = None
    event: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way out of a branch."""

    when: Condition
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBase:
    """What every step has: its name and its line in the file. `then` is the next step, None the end of the flow."""

    id: str
    line: int = 0
    then: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SayStep(StepBase):
    """Words that want no answer."""

    copy: Copy
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStep(StepBase):
    """A question. `again` are gentler wordings after an aside; `remember` maps entities to slots.

    With `unless_known` it is passed over where the slot is already filled.
    """

    copy: Copy
    slot: str
    expects: Expects
    silence: Silence
    again: Copy | None = None
    remember: Mapping[str, str] = field(default_factory=dict)
    unless_known: bool = False
    purpose: str = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferStep(StepBase):
    """An invitation; legal only when value was given and the person wrote since. Too early, it is passed over."""

    copy: Copy
    accepted: str
    declined: str
    silence: Silence
    purpose: str = "offer"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(StepBase):
    """A pause: for `duration`, or until a time of day (of the next day if so), or for a reply for `duration` at most."""

    duration: timedelta | None = None
    until: time | None = None
    next_day: bool = False
    for_reply: bool = False
    on_silence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStep(StepBase):
    """The first case that holds; else `then`."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm of an experiment: its name, its share beside the shares of the others, and where it leads."""

    name: str
    share: int
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentStep(StepBase):
    """People are split by a sticky hash over these arms."""

    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreStep(StepBase):
    """Adds points to how warm the person is towards us; negative ones take some off."""

    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagStep(StepBase):
    """Puts tags on the person, or takes them off."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffStep(StepBase):
    """Asks for a person; `detail` tells them why. The flow goes on when the person gives back."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStep(StepBase):
    """Asks another program: these slots are posted to `url`, and fields of its JSON answer (`into`, by path) become slots.

    An answer that does not come within `timeout`, or is not a success, is asked for again, `tries` times in all; then `on_failure`.
    """

    url: str
    on_failure: str
    send: tuple[str, ...] = ()
    into: Mapping[str, str] = field(default_factory=dict)
    timeout: timedelta = timedelta(seconds=5)
    tries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GotoStep(StepBase):
    """Goes elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalStep(StepBase):
    """The flow reached what it is for."""

    goal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStep(StepBase):
    """The flow ends without its goal."""

    reason: str


type Step = (
    SayStep
    | AskStep
    | OfferStep
    | WaitStep
    | BranchStep
    | ExperimentStep
    | ScoreStep
    | TagStep
    | HandoffStep
    | WebhookStep
    | GotoStep
    | GoalStep
    | StopStep
)
type SpeakingStep = SayStep | AskStep | OfferStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most so many unprompted messages within this time, over all flows."""

    messages: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a flow: `kind` is first_message, tag, intent, outcome, after_flow, ref, ad, utm, event, segment,
    schedule, comment or manual.

    `names` are which of them; empty where there is only one. An event starts it only if its properties have, for each name in
    `where`, one of these values (as words, without regard to capitals); `remember` maps properties to slots.
    `segment` is the condition that must become true of the person; `schedule` is when the flow begins by itself.
    A comment starts it if it is on one of the posts `names`, or on any, and holds one of `words`, or whatever it says.
    """

    kind: str
    names: frozenset[str] = frozenset()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    remember: Mapping[str, str] = field(default_factory=dict)
    segment: Condition | None = None
    schedule: Schedule | None = None
    words: tuple[str, ...] = ()

    def wants_comment(self, post: str, text: str) -> bool:
        """Whether a comment on this post starts the flow: one of its words begins a word of it."""
        on_it = self.kind == "comment" and (not self.names or post in self.names)
        return on_it and (not self.words or any(re.search(rf"\b{re.escape(word)}", text.casefold()) for word in self.words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom a flow is for; empty means everybody."""

    tags: frozenset[str] = frozenset()
    not_tags: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()


DEFAULT_CAPS = (Cap(messages=1, within=timedelta(hours=20)), Cap(messages=3, within=timedelta(days=7)))
"""One unprompted message a day and three a week. 20 hours, not 24, so that a daily step keeps its time of day."""

DEFAULT_RULES = SendRules()

DEFAULT_PRIORITY = 50
"""Between 1 and 100; of two flows that share a cap the higher one goes first."""

DEFAULT_UNANSWERED = 2
"""Unprompted messages in a row without a reply; after these a flow ends rather than nag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One version of a flow. `steps` are in the order of the file; the first is where it begins.

    `repeat` lets the same person go through it again. `zone` is the IANA zone of people whose own is unknown.
    Where one of `goal_when` holds the goal is reached wherever the person stands; one of `exit_when` ends it without.
    `source` is the file's text, byte for byte as UTF-8; empty for a flow that was not read from one. `blocks` are the texts of
    the blocks that it uses, by name.
    """

    flow_id: str
    name: str
    version: int
    goal: str
    triggers: tuple[Trigger, ...]
    steps: Mapping[str, Step]
    file: str = ""
    line: int = 1
    audience: Audience = Audience()
    rules: SendRules = DEFAULT_RULES
    caps: tuple[Cap, ...] = DEFAULT_CAPS
    unanswered: int = DEFAULT_UNANSWERED
    zone: str | None = None
    priority: int = DEFAULT_PRIORITY
    repeat: bool = False
    goal_when: tuple[Condition, ...] = ()
    exit_when: tuple[Condition, ...] = ()
    source: str = ""
    blocks: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> Step:
        """The step it begins with."""
        return next(iter(self.steps.values()))

    def started_by(self, kind: str, name: str = "") -> bool:
        """Whether this trigger starts the flow."""
        return any(t.kind == kind and (not t.names or name in t.names) for t in self.triggers)


def ways_out(step: Step) -> tuple[str | None, ...]:
    """Every step that may come next; None is the end of the flow."""
    match step:
        case AskStep():
            return step.then, step.silence.then
        case OfferStep():
            return step.accepted, step.declined, step.silence.then, step.then
        case WaitStep(for_reply=True):
            return step.then, step.on_silence
        case BranchStep():
            return *(case.then for case in step.cases), step.then
        case ExperimentStep():
            return tuple(arm.then for arm in step.arms)
        case WebhookStep():
            return step.then, step.on_failure
        case GoalStep() | StopStep():
            return ()
        case _:
            return (step.then,)


def copies(step: Step) -> tuple[tuple[str, Copy], ...]:
    """Every piece of copy of a step with its field in the file."""
    match step:
        case SayStep():
            return (("say", step.copy),)
        case AskStep():
            found: list[tuple[str, Copy]] = [("ask", step.copy)]
            if step.again:
                found.append(("again", step.again))
            if step.silence.nudge:
                found.append(("nudge", step.silence.nudge))
            return tuple(found)
        case OfferStep():
            return (("offer", step.copy),)
        case _:
            return ()
