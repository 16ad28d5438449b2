"""The training lines with their genres and businesses, read from the folders beside this file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LABELS = {"talk": 1, "blast": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: 1 for talk or 0 for broadcast, where it is from, and its words."""

    label: int
    genre: str
    business: str
    text: str


def lines(folder: Path = HERE) -> Iterator[Line]:
    """Every line below `talk/` and `blast/`: a file is a genre, a line `# word` starts a business."""
    for name, label in LABELS.items():
        for file in sorted((folder / name).glob("*.txt")):
            business = "any"
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.startswith("# "):
                    business = line.removeprefix("# ").strip()
                elif line.strip():
                    yield Line(label=label, genre=file.stem, business=business, text=line.strip())
