"""What a rule is, what it finds, and the table of all rules; `docs/lint.md` is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error fails the lint; a warning is worth a look; both are told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its id, whether it fails the lint, why it is there in one sentence, and the source of that with its date."""

    id: str
    severity: Severity
    family: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule saw in a piece of copy. `snippet` are the words as written, to point at; `rewrite` is the whole line mended."""

    rule: str
    message: str
    suggestion: str
    snippet: str = ""
    rewrite: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend: where (counted from 1), which rule, what is wrong, what to do, and the line mended if a rule can."""

    file: str
    line: int
    column: int
    step: str
    rule: str
    severity: Severity
    message: str
    suggestion: str
    rewrite: str = ""

    @property
    def reason(self) -> str:
        """Why the rule is there; empty for what is no rule's, such as a file that cannot be read."""
        return RULES[self.rule].reason if self.rule in RULES else ""

    @property
    def source(self) -> str:
        """The source of that, with its date."""
        return RULES[self.rule].source if self.rule in RULES else ""


ERROR, WARNING = Severity.ERROR, Severity.WARNING

PRACTICE = "Practitioners' reports, SEEDS"
DESIGN = "Warmline's design, section 7 (November 2026)"
BOOMERANG = "Boomerang, 40 million mails (2016)"
GOOGLE = "Google, Conversation design: language (read November 2026)"
META = "Meta, Messenger policy (May 5, 2026); California BPC 17941 (July 1, 2019)"
EMOJI_FIT = "Human Behavior and Emerging Technologies 2022/1433055; JMDC 7569: emoji help pleasure, not business"


def _rules(family: str, *rows: tuple[str, Severity, str, str]) -> list[Rule]:
    return [Rule(id=row[0], severity=row[1], family=family, reason=row[2], source=row[3]) for row in rows]


_ALL = (
    *_rules(
        "The course of the flow",
        (
            "human_too_soon",
            ERROR,
            "A stranger who needs a person in the first three exchanges is left waiting for hours.",
            f"{PRACTICE} S2; HBR (March 2011): 42 h to a first answer on average",
        ),
        ("no_disclosure", ERROR, "The first words to a stranger must say that a bot is writing.", META),
        (
            "offer_too_soon",
            ERROR,
            "An offer before something useful was given and answered reads as an advert.",
            f"{PRACTICE} S3 and S22",
        ),
        (
            "sales_too_soon",
            ERROR,
            "Prices, bargains and calls to buy before anything useful was given drive people away.",
            f"{PRACTICE} S3 and S22",
        ),
        ("answer_unheard", ERROR, "Who answers in their own words must hear something back.", f"{PRACTICE} S6"),
        (
            "endless_wait",
            ERROR,
            "A wait for a reply without a time-out leaves people in the flow for ever.",
            "Customer.io, wait until (read November 2026)",
        ),
        (
            "cold_pause",
            WARNING,
            "After a pause of more than a month people have forgotten who is writing.",
            f"{PRACTICE} S19",
        ),
        (
            "bubbles_in_a_row",
            WARNING,
            "More than three bubbles without a question is a lecture on a small screen.",
            f"{DESIGN}; {BOOMERANG}: short gets replies",
        ),
        ("one_way", WARNING, "A flow that asks nothing is a broadcast.", f"{PRACTICE} S6"),
        ("no_use", WARNING, "A flow in which no step informs or helps gives people no reason to read it.", f"{PRACTICE} S8"),
    ),
    *_rules(
        "Other programs",
        (
            "no_failure_way",
            ERROR,
            "A program is away now and then, and whoever is in the flow then must still get somewhere.",
            f"{DESIGN}; Mautic #5423 (read November 2026): stuck events tried again at every round",
        ),
        (
            "slow_call",
            ERROR,
            "A call that takes longer than the promised answer makes the bot late.",
            f"{PRACTICE} S1; {DESIGN}",
        ),
        (
            "no_call_fallback",
            WARNING,
            "What a failed call should have filled is missing from everything after it.",
            DESIGN,
        ),
        (
            "call_in_clear",
            ERROR,
            "What people told must not be readable on the way.",
            "GDPR, article 32 (May 25, 2018); RFC 9325 (November 2022)",
        ),
        (
            "secret_in_address",
            ERROR,
            "Addresses end up in logs, histories and exports, and flows are kept word for word.",
            "CWE-598 (read November 2026); OWASP, REST security (read November 2026)",
        ),
    ),
    *_rules(
        "Questions",
        (
            "two_questions",
            ERROR,
            "Of two questions at once people answer one, or none.",
            f"{BOOMERANG}: one to three questions a mail, far fewer a bubble; {DESIGN}",
        ),
        ("question_in_say", ERROR, "A question that nobody waits for makes the answer go unheard.", f"{PRACTICE} S1"),
    ),
    *_rules(
        "Length",
        ("long_bubble", ERROR, "A bubble of more than 160 characters is skimmed.", f"{BOOMERANG}; {DESIGN}"),
        ("too_many_bubbles", ERROR, "More than two bubbles for one thought feels like being talked at.", DESIGN),
        (
            "reading_grade",
            WARNING,
            "Words at third-grade level got a third more replies than college words.",
            f"{BOOMERANG}; Kincaid and others (1975) for the measure",
        ),
    ),
    *_rules(
        "Tone",
        ("stiff", WARNING, "People who chat say I'm and don't.", f"{GOOGLE}; {DESIGN}"),
        ("jargon", WARNING, "Corporate words have plain ones that say the same.", f"{GOOGLE}; {PRACTICE} S4"),
        (
            "hype",
            WARNING,
            "Praise and pressure make a chat sound like an advert.",
            f"{PRACTICE} S4; {BOOMERANG}: strong feeling adds nothing",
        ),
        ("form_letter", ERROR, "Nobody writes to a friend as to a valued customer.", f"{PRACTICE} S4"),
        ("robot_talk", ERROR, "What a machine says about itself helps nobody.", f"{PRACTICE} S4; {GOOGLE}"),
        (
            "menu_talk",
            ERROR,
            "A menu read out is a telephone system, not a talk; buttons can be tapped.",
            f"{GOOGLE}; {PRACTICE} S18",
        ),
        ("to_a_crowd", WARNING, "A line that speaks to everybody speaks to nobody.", f"{PRACTICE} S6"),
        (
            "low_score",
            WARNING,
            "The line as a whole reads more like a broadcast than like a person.",
            "docs/copy-score.md (November 2026)",
        ),
    ),
    *_rules(
        "Looks",
        ("all_caps", ERROR, "Capitals read as shouting.", DESIGN),
        (
            "exclamations",
            ERROR,
            "One exclamation mark is warm, two are an advert.",
            f"{DESIGN}; {BOOMERANG}: strong feeling adds nothing",
        ),
        ("emoji_budget", WARNING, "More than one emoji in two bubbles looks like a campaign.", f"{DESIGN}; {EMOJI_FIT}"),
        (
            "emoji_out_of_place",
            ERROR,
            "An emoji beside a complaint, a price or the small print seems to make light of it.",
            EMOJI_FIT,
        ),
        ("markdown", ERROR, "Messenger shows markup as stars, brackets and hashes.", f"{DESIGN}; Meta, Send API (May 5, 2026)"),
    ),
    *_rules(
        "Wordings",
        ("same_wording", ERROR, "Wordings with one word swapped are noticed as the same line.", f"{GOOGLE}: vary the prompt"),
        ("too_few_wordings", ERROR, "Who meets a step twice must not read the same line twice.", f"{GOOGLE}: vary the prompt"),
        ("repeated_opening", WARNING, "Lines that all begin alike sound like a script.", f"{GOOGLE}: vary the prompt; {DESIGN}"),
        (
            "fallback_reads_badly",
            ERROR,
            "A sentence must read well with the person's word and without it.",
            f"{DESIGN}; Meta, User profile (March 18, 2026): first names are often missing",
        ),
    ),
)

RULES: Mapping[str, Rule] = {rule.id: rule for rule in _ALL}
"""Every rule by its id, in the order of the page."""


def as_markdown() -> str:
    """The table of rules, for docs/lint.md."""
    parts: list[str] = []
    for family in dict.fromkeys(rule.family for rule in _ALL):
        parts.append(f"\n### {family}\n\n| Rule | Severity | Why | Source |\n|---|---|---|---|\n")
        parts.extend(
            f"| `{rule.id}` | {rule.severity} | {rule.reason} | {rule.source} |\n" for rule in _ALL if rule.family == family
        )
    return "".join(parts)
