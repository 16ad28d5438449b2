"""What simulated people ask, and how an answer is recognised: by the wordings that domain.yml and promises.yml hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from bench.processes import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something to ask, and the responses (by the beginning of their names) whose last one completes the answer."""

    text: str
    answer: str  # prefix of the response that completes the answer
    before: str | None = None  # prefix of a response that belongs to the answer and comes first

    def owns(self, response: str) -> bool:
        """Whether `response` is part of the answer to this question."""
        return response.startswith(self.answer) or (self.before is not None and response.startswith(self.before))


# No two of them share an answer, so each answer tells which question it belongs to.
QUESTIONS = (
    Question(text="how much is it", answer="utter_price_included", before="utter_price"),
    Question(text="how does it work", answer="utter_how_it_works"),
    Question(text="how long does setup take", answer="utter_time"),
    Question(text="what does it integrate with", answer="utter_integrations"),
    Question(text="who are you", answer="utter_who_are_you"),
    Question(text="are you a bot?", answer="utter_is_bot"),
    Question(text="what are your opening hours", answer="utter_opening_hours"),
    Question(text="where are you located", answer="utter_location"),
    Question(text="can you show me some examples", answer="utter_examples"),
    Question(text="tell me a joke", answer="utter_joke"),
)


class Wordings:
    """Every text the bot can say, by name. A text of a flow or an agent is none of them."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for name, text in texts:
            if "{" in text:
                parts = re.split(r"\{\w+\}", text.strip())
                self._patterns.append((re.compile(".+?".join(map(re.escape, parts)), re.DOTALL), name))
            else:
                self._exact[text.strip()] = name

    def name(self, text: str | None) -> str | None:
        """The name of the response or phrase that this text is a wording of, or None."""
        if text is None:
            return None
        stripped = text.strip()
        if stripped in self._exact:
            return self._exact[stripped]
        return next((name for pattern, name in self._patterns if pattern.fullmatch(stripped)), None)


def wordings(root: Path = ROOT, promises: Path | None = None) -> Wordings:
    """The wordings of the project: Rasa's responses by their names, promises.yml's phrases as `phrase.<name>`."""
    yaml = YAML(typ="safe")
    responses: Mapping[str, list[Mapping[str, str]]] = yaml.load(root / "domain.yml")["responses"]
    phrases: Mapping[str, list[str]] = yaml.load(promises or root / "promises.yml")["phrases"]
    said = [(name, variant["text"]) for name, variants in responses.items() for variant in variants if "text" in variant]
    return Wordings(said + [(f"phrase.{name}", text) for name, texts in phrases.items() for text in texts])
