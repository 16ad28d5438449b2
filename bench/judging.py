"""Whether a talk that went through kills is whole: nothing lost, doubled or out of order. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.talk import Question

GREETING = "utter_greet"


class Fault(StrEnum):
    """What may never happen."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken promise, and where."""

    fault: Fault
    person: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One person's talk, as both sides saw it."""

    person: str
    asked: tuple[Question, ...]  # in the order asked, each at most once
    greetings: int  # how often "hey" was written before a question
    heard: tuple[str | None, ...]  # names of the wordings that arrived, in order; None for words of a flow
    excused: int  # messages that, by the service's journal, got the honest line and a person instead of an answer
    sent_ids: frozenset[str]  # ids of the messages the person wrote
    stored_ids: tuple[str, ...]  # ids of the person's messages in the store, in the order shown
    unheard: int  # of these, how many no turn has taken up


def judge(talk: Talk) -> list[Finding]:
    """Everything that is wrong with one talk."""
    return [*_stored(talk), *_answers(talk), *_order(talk)]


def _finding(talk: Talk, fault: Fault, detail: str) -> Finding:
    return Finding(fault=fault, person=talk.person, detail=detail)


def _stored(talk: Talk) -> list[Finding]:
    stored = Counter(talk.stored_ids)
    found = [_finding(talk, Fault.LOST, f"message {mid} was never stored") for mid in sorted(talk.sent_ids - stored.keys())]
    found += [_finding(talk, Fault.DOUBLED, f"message {mid} is stored {n} times") for mid, n in stored.items() if n > 1]
    if talk.unheard:
        found.append(_finding(talk, Fault.LOST, f"{talk.unheard} stored messages were never taken up"))
    return found


def _answers(talk: Talk) -> list[Finding]:
    found, missing = [], []
    for question in talk.asked:
        last = [name for name in talk.heard if name and name.startswith(question.answer)]
        first = [name for name in talk.heard if name and question.owns(name) and not name.startswith(question.answer)]
        if not last:
            missing.append(question.text)
        if len(last) > 1 or len(first) > 1:
            found.append(_finding(talk, Fault.DOUBLED, f"{question.text!r} was answered more than once"))
    greeted = sum(1 for name in talk.heard if name and name.startswith(GREETING))
    if greeted > talk.greetings:
        found.append(_finding(talk, Fault.DOUBLED, f"{greeted} greetings for {talk.greetings}"))
    if len(missing) > talk.excused:
        found.append(_finding(talk, Fault.LOST, f"no answer to {missing}, though {talk.excused} of them are excused"))
    return found


def _order(talk: Talk) -> list[Finding]:
    ranks = [rank for name in talk.heard if name for rank, question in enumerate(talk.asked) if question.owns(name)]
    found = []
    if ranks != sorted(ranks):
        found.append(_finding(talk, Fault.REORDERED, f"answers came in the order {ranks}"))
    for question in talk.asked:
        parts = [name.startswith(question.answer) for name in talk.heard if name and question.owns(name)]
        if parts != sorted(parts):
            found.append(_finding(talk, Fault.REORDERED, f"the parts of the answer to {question.text!r} are swapped"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An outgoing message in the store: its place in the talk, its delivery status and its key."""

    message_id: int
    person: str
    status: str
    key: str


def judge_delivery(lines: Sequence[Line], arrived: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Store against world. `arrived` holds, per person, the keys of the messages that reached them, in order."""
    by_key = {line.key: line for line in lines}
    found = []
    for person, keys in arrived.items():
        often = {key: n for key, n in Counter(keys).items() if n > 1}
        found += [Finding(fault=Fault.DOUBLED, person=person, detail=f"{key} arrived {n} times") for key, n in often.items()]
        ids = [by_key[key].message_id for key in keys if key in by_key]
        if ids != sorted(ids):
            found.append(Finding(fault=Fault.REORDERED, person=person, detail=f"sends in the order {ids}"))
    there = {key for keys in arrived.values() for key in keys}
    for line in lines:
        if line.status == "sent" and line.key not in there:
            found.append(Finding(fault=Fault.LOST, person=line.person, detail=f"{line.key} counts as sent but never arrived"))
        if line.status in ("queued", "sending"):
            found.append(Finding(fault=Fault.LOST, person=line.person, detail=f"{line.key} is still {line.status}"))
    return found
