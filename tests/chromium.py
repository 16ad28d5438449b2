"""Where Chromium is, and how tests run it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = next((path for path in (ROOT / ".tools" / "chromium", Path("/usr/bin/chromium")) if path.exists()), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 20_000
"""How long a page may take: as long as a machine that does three other things needs."""


@cache
def missing(*needed: str) -> str:
    """What must be there and is not, in words; empty if everything is. `needed`: paths in the project."""
    names = [] if CHROMIUM else ["Chromium"]
    return ", ".join(names + [path for path in needed if not (ROOT / path).exists()])
