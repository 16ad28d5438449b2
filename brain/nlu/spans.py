"""Finding what was mentioned: a span of the message, its kind and its tidied value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.matcher import Matcher
from spacy.tokens import Doc, Token

from brain.nlu.errors import PatternError
from brain.nlu.patterns import AfterRule, DigitsRule, Lead, NameRule, PatternSet, Rule
from brain.nlu.text import MAX_MESSAGE_CHARS

# spaCy 3.4 keeps every word it ever saw; beyond this many new ones the pipeline is built anew.
MAX_NEW_STRINGS = 50_000
_PHONE_PIECE = "^(\\+?[0-9][0-9.]*|[()/.\u2013-]|\\+)$"
_DATE = re.compile(r"^(\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{4})$")
# Half a character, as broken software sends it; spaCy refuses to look at one.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# spaCy peels signs off a word one by one, starting over each time: 500 emoji in a row would take it 40 ms.
_SIGNS_BEYOND_THREE = re.compile(r"(?<=[^\w\s]{3})[^\w\s]")
_RULER = "entity_ruler"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """One thing that was mentioned.

    Attributes:
        start: first character in the message.
        end: character after the last.
        entity: its kind, such as `platform`.
        value: what is to be remembered; the words themselves unless a pattern names a canonical form.
    """

    start: int
    end: int
    entity: str
    value: str


class SpanFinder:
    """Finds spans by a `PatternSet`. Holds a spaCy pipeline without any statistical model."""

    def __init__(self, patterns: PatternSet, source: Path = Path("patterns")) -> None:
        """Compile the patterns.

        Raises:
            PatternError: spaCy refuses a pattern, or a lead names a word list that is not there.
        """
        self._patterns = patterns
        self._source = source
        self._build()

    def _build(self) -> None:
        nlp = spacy.blank("en")
        try:
            ruler = nlp.add_pipe(_RULER, config={"phrase_matcher_attr": "LOWER"})
            ruler.add_patterns(self._patterns.rows)
            platforms = frozenset(
                word.lower() for row in self._patterns.rows if isinstance(row["pattern"], str) for word in row["pattern"].split()
            )
            self._finders = [_finder(nlp, rule, platforms) for rule in self._patterns.rules]
        except (ValueError, KeyError, re.error) as error:
            raise PatternError(self._source, "", f"spaCy refuses a pattern: {error}") from error
        self._nlp = nlp
        self._strings_at_start = len(nlp.vocab.strings)

    def find(self, text: str) -> list[Span]:
        """Find everything in the first 500 characters of a message, in order of appearance.

        Spans of one kind never overlap; a platform may stand inside a product.
        """
        if len(self._nlp.vocab.strings) - self._strings_at_start > MAX_NEW_STRINGS:
            self._build()
        # Both replacements keep every character's place.
        readable = _LONE_SURROGATE.sub("\ufffd", text[:MAX_MESSAGE_CHARS])
        doc = self._nlp(_SIGNS_BEYOND_THREE.sub(" ", readable))
        spans = [Span(start=ent.start_char, end=ent.end_char, entity=ent.label_, value=ent.ent_id_ or ent.text) for ent in doc.ents]
        for finder in self._finders:
            spans.extend(finder(doc))
        return sorted(_without_overlaps(spans))


Finder = Callable[[Doc], Iterator[Span]]


def _finder(nlp: Language, rule: Rule, platforms: frozenset[str]) -> Finder:
    if isinstance(rule, AfterRule):
        return _AfterFinder(nlp, rule, platforms).find
    if isinstance(rule, NameRule):
        return _NameFinder(nlp, rule).find
    return _DigitsFinder(nlp, rule).find


def _without_overlaps(spans: list[Span]) -> Iterator[Span]:
    """Keep the longest of overlapping spans of one kind; drop digits inside an address or a price."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        rivals = [other for other in kept if other.start < span.end and span.start < other.end]
        if any(other.entity == span.entity or {other.entity, span.entity} <= {"email", "money", "phone"} for other in rivals):
            continue
        kept.append(span)
        yield span


def _alone(token: Token) -> bool:
    return token.is_punct and not token.text.isalnum() and token.text not in {"&", "-", "'"}


def _joined(tokens: list[Token]) -> bool:
    return not any(token.whitespace_ for token in tokens[:-1])


def _previous_word(doc: Doc, start: int) -> str:
    return doc[start - 1].lower_ if start > 0 else ""


def _is_start(doc: Doc, start: int, greetings: frozenset[str]) -> bool:
    return all(token.is_punct or token.is_space or token.lower_ in greetings for token in doc[:start])


class _AfterFinder:
    """Finds the value after a lead: "i sell | handmade candles | on etsy"."""

    def __init__(self, nlp: Language, rule: AfterRule, platforms: frozenset[str]) -> None:
        self._rule = rule
        self._empty = rule.empty_words | platforms
        self._matcher = Matcher(nlp.vocab)
        for place, lead in enumerate(rule.leads):
            if lead.last_word_in is not None and lead.last_word_in not in rule.words:
                raise KeyError(f"{rule.entity}: no word list `{lead.last_word_in}`")
            self._matcher.add(str(place), [lead.pattern], greedy="LONGEST")
        self._last_words = [re.compile(lead.last_word) if lead.last_word else None for lead in rule.leads]

    def find(self, doc: Doc) -> Iterator[Span]:
        rule = self._rule
        for match_id, start, end in sorted(self._matcher(doc), key=lambda match: (match[1], -match[2])):
            place = int(doc.vocab.strings[match_id])
            lead = rule.leads[place]
            if _previous_word(doc, start) in rule.not_after or (lead.at_start and not _is_start(doc, start, frozenset())):
                continue
            first, last = self._value(doc, end)
            if first < last and self._fits(doc[last - 1].lower_, lead, place) and not self._says_nothing(doc, first, last):
                value = doc[first:last]
                yield Span(start=value.start_char, end=value.end_char, entity=rule.entity, value=value.text)

    def _value(self, doc: Doc, position: int) -> tuple[int, int]:
        """Return the first token of the value and the one after its last; equal if there is no value."""
        rule = self._rule
        while position < len(doc) and doc[position].lower_ in rule.skip:
            position += 1
        first = last = position
        if first == len(doc) or doc[first].lower_ in rule.never_first or not doc[first].text[0].isalpha():
            return first, first
        while last < len(doc) and not self._ends(doc, last, last == first):
            last += 1
        last = min(last, first + rule.max_words)
        while last > first and (doc[last - 1].lower_ in rule.trim or not doc[last - 1].text[-1].isalnum()):
            last -= 1
        while last > first and doc[first:last].end_char - doc[first].idx > rule.max_chars:
            last -= 1
        return first, last

    def _ends(self, doc: Doc, position: int, is_first: bool) -> bool:
        rule, token = self._rule, doc[position]
        following = doc[position + 1].lower_ if position + 1 < len(doc) else ""
        if token.lower_ == "and":
            return is_first or following in rule.stop_after_and
        if token.lower_ == "for":
            return is_first or following not in rule.go_on_after_for
        if token.is_space or _alone(token) or token.like_url or token.like_email:
            return True
        if token.text == "-" and (token.whitespace_ or is_first):
            return True
        is_word = any(char.isalnum() for char in token.text)
        return token.lower_ in rule.stop or not (is_word or token.text in {"&", "-", "'"} or token.lower_ == "'s")

    def _fits(self, last_word: str, lead: Lead, place: int) -> bool:
        pattern = self._last_words[place]
        if pattern is not None and not pattern.search(last_word):
            return False
        return lead.last_word_in is None or last_word in self._rule.words[lead.last_word_in]

    def _says_nothing(self, doc: Doc, first: int, last: int) -> bool:
        return all(token.lower_ in self._empty or not any(char.isalpha() for char in token.text) for token in doc[first:last])


class _NameFinder:
    """Finds the first name in an introduction."""

    def __init__(self, nlp: Language, rule: NameRule) -> None:
        self._rule = rule
        self._leads = Matcher(nlp.vocab)
        self._judges: dict[str, Callable[[Doc, int], bool]] = {
            "sure": self._may_be_name,
            "doubtful": self._is_doubtful_name,
            "known": self._is_known_name,
        }
        for kind, patterns in (("sure", rule.sure_leads), ("doubtful", rule.doubtful_leads), ("known", rule.known_name_leads)):
            self._leads.add(kind, patterns)
        self._trails = Matcher(nlp.vocab)
        self._trails.add("trail", rule.trails)

    def find(self, doc: Doc) -> Iterator[Span]:
        rule = self._rule
        for match_id, start, position in self._leads(doc):
            if _previous_word(doc, start) in rule.not_after:
                continue
            while position < len(doc) and doc[position].lower_ in rule.skip:
                position += 1
            if position < len(doc) and self._judges[doc.vocab.strings[match_id]](doc, position):
                yield self._span(doc, position)
        for _, position, _ in self._trails(doc):
            name = position - 1
            if name >= 0 and _is_start(doc, name, rule.greetings) and self._is_doubtful_name(doc, name):
                yield self._span(doc, name)

    def _span(self, doc: Doc, position: int) -> Span:
        last = position + 1
        # "Jean-Luc" is three tokens.
        following = list(doc[position : last + 2])
        if len(following) == 3 and following[1].text == "-" and following[2].is_alpha and _joined(following):
            last += 2
        name = doc[position:last]
        value = name.text.title() if name.text.islower() else name.text
        return Span(start=name.start_char, end=name.end_char, entity=self._rule.entity, value=value)

    def _may_be_name(self, doc: Doc, position: int) -> bool:
        token = doc[position]
        return token.is_alpha and 2 <= len(token.text) <= self._rule.max_chars and token.lower_ not in self._rule.not_names

    def _is_known_name(self, doc: Doc, position: int) -> bool:
        lower = doc[position].lower_
        return lower in self._rule.names or (lower in self._rule.also_words and self._is_capitalised(doc, position))

    def _is_doubtful_name(self, doc: Doc, position: int) -> bool:
        if self._is_known_name(doc, position):
            return True
        return self._may_be_name(doc, position) and self._is_capitalised(doc, position) and self._closes(doc, position)

    def _is_capitalised(self, doc: Doc, position: int) -> bool:
        """Whether the capital means something: the person does not write every word with one."""
        if not doc[position].text.istitle():
            return False
        others = [token.text for token in doc if token.is_alpha and token.i != position and len(token.text) > 1]
        return not others or any(word.islower() for word in others) or not any(word.istitle() for word in others[1:])

    def _closes(self, doc: Doc, position: int) -> bool:
        if position + 1 == len(doc):
            return True
        following = doc[position + 1]
        return following.is_punct or following.text.istitle() or following.lower_ in self._rule.clause_ends


class _DigitsFinder:
    """Finds a run of digits that reads like a telephone number."""

    def __init__(self, nlp: Language, rule: DigitsRule) -> None:
        self._rule = rule
        self._pieces = re.compile(_PHONE_PIECE)

    def find(self, doc: Doc) -> Iterator[Span]:
        position = 0
        while position < len(doc):
            end = position
            while end < len(doc) and self._pieces.match(doc[end].text):
                end += 1
            if end > position:
                yield from self._judge(doc, position, end)
            position = end + 1

    def _judge(self, doc: Doc, first: int, last: int) -> Iterator[Span]:
        rule = self._rule
        while last > first and not doc[last - 1].text[-1].isdigit():
            last -= 1
        while first < last and not (doc[first].text[0].isdigit() or doc[first].text[0] in "+("):
            first += 1
        if first == last:
            return
        run = doc[first:last]
        digits = sum(char.isdigit() for char in run.text)
        unbroken = run.text.isdigit() and not run.text.startswith("0")
        least = rule.min_digits_unbroken if unbroken else rule.min_digits
        following = doc[last].lower_ if last < len(doc) else ""
        if not least <= digits <= rule.max_digits or _DATE.match(run.text):
            return
        if _previous_word(doc, first) in rule.not_after or following in rule.not_before or "  " in run.text:
            return
        yield Span(start=run.start_char, end=run.end_char, entity=rule.entity, value=run.text)
