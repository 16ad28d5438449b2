"""A simulation in a process of its own: `python -m bot.simulate`, for the API.

Reads one JSON object from standard input (`flow`, `brain`, `settings`, `holds`: what is published, as `bot.published.as_data`
tells it, `text` and `blocks`: the flow as somebody writes it now, and what `Setup` has) and writes one JSON object a line:
`{"progress": 0.4}` as it goes, then `{"result": ...}` or `{"error": ..., "field": ...}`. It is cancelled by being ended.
"""

from __future__ import annotations

import json
import os
import sys
from time import monotonic
from typing import Any

from bot.core.model import WarmlineError
from bot.settings import Settings
from bot.simulate.command import drafted, played, setup_of
from bot.simulate.setup import BadSetup
from bot.simulate.told import as_data

TELL_EVERY_S = 0.25
NICER = 10
"""The service beside it comes first."""


def main() -> int:
    """See the module. Exit code 1 if there is no result."""
    os.nice(NICER)
    asked: dict[str, Any] = json.load(sys.stdin)
    told_at = monotonic()

    def progress(share: float) -> None:
        nonlocal told_at
        if monotonic() - told_at >= TELL_EVERY_S:
            told_at = monotonic()
            _say({"progress": round(share, 3)})

    try:
        flow, brain, holds = asked.pop("flow"), asked.pop("brain", "recorded"), asked.pop("holds", None)
        settings, draft = Settings(**asked.pop("settings", {})), drafted(flow, asked.pop("text", None), asked.pop("blocks", {}))
        result = played(settings, flow, setup_of(asked), brain=brain, holds=holds, draft=draft, progress=progress)
    except BadSetup as error:
        _say({"error": str(error), "field": error.setting})
        return 1
    except WarmlineError as error:
        _say({"error": str(error), "field": None})
        return 1
    _say({"result": as_data(result)})
    return 0


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
