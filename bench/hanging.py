"""How fast a webhook is acknowledged while what thinks does not answer, beside how fast it is otherwise."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Mapping
from time import perf_counter

from bench.crowd import percentile
from bench.processes import send_signal
from bench.rows import ACK_LIMIT_S, Pair, Row, Side, is_persons_own
from bench.talk import QUESTIONS

QUESTION = QUESTIONS[1]
_numbers = itertools.count()


async def hang(pair: Pair, *, seconds: float, per_s: float) -> Row:
    """Strangers write at a steady rate, whoever answers: first while all is well, then while Warmline's brain, and Rasa's action
    server, are stopped."""
    data: dict[str, Mapping[str, object]] = {}
    for side in (pair.ours, pair.theirs):
        well = await _acknowledged(side, seconds=min(10.0, seconds), per_s=per_s)
        send_signal(side.brain_pids, signal.SIGSTOP)
        try:
            hung = await _acknowledged(side, seconds=seconds, per_s=per_s)
        finally:
            send_signal(side.brain_pids, signal.SIGCONT)
        data[side.name] = {"well": well, "hung": hung}
    ours, theirs = data["warmline"]["hung"], data["rasa"]["hung"]
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    return Row(
        name=f"Acknowledgement, brain hung for {seconds:g} s",
        warmline=_text(data["warmline"]),
        rasa=_text(data["rasa"]),
        ratio=float(str(theirs["p99_ms"])) / float(str(ours["p99_ms"])),
        note=f"{per_s:g} strangers a second, each writes once. Stopped with SIGSTOP: all of Warmline's brain; of Rasa only the "
        "action server, since its server is its brain and would not acknowledge at all. First tries, up to Meta's 5 s.",
        data=data,
    )


async def _acknowledged(side: Side, *, seconds: float, per_s: float) -> dict[str, object]:
    first = len(side.graph.webhooks.attempts)

    async def write(after_s: float) -> float:
        await asyncio.sleep(after_s)
        started = perf_counter()
        await side.graph.person(f"hang-{side.name}-{next(_numbers)}").says(QUESTION.text)
        return min(ACK_LIMIT_S, perf_counter() - started)

    took = sorted(await asyncio.gather(*(write(number / per_s) for number in range(int(seconds * per_s)))))
    attempts = [one for one in side.graph.webhooks.attempts[first:] if one.number == 1 and is_persons_own(one.payload)]
    return {
        "written": len(took),
        "acknowledged": sum(attempt.acknowledged for attempt in attempts),
        "p50_ms": round(percentile(took, 0.5) * 1000, 1),
        "p99_ms": round(percentile(took, 0.99) * 1000, 1),
        "worst_ms": round(took[-1] * 1000, 1),
    }


def _text(figures: Mapping[str, object]) -> str:
    hung, well = figures["hung"], figures["well"]
    assert isinstance(hung, dict)
    assert isinstance(well, dict)
    return f"{hung['acknowledged']}/{hung['written']} within 5 s, p99 {hung['p99_ms']} ms (not hung: {well['p99_ms']} ms)"
