"""Makes `nurture/lint/weights.json` from the training lines, and says how well the score does on what it has not seen.

    uv run python scripts/copy_score/calibrate.py            # fit and write the weights
    uv run python scripts/copy_score/calibrate.py --report   # figures only: genres and businesses held out, equal lengths
    uv run python scripts/copy_score/calibrate.py --judge talk:a.txt --judge blast:b.txt   # the shipped score on other lines

Needs scikit-learn (a development dependency); the service does not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))
from corpus import LABELS, Line, lines

from nurture.lint.english import read
from nurture.lint.features import features
from nurture.lint.score import score

WEIGHTS = Path(__file__).parents[2] / "nurture" / "lint" / "weights.json"
STRENGTH = 0.1
"""Inverse of the L2 penalty; 0.1 to 1 differ by less than 0.002 in AUC with genres held out."""

VARIANTS: tuple[tuple[float, Callable[[str], str]], ...] = (
    (1.0, lambda text: text),
    (1.0, lambda text: text.lower().rstrip(".!")),
    (0.5, lambda text: text[:1].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")),
)
"""Each line is also learned in small letters and tidied up, with these weights, so that neither decides."""

BUCKETS = ((1, 3), (4, 6), (7, 10), (11, 16), (17, 60))

type Matrix = NDArray[np.float64]


def values(texts: Sequence[str]) -> Matrix:
    """A row of features for each text."""
    return np.array([[feature.value for feature in features(read(text))] for text in texts])


class Model:
    """A logistic regression over scaled features; `rows` says which lines it is fitted on."""

    def __init__(self, tables: Sequence[Matrix], labels: Matrix, rows: NDArray[np.bool_]) -> None:
        table = np.vstack([part[rows] for part in tables])
        weight = np.repeat([weight for weight, _ in VARIANTS], rows.sum())
        self.spread = table.std(axis=0) + 1e-9
        self.typical = tables[0][rows].mean(axis=0)
        fit = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=5000)
        fit.fit((table - self.typical) / self.spread, np.tile(labels[rows], len(tables)), sample_weight=weight)
        self.weight, self.intercept = fit.coef_[0] / self.spread, float(fit.intercept_[0])

    def log_odds(self, table: Matrix) -> Matrix:
        """The uncalibrated judgement of each row."""
        return np.asarray((table - self.typical) @ self.weight + self.intercept)


def held_out(tables: Sequence[Matrix], labels: Matrix, groups: Sequence[str]) -> Matrix:
    """Each line judged by a model that has seen nothing of its group."""
    names, judged = np.array(groups), np.zeros(len(labels))
    for group in sorted(set(groups)):
        mine = names == group
        judged[mine] = Model(tables, labels, ~mine).log_odds(tables[0][mine])
    return judged


def platt(judged: Matrix, labels: Matrix) -> tuple[float, float]:
    """Slope and intercept that make held-out judgements into probabilities (Platt, 1999)."""
    fit = LogisticRegression(C=1e6, class_weight="balanced").fit(judged.reshape(-1, 1), labels)
    return float(fit.coef_[0][0]), float(fit.intercept_[0])


def stored(model: Model, slope: float, shift: float) -> str:
    """The weights as the package reads them."""
    names = [feature.name for feature in features(read("x"))]
    told = {
        name: {"weight": round(float(weight) * slope, 4), "typical": round(float(typical), 4)}
        for name, weight, typical in zip(names, model.weight, model.typical, strict=True)
    }
    intercept = round(model.intercept * slope + shift, 4)
    return json.dumps({"intercept": intercept, "features": told}, indent=2) + "\n"


def say(text: str = "") -> None:
    """A line of the report."""
    sys.stdout.write(text + "\n")


def report(known: Sequence[Line], judged: Matrix, by_business: Matrix, labels: Matrix) -> None:
    """AUC with genres held out, by genre, by length; with businesses held out; and of length alone."""
    lengths = np.array([len(line.text.split()) for line in known], dtype=float)
    say(f"{int(labels.sum())} lines of talk, {int((1 - labels).sum())} of broadcast")
    say(f"AUC, each genre held out       {roc_auc_score(labels, judged):.3f}")
    say(f"AUC, each business held out    {roc_auc_score(labels, by_business):.3f}")
    say(f"AUC of the length alone        {roc_auc_score(labels, -lengths):.3f}")
    say()
    for low, high in BUCKETS:
        inside = (lengths >= low) & (lengths <= high)
        both = f"{int(labels[inside].sum())} talk, {int((1 - labels[inside]).sum())} broadcast"
        say(f"{low:2} to {high:2} words  AUC {roc_auc_score(labels[inside], judged[inside]):.3f}  ({both})")
    say()
    genres = np.array([line.genre for line in known])
    for genre in dict.fromkeys(genres):
        mine, label = genres == genre, labels[genres == genre][0]
        against = mine | (labels != label)
        right = np.mean((judged[mine] > 0) == label)
        say(f"{genre:20} AUC {roc_auc_score(labels[against], judged[against]):.3f}  right at 50: {right:.0%} of {int(mine.sum())}")


def judge(sources: Sequence[str]) -> None:
    """The shipped score on files of other lines, each named `talk:FILE` or `blast:FILE`."""
    found: list[tuple[str, int, Matrix]] = []
    for source in sources:
        kind, _, name = source.partition(":")
        texts = [text for text in Path(name).read_text(encoding="utf-8").splitlines() if text.strip() and not text.startswith("# ")]
        found.append((Path(name).stem, LABELS[kind], np.array([score(text).value for text in texts])))
    labels = np.concatenate([np.full(len(scores), label) for _, label, scores in found])
    say(f"AUC over all {len(labels)} lines: {roc_auc_score(labels, np.concatenate([scores for _, _, scores in found])):.3f}")
    for name, label, scores in found:
        others = np.concatenate([s for _, kind, s in found if kind != label])
        both = np.concatenate([np.full(len(scores), label), np.full(len(others), 1 - label)])
        auc = roc_auc_score(both, np.concatenate([scores, others]))
        right = np.mean((scores > 50) == label)
        say(f"{name:20} {len(scores):5} lines  AUC {auc:.3f}  right at 50: {right:.0%}  median {np.median(scores):.0f}")


def main(arguments: Sequence[str]) -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="print figures, write nothing")
    parser.add_argument("--judge", action="append", default=[], metavar="talk:FILE|blast:FILE", help="judge other lines")
    chosen = parser.parse_args(arguments)
    if chosen.judge:
        judge(chosen.judge)
        return
    known = list(lines())
    labels = np.array([line.label for line in known], dtype=float)
    tables = [values([change(line.text) for line in known]) for _, change in VARIANTS]
    judged = held_out(tables, labels, [line.genre for line in known])
    if chosen.report:
        report(known, judged, held_out(tables, labels, [line.business for line in known]), labels)
        return
    slope, shift = platt(judged, labels)
    WEIGHTS.write_text(stored(Model(tables, labels, np.ones(len(known), dtype=bool)), slope, shift), encoding="utf-8")
    say(f"{WEIGHTS.name}: {len(known)} lines, slope {slope:.2f}, shift {shift:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
