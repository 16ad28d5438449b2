"""Measures how messages are read: the bot's own classifier beside what a stock Rasa pipeline computes.

    brain/.venv/bin/python bench/nlu.py --data DIR [--json FILE]

DIR holds public text sets (clinc150_full.json, banking77_train.csv, banking77_test.csv, helpdesk_nlu.yml,
financial_nlu.yml); those that are missing are left out. The reference bot in data/nlu with tests/nlu/held_out.yml
is always measured. Rows:

    stock   Rasa's CountVectorsFeaturizer (words, char_wb 1-4) and LogisticRegressionClassifier, built with
            scikit-learn as Rasa builds them, a message not understood below 0.3 as by Rasa's FallbackClassifier
    fast    brain.nlu, its threshold fitted without seeing one message out of scope

Columns: accuracy in scope; AUROC of the confidence between in scope and out of scope; at the threshold, the share
of in-scope messages answered, how many of those rightly, and the share of out-of-scope messages noticed;
microseconds of processor time a message; seconds of it for training. clinc is cut to 50 examples an intent,
banking77 to 40, helpdesk and financial are split 75/25, all by seed 13.
"""

import os
import warnings

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
warnings.simplefilter("ignore")

import argparse  # noqa: E402
import csv  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import re  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import numpy as np  # noqa: E402
import yaml  # noqa: E402
from scipy.sparse import hstack  # noqa: E402
from sklearn.feature_extraction.text import CountVectorizer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from brain.nlu.classifier import FastIntentClassifier  # noqa: E402
from brain.nlu.model import IntentReader  # noqa: E402
from brain.nlu.training import train_intents  # noqa: E402

SEED = 13
FALLBACK = "nlu_fallback"
STOCK_THRESHOLD = 0.3
TIMED_MESSAGES = 1000
_ANNOTATION = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")

Pair = tuple[str, str]


class TextSet(NamedTuple):
    """Messages with their intents; `strangers` belong to none."""

    train: list[Pair]
    test: list[Pair]
    strangers: list[str]


class Read(NamedTuple):
    """The first intent for a message and how sure."""

    intent: str
    confidence: float


class Reader(NamedTuple):
    """One way to read: `threshold` is the confidence from which a message counts as understood."""

    read: Callable[[str], Read]
    threshold: float
    train_s: float


def fast(train: list[Pair], keep: float) -> Reader:
    started = time.process_time()
    model = train_intents([text for text, _ in train], [intent for _, intent in train], keep=keep)
    seconds = time.process_time() - started
    reader = IntentReader(model)
    return Reader(lambda text: Read(*reader.read(text).ranking[0]), model.calibration.threshold, seconds)


def stock(train: list[Pair], keep: float) -> Reader:
    started = time.process_time()
    # Rasa's featurizer counts its tokens case-folded, and for the whole message takes word pieces from the text.
    blocks = [
        CountVectorizer(token_pattern=r"(?u)\b\w+\b", lowercase=True),
        CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=True),
    ]
    texts = [text for text, _ in train]
    x = hstack([block.fit_transform(texts) for block in blocks], format="csr")
    machine = LogisticRegression(max_iter=100, class_weight="balanced", random_state=42)
    machine.fit(x, [intent for _, intent in train])
    seconds = time.process_time() - started

    def read(text: str) -> Read:
        chances = machine.predict_proba(hstack([block.transform([text]) for block in blocks], format="csr"))[0]
        top = int(chances.argmax())
        return Read(str(machine.classes_[top]), float(chances[top]))

    return Reader(read, STOCK_THRESHOLD, seconds)


METHODS: dict[str, Callable[[list[Pair], float], Reader]] = {"stock": stock, "fast": fast}


def measure(texts: TextSet, reader: Reader) -> dict[str, float | None]:
    took_us = []
    for text, _ in (texts.test * (1 + TIMED_MESSAGES // len(texts.test)))[:TIMED_MESSAGES]:
        started = time.process_time()
        reader.read(text)
        took_us.append(1e6 * (time.process_time() - started))
    inside = [reader.read(text) for text, _ in texts.test]
    outside = [reader.read(text).confidence for text in texts.strangers]
    right = np.array([read.intent == intent for read, (_, intent) in zip(inside, texts.test, strict=True)])
    sure = np.array([read.confidence for read in inside])
    answered = sure >= reader.threshold
    return {
        "accuracy": float(right.mean()),
        "auroc": float(roc_auc_score([1] * len(sure) + [0] * len(outside), [*sure, *outside])) if outside else None,
        "answered": float(answered.mean()),
        "precision": float(right[answered].mean()),
        "noticed": float((np.array(outside) < reader.threshold).mean()) if outside else None,
        "p50_us": float(np.quantile(took_us, 0.5)),
        "p99_us": float(np.quantile(took_us, 0.99)),
        "train_s": reader.train_s,
    }


def text_sets(data: Path | None) -> Iterator[tuple[str, TextSet]]:
    held_out = rasa_examples(ROOT / "tests" / "nlu" / "held_out.yml")
    yield (
        "juno",
        TextSet(
            [pair for path in sorted((ROOT / "data" / "nlu").glob("*.yml")) for pair in rasa_examples(path)],
            [pair for pair in held_out if pair[1] != FALLBACK],
            [text for text, intent in held_out if intent == FALLBACK],
        ),
    )
    if data is None:
        return
    for name, read in (("helpdesk", helpdesk), ("financial", financial), ("banking77", banking77), ("clinc150", clinc150)):
        try:
            yield name, read(data)
        except FileNotFoundError as missing:
            print(f"{name} left out: {missing.filename} is not there", file=sys.stderr)


def clinc150(data: Path) -> TextSet:
    raw = json.loads((data / "clinc150_full.json").read_text(encoding="utf-8"))
    return TextSet(cut(raw["train"], 50), [tuple(pair) for pair in raw["test"]], [text for text, _ in raw["oos_test"]])


def banking77(data: Path) -> TextSet:
    def rows(name: str) -> list[Pair]:
        with (data / name).open(encoding="utf-8", newline="") as file:
            return [(row["text"], row["category"]) for row in csv.DictReader(file)]

    return TextSet(cut(rows("banking77_train.csv"), 40), rows("banking77_test.csv"), [])


def helpdesk(data: Path) -> TextSet:
    return split(rasa_examples(data / "helpdesk_nlu.yml"))


def financial(data: Path) -> TextSet:
    return split(rasa_examples(data / "financial_nlu.yml"))


def rasa_examples(path: Path) -> list[Pair]:
    """The intent examples of a Rasa file, entity marks taken off, each line once an intent."""
    blocks = yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
    pairs = [
        (_ANNOTATION.sub(r"\1", line.strip()[2:].strip()), block["intent"])
        for block in blocks
        if "intent" in block
        for line in block["examples"].splitlines()
        if line.strip().startswith("- ")
    ]
    return list(dict.fromkeys(pairs))


def by_intent(pairs: list[Pair]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text, intent in pairs:
        found.setdefault(intent, []).append(text)
    return found


def cut(pairs: list[Pair], most: int) -> list[Pair]:
    rng = random.Random(SEED)
    return [(text, intent) for intent, texts in by_intent(pairs).items() for text in rng.sample(texts, min(most, len(texts)))]


def split(pairs: list[Pair]) -> TextSet:
    rng = random.Random(SEED)
    made = TextSet([], [], [])
    for intent, texts in by_intent(pairs).items():
        if "out_of_scope" in intent:
            made.strangers.extend(texts)
            continue
        rng.shuffle(texts)
        kept_back = max(1, round(len(texts) / 4))
        made.test.extend((text, intent) for text in texts[:kept_back])
        made.train.extend((text, intent) for text in texts[kept_back:])
    return made


def line(name: str, method: str, figures: dict[str, float | None]) -> str:
    def percent(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.1f}"

    shares = [percent(figures[key]) for key in ("accuracy", "auroc", "answered", "precision", "noticed")]
    times = [f"{figures['p50_us']:.0f}", f"{figures['p99_us']:.0f}", f"{figures['train_s']:.1f}"]
    return f"{name:<10} {method:<6}" + "".join(f"{cell:>10}" for cell in shares + times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="directory of public text sets")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--keep", type=float, default=FastIntentClassifier.get_default_config()["keep"])
    parser.add_argument("--only", choices=sorted(METHODS), help="measure one method")
    options = parser.parse_args()
    heads = ["accuracy", "AUROC", "answered", "right", "noticed", "p50 us", "p99 us", "train s"]
    print(f"{'set':<10} {'method':<6}" + "".join(f"{head:>10}" for head in heads))
    figures: dict[str, Any] = {}
    for name, texts in text_sets(options.data):
        for method in [options.only] if options.only else METHODS:
            figures.setdefault(name, {})[method] = measure(texts, METHODS[method](texts.train, options.keep))
            print(line(name, method, figures[name][method]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
