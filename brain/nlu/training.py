"""Fitting the intent reader: TF-IDF, one linear machine per intent, and an honest idea of how sure to be.

Everything that the bot later believes about itself (regularisation, confidence, threshold) is read from
predictions on examples that the fit had not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from sklearn.svm import LinearSVC

from brain.nlu.errors import TrainingDataError
from brain.nlu.features import char_pieces, word_pieces
from brain.nlu.model import CLOSENESS_WEIGHT, WORD_BLOCK_WEIGHT, Calibration, IntentModel
from brain.nlu.text import words_of

SEED = 13
CANDIDATE_C = (0.3, 1.0, 3.0)
# Above this many examples the choice of C matters little and its cross-validation is dear.
MAX_EXAMPLES_FOR_CHOICE = 4000
C_OF_LARGE_SETS = 2.0
# The smaller a fold, the nearer its fit is to the final one; large sets need fewer to be near enough.
FOLDS = ((2000, 10), (4000, 5))
FOLDS_OF_LARGE_SETS = 3
# Share of messages about something no intent covers, assumed when confidence is calibrated. Each group of
# intents is left out of a fit once, so its examples play the strangers.
STRANGER_SHARE = 0.15
STRANGER_GROUPS = 4

Rows = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """One block of features of all examples: a row an example, a column a piece."""

    matrix: sparse.csr_matrix
    index: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """One fit on some of the examples, over the columns of all of them."""

    char_idf: Floats
    word_idf: Floats
    classes: npt.NDArray[np.intp]
    weights: Floats
    intercept: Floats
    centroids: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    """Predictions of a fit for some examples."""

    predicted: npt.NDArray[np.intp]
    scores: Floats


class _Examples:
    """All examples, counted once; fits and scores choose their rows."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        seen: dict[tuple[str, tuple[str, ...]], None] = {}
        for text, label in zip(texts, labels, strict=False):
            words = tuple(words_of(text))
            if words:
                # The same words twice would be learnt in one fold and asked in another.
                seen.setdefault((label, words))
        if not seen:
            raise TrainingDataError("no example has a readable word")
        self.labels = tuple(sorted({label for label, _ in seen}))
        number = {label: place for place, label in enumerate(self.labels)}
        self.y = np.array([number[label] for label, _ in seen], dtype=np.intp)
        documents = [list(words) for _, words in seen]
        self.chars = _count([piece for word in words for piece in char_pieces(word)] for words in documents)
        self.words = _count(word_pieces(words) for words in documents)

    def fit(self, rows: Rows, c: float) -> _Fit:
        char_idf, word_idf = _idf(self.chars.matrix[rows]), _idf(self.words.matrix[rows])
        x, y = self._vectors(rows, char_idf, word_idf), self.y[rows]
        classes = np.unique(y)
        weights, intercept = _separate(x, y, classes, c)
        sums = np.vstack([np.asarray(x[y == label].sum(axis=0)) for label in classes])
        return _Fit(
            char_idf=char_idf,
            word_idf=word_idf,
            classes=classes,
            weights=weights,
            intercept=intercept,
            centroids=sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9),
        )

    def score(self, fit: _Fit, rows: Rows) -> _Scored:
        x = self._vectors(rows, fit.char_idf, fit.word_idf)
        margins = np.asarray(x @ fit.weights.T) + fit.intercept
        top = margins.argmax(axis=1)
        norms = np.maximum(np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel()), 1e-9)
        closeness = np.asarray(x @ fit.centroids.T)[np.arange(len(rows)), top] / norms
        known = _known_share(self.chars.matrix[rows], fit.char_idf) + _known_share(self.words.matrix[rows], fit.word_idf)
        return _Scored(predicted=fit.classes[top], scores=margins.max(axis=1) + CLOSENESS_WEIGHT * closeness + known)

    def _vectors(self, rows: Rows, char_idf: Floats, word_idf: Floats) -> sparse.csr_matrix:
        return sparse.hstack(
            [_tfidf(self.chars.matrix[rows], char_idf), WORD_BLOCK_WEIGHT * _tfidf(self.words.matrix[rows], word_idf)],
            format="csr",
        )


def train_intents(texts: Sequence[str], labels: Sequence[str], *, keep: float) -> IntentModel:
    """Train an intent reader.

    Args:
        texts: example messages.
        labels: the intent of each.
        keep: share of rightly read messages that must stay above the threshold, 0 to 1. What is above is
            answered; 0.9 sends one rightly read message in ten to a clarifying question.

    Returns:
        The model, float32, ready to be stored.

    Raises:
        TrainingDataError: there is no example with a readable word, or `keep` is out of range.
    """
    if not 0.0 < keep <= 1.0:
        raise TrainingDataError(f"keep is {keep}; it must be above 0 and at most 1")
    examples = _Examples(texts, labels)
    folds = _folds(examples.y, next((count for most, count in FOLDS if len(examples.y) <= most), FOLDS_OF_LARGE_SETS))
    candidates = CANDIDATE_C if len(examples.y) <= MAX_EXAMPLES_FOR_CHOICE else (C_OF_LARGE_SETS,)
    # Ties go to the smaller C, the more careful fit.
    trials = [(c, _out_of_fold(examples, folds, c)) for c in candidates]
    best_c, unseen = max(trials, key=lambda trial: (_accuracy(examples, folds, trial[1]), -trial[0]))
    tested = folds >= 0
    right = unseen.predicted[tested] == examples.y[tested]
    scores = unseen.scores[tested]
    strangers = _stranger_scores(examples, folds, best_c)
    calibration = _calibrate(scores, right, strangers, keep)
    fit = examples.fit(np.arange(len(examples.y)), best_c)
    facts = {
        "examples": len(examples.y),
        "c": best_c,
        "keep": keep,
        "out_of_fold_accuracy": float(right.mean()) if len(right) else None,
        "strangers_noticed": float(_below(strangers, calibration).mean()) if len(strangers) else None,
    }
    return _assemble(examples, fit, calibration, facts)


def _assemble(examples: _Examples, fit: _Fit, calibration: Calibration, facts: dict[str, object]) -> IntentModel:
    char_count = len(examples.chars.index)
    return IntentModel(
        labels=examples.labels,
        char_index=examples.chars.index,
        word_index={piece: row + char_count for piece, row in examples.words.index.items()},
        idf=np.concatenate([fit.char_idf, fit.word_idf]).astype(np.float32),
        table=np.ascontiguousarray(np.vstack([fit.weights, fit.centroids]).T, dtype=np.float32),
        intercept=fit.intercept.astype(np.float32),
        calibration=calibration,
        facts=facts,
    )


def _count(documents: Iterable[Iterable[str]]) -> _Counts:
    index: dict[str, int] = {}
    columns: list[int] = []
    starts = [0]
    for pieces in documents:
        columns.extend(index.setdefault(piece, len(index)) for piece in pieces)
        starts.append(len(columns))
    matrix = sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(starts) - 1, len(index)))
    matrix.sum_duplicates()
    return _Counts(matrix=matrix, index=index)


def _idf(counts: sparse.csr_matrix) -> Floats:
    """Damped inverse document frequency; 0 for a piece that these rows do not hold.

    The root keeps rare pieces from drowning the common ones; it was better than the plain value in
    cross-validation on all four public sets.
    """
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.where(frequency > 0, np.sqrt(np.log((1 + counts.shape[0]) / (1 + frequency)) + 1.0), 0.0)


def _tfidf(counts: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
    x = counts.copy()
    x.data = (1.0 + np.log(x.data)) * idf[x.indices]
    norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    return sparse.diags(1.0 / np.where(norms > 0.0, norms, 1.0)) @ x


def _known_share(counts: sparse.csr_matrix, idf: Floats) -> Floats:
    total = np.asarray(counts.sum(axis=1)).ravel()
    return np.asarray(counts @ (idf > 0.0)).ravel() / np.maximum(total, 1.0)


def _separate(x: sparse.csr_matrix, y: npt.NDArray[np.intp], classes: npt.NDArray[np.intp], c: float) -> tuple[Floats, Floats]:
    """Fit one linear machine per intent, also where scikit-learn would fit one for two or refuse one."""
    if len(classes) == 1:
        return np.zeros((1, x.shape[1])), np.ones(1)
    machine = LinearSVC(C=c, class_weight="balanced", tol=1e-2, max_iter=5000, random_state=SEED).fit(x, y)
    if len(classes) == 2:
        return np.vstack([-machine.coef_, machine.coef_]), np.concatenate([-machine.intercept_, machine.intercept_])
    return machine.coef_, machine.intercept_


def _folds(y: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Deal each intent's examples to the folds in turn; -1 for an intent's only example, which no fold can test."""
    rng = np.random.default_rng(SEED)
    folds = np.full(len(y), -1, dtype=np.intp)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        if len(rows) > 1:
            folds[rows] = (np.arange(len(rows)) + label) % count
    return folds


def _out_of_fold(examples: _Examples, folds: npt.NDArray[np.intp], c: float) -> _Scored:
    predicted = np.full(len(examples.y), -1, dtype=np.intp)
    scores = np.zeros(len(examples.y))
    for fold in np.unique(folds[folds >= 0]):
        rows = np.flatnonzero(folds == fold)
        scored = examples.score(examples.fit(np.flatnonzero(folds != fold), c), rows)
        predicted[rows], scores[rows] = scored.predicted, scored.scores
    return _Scored(predicted=predicted, scores=scores)


def _accuracy(examples: _Examples, folds: npt.NDArray[np.intp], scored: _Scored) -> float:
    tested = folds >= 0
    return float((scored.predicted[tested] == examples.y[tested]).mean()) if tested.any() else 0.0


def _stranger_scores(examples: _Examples, folds: npt.NDArray[np.intp], c: float) -> Floats:
    """Score examples with fits that have never met their intent."""
    intents = np.random.default_rng(SEED).permutation(len(examples.labels))
    if len(intents) <= STRANGER_GROUPS:
        return np.zeros(0)
    scores = []
    for group in range(STRANGER_GROUPS):
        left_out = np.isin(examples.y, intents[group::STRANGER_GROUPS])
        fit = examples.fit(np.flatnonzero(~left_out & (folds != group)), c)
        scores.append(examples.score(fit, np.flatnonzero(left_out)).scores)
    return np.concatenate(scores)


def _below(scores: Floats, calibration: Calibration) -> npt.NDArray[np.bool_]:
    return np.array([calibration.confidence(score) < calibration.threshold for score in scores], dtype=bool)


def _calibrate(scores: Floats, right: npt.NDArray[np.bool_], strangers: Floats, keep: float) -> Calibration:
    """Fit the curve from score to chance of being right, and the threshold that keeps the wanted share.

    Platt scaling with his smoothed targets (Platt, "Probabilistic outputs for support vector machines", 1999).
    """
    if not right.any():
        # Too few examples to judge: the margin must be clearly on the right side.
        return Calibration(slope=2.0, offset=-4.0, threshold=0.5)
    values = np.concatenate([scores, strangers])
    hits, misses = int(right.sum()), int((~right).sum()) + len(strangers)
    targets = np.where(np.concatenate([right, np.zeros(len(strangers), bool)]), (hits + 1) / (hits + 2), 1 / (misses + 2))
    stranger_weight = STRANGER_SHARE / (1.0 - STRANGER_SHARE) * len(scores) / max(1, len(strangers))
    weights = np.concatenate([np.ones(len(scores)), np.full(len(strangers), stranger_weight)])

    def loss(parameters: Floats) -> float:
        exponents = parameters[0] * values + parameters[1]
        return float((weights * (np.logaddexp(0.0, exponents) - targets * exponents)).sum())

    found = optimize.minimize(loss, np.array([2.0, -4.0]), method="L-BFGS-B", bounds=[(0.2, 20.0), (-60.0, 60.0)])
    curve = Calibration(slope=float(found.x[0]), offset=float(found.x[1]), threshold=0.0)
    lowest_kept = float(np.quantile(scores[right], 1.0 - keep))
    return Calibration(slope=curve.slope, offset=curve.offset, threshold=curve.confidence(lowest_kept))
