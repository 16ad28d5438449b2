"""Asks the running brain how it reads every line of bot/simulate/lines.txt, and writes bot/simulate/readings.jsonl.

`warmline up` in one terminal, `python scripts/record_lines.py` in another. To do again after training changed what is understood.
"""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bot import settings  # noqa: E402
from bot.core.events import BrainAsk  # noqa: E402
from bot.core.model import Heard  # noqa: E402
from bot.simulate.brains import READINGS, Line, as_row  # noqa: E402
from bot.simulate.running import RunningBrain  # noqa: E402
from bot.supervisor import socket_path  # noqa: E402

LINES = ROOT / "bot" / "simulate" / "lines.txt"


def main() -> None:
    """Record them all; the first one that cannot be read ends it."""
    chosen = settings.load()
    brain = RunningBrain(socket_path(chosen), timeout_s=chosen.brain_timeout_s, tracker_events=chosen.tracker_events)
    rows, kind = [], ""
    for number, text in enumerate(filter(None, map(str.strip, LINES.read_text(encoding="utf-8").splitlines()))):
        if text.startswith("#"):
            continue
        if section := re.fullmatch(r"\[(\w+)\]", text):
            kind = section[1]
            continue
        heard = Heard(message_id=number, external_id=f"line{number}", at=datetime.now(UTC), text=text)
        answer = brain.turn(f"record{number}", "rest", BrainAsk(messages=(heard,), text=text), ())
        rows.append(as_row(Line(kind=kind, text=text, answer=answer)))
    brain.close()
    READINGS.write_text("\n".join(rows) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(rows)} lines recorded\n")


if __name__ == "__main__":
    main()
