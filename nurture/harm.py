"""What people do that a flow should never bring about: opting out, complaining, answering angrily. Pure.

Each of these is laid to the flow's latest words, if those are recent, and counts once for them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.brake import Harm
from bot.core.draft import Draft
from bot.core.model import Heard, Reading, Reason
from nurture.book import Nurture
from nurture.flow import ExperimentStep
from nurture.reply import words_of

BLAMED_FOR = timedelta(days=3)
"""For so long after a flow's words what somebody does is laid to them."""


HARMED = "harmed"
"""The mark of an enrolment whose arms were told to have done harm."""
COMPLAINT = "complaint"
ANGRY = re.compile(
    r"\b(spam(ming|mers?)?|scammers?|annoying|harass\w*|fed up|sick of (this|you|it)|piss\w* (me )?off|get lost|go away|shut up"
    r"|wtf|f+u+c+k\w*|bullshit|leave me (the hell )?alone|stop (wasting|bothering|bugging|pestering)|how many times)\b",
    re.IGNORECASE,
)
"""Words that nobody writes who is at ease. Understood without the brain, which may take rage for praise."""

MILD = re.compile(r"\b(not|no|isn'?t|never|don'?t|hate|block(s|ed)?|against) (\w+ ){0,2}spam\b|\bspam folder\b", re.IGNORECASE)
"""Talk about spam that is not about us."""


def harm_in(heard: Sequence[Heard], reading: Reading) -> Harm | None:
    """What a burst does to us, from its words and how it was read; opting out is told elsewhere."""
    if reading.intent == COMPLAINT:
        return Harm.COMPLAINED
    text = MILD.sub("", words_of(heard, reading).replace("’", "'"))
    return Harm.ANGRY if ANGRY.search(text) else None


def blame(draft: Draft, nurture: Nurture, harm: Harm | None, *, limit: float) -> None:
    """Lay a harm to the flow's latest words: a line of the journal, once for the same words. `limit` is the share of messages that
    may do harm, which the brake goes by. The arms of experiments that the person is in are told with it, once for each of them."""
    touched = draft.state.touched
    if harm is None or touched is None or touched.harm is not None or draft.now - touched.at > BLAMED_FOR:
        return
    draft.set(touched=replace(touched, harm=harm.value))
    told = {"wording": touched.wording, "said_on": touched.at.date().isoformat(), "how": harm.value, "limit": limit}
    draft.note("flow.harmed", flow=touched.flow_id, **told, arms=_arms(draft, nurture, touched.flow_id))


def _arms(draft: Draft, nurture: Nurture, flow_id: str) -> dict[str, Any]:
    """The arms of the flow's latest enrolment that people are still put into, each with the shares beside it; told once."""
    enrolment = next((e for e in reversed(draft.state.enrolments) if e.flow_id == flow_id), None)
    flow = nurture.flow_of(enrolment) if enrolment else None
    if enrolment is None or flow is None or HARMED in enrolment.visits:
        return {}
    arms = {}
    for step in flow.steps.values():
        if isinstance(step, ExperimentStep):
            shares = {arm.name: arm.share for arm in nurture.open_arms(flow_id, step)}
            mine = next((name for name in shares if f"{step.id}={name}" in enrolment.visits), None)
            if mine is not None:
                arms[step.id] = {"arm": mine, "shares": shares}
    if arms:
        draft.put_enrolment(replace(enrolment, visits={**enrolment.visits, HARMED: 1}))
    return arms


def of_outcome(reason: Reason | None, outcome: str) -> Harm | None:
    """What the end of an episode tells: an agent found a complaint in it that nobody had seen."""
    return Harm.COMPLAINED if outcome == COMPLAINT and reason is not Reason.COMPLAINT else None
