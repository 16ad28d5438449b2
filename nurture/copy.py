"""Copy: templates with a fallback for everything that may be unknown, and the choice of a wording not used lately."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from nurture.flow import Copy

ALWAYS_KNOWN = frozenset({"bot_name", "business_name"})
"""Variables that need no fallback."""

MAX_VALUE_CHARS = 40
MAX_VALUE_WORDS = 6
"""What a person told is said back only if it is short enough to stand inside one of our sentences."""

NOT_SAID_BACK = re.compile(r"[\n<>{}]|https?:|www\.|\S@\S", re.IGNORECASE)
BUBBLE_BREAK = re.compile(r"\n\s*\n")
SPACES = re.compile(r"\s+")
QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']*'(?!\w)")
QUESTION_MARKS = "?؟？"
OWN = re.compile(r"^(my|our)\s+", re.IGNORECASE)
ARTICLE = re.compile(r"^(a|an|the)\s+", re.IGNORECASE)
NEEDS_OWNER = re.compile(
    r"^(?!your\b).*\b(shop|store|brand|label|studio|salon|caf[eé]|bakery|restaurant|gym|business|company|agency|bar|boutique|spa"
    r"|clinic|school|service|garage|farm|brewery|market|startup|page|website|site)$",
    re.IGNORECASE,
)
"""Things people run, not goods they sell: said back, they belong to somebody."""


def _usable(value: object) -> bool:
    if isinstance(value, Undefined) or value is None:
        return False
    text = str(value).strip()
    short = 0 < len(text) <= MAX_VALUE_CHARS and len(text.split()) <= MAX_VALUE_WORDS
    return short and not NOT_SAID_BACK.search(text)


def _default(value: object, fallback: object) -> object:
    """The value, or the fallback where it is unknown or would read badly in a sentence."""
    return value if _usable(value) else fallback


def _yours(value: object) -> str:
    """What somebody told about their own, as we say it to them: `a small bakery`, `my bakery` and `bakery` are `your ...`."""
    said = str(value).strip()
    owned = OWN.sub("your ", said)
    if owned != said or not NEEDS_OWNER.search(said):
        return owned
    return f"your {ARTICLE.sub('', said)}"


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    kept = {name: environment.filters[name] for name in ("capitalize", "lower", "title", "trim", "upper")}
    environment.filters = {**kept, "default": _default, "yours": _yours}
    environment.globals = {}
    environment.tests = {}
    return environment


ENVIRONMENT = _environment()


def problem_with(text: str) -> str | None:
    """What is wrong with a piece of copy as a template, in a sentence; None if nothing is."""
    try:
        tree = ENVIRONMENT.parse(text)
        ENVIRONMENT.from_string(text)
    except TemplateSyntaxError as error:
        return f"cannot be read as copy: {error.message}"
    for node in tree.body:
        if not isinstance(node, nodes.Output):
            return "only {{ names }} can stand in copy, no {% commands %}; use a branch step instead"
        for part in node.nodes:
            if problem := _problem_with_part(part):
                return problem
    return None


def _problem_with_part(part: nodes.Node) -> str | None:
    if isinstance(part, nodes.TemplateData | nodes.Const):
        return None
    if isinstance(part, nodes.Filter) and part.name == "default":
        if len(part.args) != 1 or not isinstance(part.args[0], nodes.Const):
            return 'a fallback is one text in quotes, such as default("your shop")'
        known = part.node
        if isinstance(known, nodes.Filter) and known.name == "default":
            return _problem_with_part(known)
        return None if isinstance(known, nodes.Name) else "a fallback stands right after a name"
    if isinstance(part, nodes.Filter) and part.node is not None:
        return _problem_with_part(part.node)
    if isinstance(part, nodes.Name):
        if part.name in ALWAYS_KNOWN:
            return None
        return f'{part.name} may be unknown; give a fallback: {{{{ {part.name} | default("...") }}}}'
    return "only names with a fallback can stand between {{ and }}"


def asks(text: str) -> bool:
    """Whether a bubble asks the reader something; a question that it only quotes does not count."""
    return any(mark in QUESTION_MARKS for mark in QUOTED.sub("", text))


def names_in(text: str) -> frozenset[str]:
    """The variables that a piece of copy uses."""
    return frozenset(node.name for node in ENVIRONMENT.parse(text).find_all(nodes.Name))


def render(text: str, known: Mapping[str, Any]) -> str:
    """One bubble with its variables filled in. Raises jinja2.UndefinedError for an unknown one without a fallback."""
    return SPACES.sub(" ", _template(text).render(known)).strip()


@lru_cache(maxsize=4096)
def _template(text: str) -> Template:
    return ENVIRONMENT.from_string(text)


def bubbles_of(text: str) -> tuple[str, ...]:
    """A wording split at its empty lines: each paragraph is a bubble."""
    return tuple(bubble.strip() for bubble in BUBBLE_BREAK.split(text.strip()))


def spoken(copy: Copy, locale: str | None) -> tuple[Copy, str]:
    """The copy in the person's language and that language's tag; the copy itself and nothing if there is none in it.

    `locale` is what the channel tells, such as `pt_BR` or `pt-BR`; the exact one is preferred to the language alone.
    """
    told = language_tag(locale or "")
    for tag in (told, told.partition("_")[0]):
        if tag in copy.per_language:
            return copy.per_language[tag], tag
    return copy, ""


def language_tag(name: str) -> str:
    """A language as it is looked up: `pt-BR` and `pt_BR` are `pt_br`."""
    return name.strip().replace("-", "_").casefold()


def choose(copy: Copy, name: str, *, channel: str, used: Sequence[str], rng: Random) -> tuple[str, tuple[str, ...]]:
    """A wording that was not used lately: its id (`name#2`, `name@channel#1`) and its bubbles, not yet rendered.

    `used` are wording ids, newest last. If all were used, one of the older half is taken, so that nothing comes twice
    in a row where there is a choice.
    """
    own = copy.per_channel.get(channel)
    prefix = f"{name}@{channel}" if own else name
    options = {f"{prefix}#{number}": bubbles for number, bubbles in enumerate(own or copy.wordings, 1)}
    fresh = [wording for wording in options if wording not in used]
    if not fresh:
        oldest_first = sorted(options, key=lambda wording: _last_index(used, wording))
        fresh = oldest_first[: max(1, len(oldest_first) // 2)]
    wording = rng.choice(fresh)
    return wording, options[wording]


def _last_index(used: Sequence[str], wording: str) -> int:
    return max(index for index, name in enumerate(used) if name == wording)


def texts(copy: Copy) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Every wording of a piece of copy: its channel (empty: any), its number from 1, its bubbles."""
    for channel, wordings in (("", copy.wordings), *copy.per_channel.items()):
        for number, bubbles in enumerate(wordings, 1):
            yield channel, number, bubbles
