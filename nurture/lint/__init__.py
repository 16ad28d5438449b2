"""Copy lint and copy score: what a prospect would mind about a flow, and how human a line reads.

    lint(flow)          -> findings, each with rule, place, reason and what to write instead
    lint_text(text)     -> the same for one line, for editors that check while somebody types
    score(text)         -> 0 to 100 and why
    flow_score(flow)    -> per line, step and flow

The loader refuses what cannot run; this refuses what would run and annoy. Nothing here needs the network or a trained
pipeline; spaCy's blank English is made on first use.
"""

from nurture.lint.check import lint, lint_responses, lint_text, responses
from nurture.lint.rule import RULES, Finding, Found, Rule, Severity
from nurture.lint.score import Reason, Score, score
from nurture.lint.totals import FlowScore, LineScore, StepScore, flow_score, line_score

__all__ = [
    "RULES",
    "Finding",
    "FlowScore",
    "Found",
    "LineScore",
    "Reason",
    "Rule",
    "Score",
    "Severity",
    "StepScore",
    "flow_score",
    "line_score",
    "lint",
    "lint_responses",
    "lint_text",
    "responses",
    "score",
]
