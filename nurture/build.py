"""What a flow file says, as the records that the engine walks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, assert_never

from bot.yamlfile import Document
from nurture import flow as f
from nurture import schema as s
from nurture.blocks import Whole
from nurture.copy import bubbles_of, language_tag
from nurture.schedule import Schedule
from nurture.shapes import DAYS
from nurture.timing import SendRules
from nurture.triggers import MONTH, NamedTrigger, ScheduleFile, SegmentFile


def build(document: Document, file: s.FlowFile) -> f.Flow:
    """The flow of a checked file; its id is the file's name."""
    following = [step.id for step in file.steps[1:]]
    steps = {
        step.id: _step(step, document.line(("steps", index)), after)
        for index, (step, after) in enumerate(zip(file.steps, (*following, None), strict=True))
    }
    quiet_from, quiet_to = file.quiet_hours or (None, None)
    days = frozenset(DAYS.index(day) for day in file.days)
    return f.Flow(
        flow_id=document.file.stem,
        name=file.name,
        version=file.version,
        goal=file.goal,
        triggers=tuple(_trigger(trigger) for trigger in file.trigger),
        steps=steps,
        file=str(document.file),
        line=document.line(("name",)),
        audience=f.Audience(
            tags=frozenset(file.audience.tags),
            not_tags=frozenset(file.audience.not_tags),
            channels=frozenset(file.audience.channels),
        ),
        rules=SendRules(quiet_from=quiet_from, quiet_to=quiet_to, days=days, holidays=file.holidays),
        caps=f.DEFAULT_CAPS if file.caps is None else tuple(f.Cap(messages=cap.messages, within=cap.within) for cap in file.caps),
        unanswered=file.unanswered or f.DEFAULT_UNANSWERED,
        zone=file.zone,
        priority=file.priority,
        repeat=file.repeat,
        goal_when=tuple(_when(when) for when in file.goal_when),
        exit_when=tuple(_when(when) for when in file.exit_when),
        source=document.whole,
        blocks=document.blocks if isinstance(document, Whole) else {},
    )


def _trigger(trigger: str | NamedTrigger) -> f.Trigger:
    if isinstance(trigger, str):
        return f.Trigger(kind=trigger)
    if trigger.comment:
        words = tuple(word.casefold() for word in trigger.comment.words)
        return f.Trigger(kind="comment", names=frozenset(trigger.comment.posts), words=words)
    return f.Trigger(
        kind=trigger.kind,
        names=frozenset() if trigger.segment or trigger.schedule else frozenset(getattr(trigger, trigger.kind)),
        where={name: frozenset(values) for name, values in trigger.where.items()},
        remember=trigger.remember,
        segment=_segment(trigger.segment) if trigger.segment else None,
        schedule=_schedule(trigger.schedule) if trigger.schedule else None,
    )


def _schedule(file: ScheduleFile) -> Schedule:
    weekdays = frozenset(DAYS.index(day) for day in file.every or () if day != MONTH)
    return Schedule(at=file.at, weekdays=weekdays, month_day=file.day, on=file.on, spread=file.spread, grace=file.grace)


def _segment(file: SegmentFile) -> f.Condition:
    return f.Condition(
        slot=file.slot,
        values=frozenset(value.casefold() for value in file.is_),
        mentions=tuple(word.casefold() for word in file.mentions),
        tag=file.tag,
        warmth_at_least=file.warmth_at_least,
        silence=file.silence,
    )


def _copy(wordings: Sequence[str], file: s.CopyFile) -> f.Copy:
    """The words that a step says."""
    return f.Copy(
        wordings=tuple(bubbles_of(text) for text in wordings),
        per_channel={channel: tuple(map(bubbles_of, texts)) for channel, texts in file.per_channel.items()},
        choices=_choices(file.quick_replies),
        image_url=file.image,
        per_language={
            language_tag(name): f.Copy(
                wordings=tuple(map(bubbles_of, told.words)), choices=_choices(told.quick_replies), image_url=file.image
            )
            for name, told in file.per_language.items()
        },
    )


def _more(field: Literal["again", "nudge"], wordings: Sequence[str], file: s.CopyFile) -> f.Copy:
    """Further words of a step, in each language that has them."""
    others = {name: words for name, told in file.per_language.items() if (words := getattr(told, field))}
    return f.Copy(
        wordings=tuple(map(bubbles_of, wordings)),
        per_language={language_tag(name): f.Copy(wordings=tuple(map(bubbles_of, words))) for name, words in others.items()},
    )


def _choices(files: Sequence[s.ChoiceFile]) -> tuple[f.Choice, ...]:
    return tuple(f.Choice(title=c.title, value=c.value or c.title, payload=c.payload or c.title) for c in files)


def _silence(file: s.SilenceFile, step: s.CopyFile) -> f.Silence:
    nudge = _more("nudge", file.nudge, step) if file.nudge else None
    return f.Silence(after=file.after, then=file.then, nudge=nudge, nudges=file.nudges if nudge else 0)


def _step(file: s.Step, line: int, after: str | None) -> f.Step:
    """The step of one file entry; `after` is the next one in the file."""
    then = getattr(file, "then", None) or after
    match file:
        case s.SayFile():
            return f.SayStep(id=file.id, line=line, then=then, copy=_copy(file.say, file), purpose=file.purpose)
        case s.AskFile():
            return _ask(file, line, then)
        case s.OfferFile():
            return _offer(file, line, then)
        case s.WaitFile():
            return _wait(file, line, then)
        case s.BranchFile():
            return _branch(file, line)
        case s.ExperimentFile():
            arms = tuple(f.Arm(name=arm.arm, share=arm.share, then=arm.then) for arm in file.experiment)
            return f.ExperimentStep(id=file.id, line=line, arms=arms)
        case s.ScoreFile():
            return f.ScoreStep(id=file.id, line=line, then=then, points=file.score)
        case s.TagFile():
            return f.TagStep(id=file.id, line=line, then=then, add=tuple(file.tag), remove=tuple(file.untag))
        case s.WebhookFile():
            return f.WebhookStep(
                id=file.id, line=line, then=then, url=file.webhook, on_failure=file.on_failure, send=tuple(file.send),
                into=file.into, timeout=file.timeout, tries=file.tries,
            )  # fmt: skip
        case s.HandoffFile():
            return f.HandoffStep(id=file.id, line=line, then=then, detail=file.handoff)
        case _:
            return _turn(file, line)


def _turn(file: s.GotoFile | s.GoalFile | s.StopFile, line: int) -> f.Step:
    match file:
        case s.GotoFile():
            return f.GotoStep(id=file.id, line=line, then=file.goto)
        case s.GoalFile():
            return f.GoalStep(id=file.id, line=line, goal=file.goal)
        case s.StopFile():
            return f.StopStep(id=file.id, line=line, reason=file.stop)
        case _:
            assert_never(file)


def _ask(file: s.AskFile, line: int, then: str | None) -> f.AskStep:
    expects = file.expects
    return f.AskStep(
        id=file.id,
        line=line,
        then=then,
        copy=_copy(file.ask, file),
        slot=file.slot,
        expects=f.Expects(intents=frozenset(expects.intents), entity=expects.entity, any_text=expects.any_text),
        silence=_silence(file.silence, file),
        again=_more("again", file.again, file) if file.again else None,
        remember=file.remember,
        unless_known=file.unless_known,
    )


def _offer(file: s.OfferFile, line: int, then: str | None) -> f.OfferStep:
    return f.OfferStep(
        id=file.id,
        line=line,
        then=then,
        copy=_copy(file.offer, file),
        accepted=file.accepted,
        declined=file.declined,
        silence=_silence(file.silence, file),
    )


def _branch(file: s.BranchFile, line: int) -> f.BranchStep:
    cases = tuple(f.Case(when=_when(c.when), then=c.then) for c in file.branch if isinstance(c, s.CaseFile))
    (otherwise,) = (c.otherwise for c in file.branch if isinstance(c, s.OtherwiseFile))
    return f.BranchStep(id=file.id, line=line, then=otherwise, cases=cases)


def _wait(file: s.WaitFile, line: int, then: str | None) -> f.WaitStep:
    wait = file.wait
    if isinstance(wait, s.WaitLengthFile):
        return f.WaitStep(id=file.id, line=line, then=then, duration=wait.length)
    return f.WaitStep(
        id=file.id,
        line=line,
        then=then,
        duration=wait.at_most,
        until=wait.until,
        next_day=wait.next_day,
        for_reply=wait.reply,
        on_silence=(wait.on_silence or then) if wait.reply else None,
    )


def _when(file: s.WhenFile) -> f.Condition:
    return f.Condition(
        slot=file.slot,
        values=frozenset(value.casefold() for value in file.is_),
        mentions=tuple(word.casefold() for word in file.mentions),
        intent=frozenset(file.intent),
        entity=file.entity,
        replied=file.replied,
        silence=file.silence,
        tag=file.tag,
        started_by=frozenset(file.started_by),
        warmth_at_least=file.warmth_at_least,
        event=frozenset(file.event),
    )
