"""The row on copy: lines linted and scored in a second, one line alone, and a cold start."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import count
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from subprocess import run
from time import perf_counter, process_time

from bench.processes import ROOT
from bench.rows import Row
from nurture.lint import lint_text, score

ROUND_S = 2.0
COLD = "from nurture.lint import score; score('hello there')"


def lint_lines() -> Row:
    """Lines a second of one process, warm; nothing of Rasa's does the same."""
    texts = _texts()
    lint_text(texts[0])  # makes the pipeline
    linted, scored = _per_second(lint_text, texts), _per_second(score, texts)
    one_ms = median(_ms(lint_text, f"{text} now") for text in texts)
    cold_s = _cold_s()
    return Row(
        name="Lines of copy linted a second",
        warmline=f"{linted:.0f} linted, {scored:.0f} scored; one line {one_ms:.1f} ms; cold start {cold_s:.1f} s of CPU",
        rasa="-",
        ratio=None,
        note=f"{len(texts)} lines, none read twice, all rules for single lines; CPU time of one process. "
        "One line: the median of wall times. "
        "The cold start is the CPU time of a new Python until the first score, most of it importing spaCy.",
        data={"linted_per_s": linted, "scored_per_s": scored, "one_line_ms": one_ms, "cold_start_s": cold_s},
    )


def _texts() -> list[str]:
    files = sorted((ROOT / "tests" / "nurture" / "held_out").glob("*.txt"))
    rows = [row for file in files for row in file.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row and not row.startswith("# ")]


def _per_second(judge: Callable[[str], object], texts: Sequence[str]) -> float:
    """Lines in a second of CPU; a number is appended so that no cache answers."""
    start, end, done = process_time(), perf_counter() + ROUND_S, 0
    for number in count():
        for text in texts:
            judge(f"{text} {number}")
        done += len(texts)
        if perf_counter() > end:
            break
    return done / (process_time() - start)


def _ms(judge: Callable[[str], object], text: str) -> float:
    start = perf_counter()
    judge(text)
    return (perf_counter() - start) * 1000


def _cold_s() -> float:
    """CPU seconds of a new Python until the first score."""
    before = getrusage(RUSAGE_CHILDREN)
    run([sys.executable, "-c", COLD], check=True, cwd=ROOT)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
