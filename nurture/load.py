"""Flow files into flows: the shape first, then everything that would go wrong while people are inside."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.yamlfile import Document, Loc, YamlFileError, load_document
from nurture import flow as f
from nurture import schema as s
from nurture.blocks import among, in_folder, with_blocks
from nurture.build import build
from nurture.copy import problem_with
from nurture.triggers import NamedTrigger


def load_flows(folder: Path) -> Mapping[str, f.Flow]:
    """Every `*.yml` of the folder by flow id (the file's name without its ending).

    Raises YamlFileError with file, line and field of whatever is wrong; `others` holds further problems of that file.
    """
    if not folder.is_dir():
        raise YamlFileError(folder, 1, 1, "", "the folder of flows does not exist")
    read = {path.stem: _read(path) for path in sorted(folder.glob("*.yml"))}
    for document, file, _ in read.values():
        for loc, name in _flows_named(file):
            if name not in read:
                raise document.error(loc, f'there is no flow "{name}"')
    return {flow_id: flow for flow_id, (_, _, flow) in read.items()}


def load_flow(path: Path) -> f.Flow:
    """One flow file. Raises YamlFileError; flows that it names are not looked for."""
    return _read(path)[2]


def read_flow(path: Path, text: str | None = None, blocks: Mapping[str, str] | None = None) -> tuple[Document, f.Flow]:
    """One flow file with the places of its values; `text` is read in place of the file's, and `blocks` (by name) in place of the
    files of its blocks. Raises YamlFileError."""
    document, _, flow = _read(path, text, blocks)
    return document, flow


def _read(path: Path, text: str | None = None, blocks: Mapping[str, str] | None = None) -> tuple[Document, s.FlowFile, f.Flow]:
    document = with_blocks(load_document(path, text), in_folder(path) if blocks is None else among(path, blocks))
    file = _validated(document)
    problems = [*_copy_problems(document, file), *_language_problems(document, file), *_step_problems(document, file)]
    if problems:
        raise YamlFileError.gather(problems)
    flow = build(document, file)
    problems = list(_graph_problems(document, flow))
    if problems:
        raise YamlFileError.gather(problems)
    return document, file, flow


def _validated(document: Document) -> s.FlowFile:
    """The file's shape; where a step's kind is misspelt, that is told and not that the step has none."""
    misspelt = {(problem.file, field): problem for field, problem in _misspelt_kinds(document)}
    try:
        return document.validate(s.FlowFile)
    except YamlFileError as invalid:
        others = [problem for problem in (invalid, *invalid.others) if (problem.file, problem.field) not in misspelt]
    raise YamlFileError.gather([*misspelt.values(), *others])


def _misspelt_kinds(document: Document) -> Iterator[tuple[str, YamlFileError]]:
    steps = document.data.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, Mapping) or any(kind in step for kind in s.KINDS):
            continue
        for key in step:
            if key not in STEP_FIELDS and (close := difflib.get_close_matches(str(key), s.KINDS, n=1, cutoff=0.6)):
                loc: Loc = ("steps", index, key)
                yield (
                    document.error(loc[:2], "").field,
                    document.error(loc, f'unknown field; did you mean "{close[0]}"?', at_key=True),
                )
                break


STEP_FIELDS = frozenset(
    {"id", "then", "per_channel", "per_language", "quick_replies", "image", "purpose", "silence", "slot", "expects"}
)


def _flows_named(file: s.FlowFile) -> Iterator[tuple[Loc, str]]:
    for index, trigger in enumerate(file.trigger):
        if isinstance(trigger, NamedTrigger):
            for name in trigger.after_flow:
                yield ("trigger", index, "after_flow"), name


# ---- what may be wrong ----------------------------------------------------------------------------------------------


def _step_problems(document: Document, file: s.FlowFile) -> Iterator[YamlFileError]:
    """Ids given twice, steps that are named but not there, and what each kind of step needs."""
    seen: dict[str, int] = {}
    for index, step in enumerate(file.steps):
        if step.id in seen:
            line = document.line(("steps", seen[step.id]))
            yield document.error(("steps", index, "id"), f'"{step.id}" is already the step at line {line}')
        seen.setdefault(step.id, index)
    for index, step in enumerate(file.steps):
        for loc, target in _targets(step):
            if target not in seen:
                close = difflib.get_close_matches(target, seen, n=1, cutoff=0.6)
                hint = f'; did you mean "{close[0]}"?' if close else ""
                yield document.error(("steps", index, *loc), f'there is no step "{target}"{hint}')
        if isinstance(step, s.BranchFile):
            yield from _branch_problems(document, ("steps", index, "branch"), step)
        if isinstance(step, s.OfferFile):
            yield from _offer_problems(document, ("steps", index, "quick_replies"), step)


def _branch_problems(document: Document, loc: Loc, step: s.BranchFile) -> Iterator[YamlFileError]:
    otherwise = [n for n, case in enumerate(step.branch) if isinstance(case, s.OtherwiseFile)]
    if otherwise != [len(step.branch) - 1]:
        yield document.error(loc, "a branch ends with one `otherwise`")


def _offer_problems(document: Document, loc: Loc, step: s.OfferFile) -> Iterator[YamlFileError]:
    given = [(loc, step.quick_replies)]
    for name, told in step.per_language.items():
        given.append(((*loc[:2], "per_language", name, "quick_replies"), told.quick_replies))
    for place, choices in given:
        for number, choice in enumerate(choices):
            if choice.value not in ("yes", "no"):
                yield document.error((*place, number), 'a quick reply of an offer has the value "yes" or "no"')


def _targets(step: object) -> Iterator[tuple[Loc, str]]:
    for field in ("then", "goto", "accepted", "declined", "on_failure"):
        if isinstance(target := getattr(step, field, None), str):
            yield (field,), target
    silence = getattr(step, "silence", None)
    if isinstance(silence, s.SilenceFile) and silence.then is not None:
        yield ("silence", "then"), silence.then
    if isinstance(step, s.WaitFile) and isinstance(step.wait, s.WaitForFile) and step.wait.on_silence:
        yield ("wait", "on_silence"), step.wait.on_silence
    if isinstance(step, s.ExperimentFile):
        for index, arm in enumerate(step.experiment):
            yield ("experiment", index, "then"), arm.then
    if isinstance(step, s.BranchFile):
        for index, case in enumerate(step.branch):
            if isinstance(case, s.OtherwiseFile):
                yield ("branch", index, "otherwise"), case.otherwise
            else:
                yield ("branch", index, "then"), case.then


def _copy_problems(document: Document, file: s.FlowFile) -> Iterator[YamlFileError]:
    for index in range(len(file.steps)):
        for loc, text in _wordings(document, ("steps", index)):
            if problem := problem_with(text):
                yield document.error(loc, problem)


def _language_problems(document: Document, file: s.FlowFile) -> Iterator[YamlFileError]:
    """A language that some step speaks and another does not: nobody should be led from one language into another."""
    speaking = [(index, step) for index, step in enumerate(file.steps) if isinstance(step, s.CopyFile)]
    languages = sorted({name for _, step in speaking for name in step.per_language})
    for index, step in speaking:
        silence = getattr(step, "silence", None)
        for language in languages:
            told = step.per_language.get(language)
            if told is None:
                yield document.error(("steps", index), f'"{step.id}" has no words in {language}, which other steps have')
                continue
            wanted = {
                "again": getattr(step, "again", None),
                "nudge": silence and silence.nudge,
                "quick_replies": step.quick_replies,
            }
            for field, given in wanted.items():
                if bool(given) != bool(getattr(told, field)):
                    missing = f"{field} is missing in {language}" if given else f"{field} is given only in {language}"
                    yield document.error(("steps", index, "per_language", language), missing)


def _wordings(document: Document, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Every wording of a step with its place, wherever it stands."""
    step = document.data["steps"][loc[1]]
    given: list[tuple[Loc, object]] = [((field,), step.get(field)) for field in ("say", "ask", "again", "offer")]
    if isinstance(step.get("silence"), dict):
        given.append((("silence", "nudge"), step["silence"].get("nudge")))
    for channel, wordings in (step.get("per_channel") or {}).items():
        given.append((("per_channel", channel), wordings))
    for language, told in (step.get("per_language") or {}).items():
        given.extend((("per_language", language, field), told.get(field)) for field in ("words", "again", "nudge"))
    for field, wordings in given:
        if isinstance(wordings, str):
            yield (*loc, *field), wordings
        elif isinstance(wordings, list):
            for number, text in enumerate(wordings):
                yield (*loc, *field, number), text


def _graph_problems(document: Document, flow: f.Flow) -> Iterator[YamlFileError]:
    """Steps that nobody can reach, and rounds in which the flow would never come to rest."""
    reached = _reached(flow)
    for index, step in enumerate(flow.steps.values()):
        if step.id not in reached:
            yield document.error(("steps", index), f'nothing leads to the step "{step.id}"')
        elif not isinstance(step, RESTING) and _comes_back(flow, step):
            yield document.error(("steps", index), f'from "{step.id}" the flow goes round without ever waiting')


RESTING = (f.AskStep, f.OfferStep, f.WaitStep, f.HandoffStep, f.WebhookStep)


def _reached(flow: f.Flow) -> set[str]:
    reached: set[str] = set()
    ahead = [flow.first.id]
    while ahead:
        step_id = ahead.pop()
        if step_id not in reached:
            reached.add(step_id)
            ahead.extend(target for target in f.ways_out(flow.steps[step_id]) if target)
    return reached


def _comes_back(flow: f.Flow, start: f.Step) -> bool:
    """Whether the flow can return to `start` without a question, an offer, a wait or a handoff in between."""
    seen: set[str] = set()
    ahead = [target for target in f.ways_out(start) if target]
    while ahead:
        step_id = ahead.pop()
        if step_id == start.id:
            return True
        step = flow.steps[step_id]
        if step_id not in seen and (not isinstance(step, RESTING) or isinstance(step, f.OfferStep)):
            seen.add(step_id)
            passed = (step.then,) if isinstance(step, f.OfferStep) else f.ways_out(step)
            ahead.extend(target for target in passed if target)
    return False
