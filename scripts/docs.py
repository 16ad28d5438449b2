"""Makes the generated pages, or with --check says which are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from bot import settings
from nurture.lint.page import lint_page

ROOT = Path(__file__).resolve().parent.parent


def pages() -> dict[Path, str]:
    """Every generated page and what it should hold."""
    docs = ROOT / "docs"
    return {docs / "settings.md": settings.as_markdown(), docs / "lint.md": lint_page()}


def main(arguments: list[str]) -> int:
    """Exit code 1 if --check finds a stale page."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is stale: run `make docs`\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
