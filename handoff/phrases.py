"""What Warmline itself says: the names of its phrases, the words it has when the file gives none, and what makes one sayable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from string import Formatter
from zoneinfo import ZoneInfo

MAX_PHRASE = 160
"""Characters of one bubble; longer reads as a leaflet on a phone."""

MIN_VARIANTS = 3

PHRASES: dict[str, frozenset[str]] = {
    "getting_someone_online": frozenset({"wait"}),
    "getting_someone_offline": frozenset({"wait"}),
    "wait_known": frozenset({"range"}),
    "wait_in_line": frozenset({"range", "place"}),
    "line_known": frozenset({"place"}),
    "wait_longer": frozenset({"range"}),
    "wait_unknown": frozenset(),
    "still_waiting_known": frozenset({"range"}),
    "closed_now": frozenset({"when"}),
    "closing_soon": frozenset({"when"}),
    "still_waiting": frozenset(),
    "nobody_came": frozenset(),
    "waiting_ok": frozenset(),
    "callback_ask": frozenset(),
    "callback_unclear": frozenset(),
    "callback_done": frozenset({"number"}),
    "callback_late": frozenset(),
    "booked_ask": frozenset(),
    "booked_done": frozenset({"time"}),
    "times_ask": frozenset({"times"}),
    "times_other": frozenset({"times"}),
    "times_fit": frozenset({"times"}),
    "booked_firm": frozenset({"time"}),
    "booked_still": frozenset({"time"}),
    "cancelled": frozenset(),
    "back_to_bot": frozenset(),
    "returned_to_bot": frozenset(),
    "agent_joined": frozenset({"agent"}),
    "agent_silent": frozenset({"agent"}),
    "agent_left": frozenset({"agent"}),
    "passed_on": frozenset({"agent"}),
    "given_back": frozenset({"agent"}),
    "brain_away": frozenset(),
    "opted_out": frozenset(),
    "opted_in": frozenset(),
    "complaint": frozenset(),
    "transcript": frozenset({"link"}),
    "rating_ask": frozenset({"agent"}),
    "rating_thanks": frozenset(),
    "rating_thanks_low": frozenset(),
}
"""What Warmline says, and the values each phrase may use."""

OWN_WORDS: dict[str, tuple[str, ...]] = {
    "transcript": (
        "Here's our conversation to keep, the link works for a day: {link}",
        "You can save it here, until tomorrow: {link}",
        "This is everything we said, for a day: {link}",
    ),
    "rating_ask": (
        "How was that with {agent}? Five is great, one is bad.",
        "One quick thing: how was it with {agent}, from one to five?",
        "How did that go with {agent}? One tap is enough.",
    ),
    "rating_thanks": (
        "Thanks, I'll pass that on.",
        "Good to know, thank you.",
        "Thanks for telling us.",
    ),
    "rating_thanks_low": (
        "Thanks for being straight with us. I've noted it for the team.",
        "Sorry it wasn't better, and thanks for saying so. The team will see it.",
        "I hear you, and I've written it down for the team. Thanks for the honesty.",
    ),
    "times_ask": (
        "I can do {times}. Which suits you? Any other time works too, just type it.",
        "Free times: {times}. Pick one, or type another that suits you.",
        "How about {times}? If none fits, tell me when and I'll look.",
    ),
    "times_other": (
        "That one isn't free, sorry. I can do {times}.",
        "Nothing free then, I'm afraid. How about {times}?",
        "That doesn't work on our side. Free would be {times}.",
    ),
    "times_fit": (
        "Then I can do {times}. Which one?",
        "Free then: {times}. Which suits you best?",
        "That leaves {times}. Which should I book?",
    ),
    "booked_firm": (
        "Booked: {time}. A person will be with you then.",
        "Done, that's {time}. Somebody from the team will write to you then.",
        "You're down for {time}. A person comes to you here then.",
    ),
    "booked_still": (
        "You're booked for {time}, and that stands. Tell me if you want another time.",
        "A person is with you {time}, as booked. Anything I can do until then?",
        "It's still {time}. You can cancel or move it any time, just say so.",
    ),
    "cancelled": (
        "Okay, I've called it off. I'm the bot, and I'm here if you need anything.",
        "All right, nobody's coming then. You've got me, the bot, if something comes up.",
        "No problem, that's cancelled. I'm a bot, but ask me anything.",
    ),
    "wait_known": (
        "Okay, I'm getting a person for you. At this time it usually takes {range}.",
        "Sure, I'm calling the team. Going by the last weeks, it'll be {range}.",
        "On it. People usually wait {range} at this hour, and I'll say so if it takes longer.",
    ),
    "wait_in_line": (
        "Okay, I'm getting a person for you. You're number {place} in line; it usually takes {range}.",
        "Sure. You're number {place} in line, and at this hour that's usually {range}.",
        "On it. You're number {place} in line. Going by the last weeks, it'll be {range}.",
    ),
    "line_known": (
        "Okay, I'm getting a person for you. You're number {place} in line, and I can't say yet how long that takes.",
        "Sure. You're number {place} in line. I don't know how long it'll be, so I won't guess.",
        "On it. You're number {place} in line. I've no honest figure for the wait, but I'll keep you posted.",
    ),
    "wait_longer": (
        "It's taking longer than I said, sorry. My best guess from here is {range}.",
        "I was too hopeful, sorry. From now it's more like {range}.",
        "Sorry, not yet. Going by other days, it'll be {range} from now.",
    ),
    "wait_unknown": (
        "It's taking longer than I said, sorry, and I can't honestly say how long. I'm still on it.",
        "I was too hopeful, sorry. I don't have a figure I'd trust, but I keep ringing them.",
        "Sorry, not yet. It's longer than usual today, so I won't guess again. You're not forgotten.",
    ),
    "still_waiting_known": (
        "Still no one free, sorry. My best guess is {range} from now.",
        "Quick update: nobody yet. Going by other days, it'll be {range} more.",
        "I've got no one to hand you to yet. From now it's usually {range}.",
    ),
    "closed_now": (
        "The team's back {when}. I can take a number, note a time, or carry on with you. What suits you?",
        "Nobody's in right now; people are here again {when}. What would help you most until then?",
        "We're closed at the moment, and a person is here {when}. How would you like to go on?",
    ),
    "closing_soon": (
        "The team is about to close, so a person may only get to you {when}. I'm still asking.",
        "It's late in our day. If nobody makes it before we close, it'll be {when}. I'm ringing them now.",
        "I've called the team, but they're nearly gone. At the latest somebody's with you {when}.",
    ),
    "passed_on": (
        "I'm passing you to a colleague of {agent}'s. They'll see what you two talked about.",
        "{agent} is handing you to somebody else on the team. No need to repeat yourself.",
        "A colleague of {agent}'s takes it from here. They can read everything so far.",
    ),
    "returned_to_bot": (
        "I couldn't get you a person this time, sorry. I'm the bot, and I'll help as far as I can.",
        "Nobody made it, and I'm sorry about that. You're back with me, the bot. What do you need?",
        "No person was free after all, sorry. I'm a bot, but I'm here. What can I do?",
    ),
}
"""Words for the phrases that a file may leave out."""

SAMPLE = {
    "wait": "about 15 minutes",
    "range": "50 seconds to 15 minutes",
    "place": "12",
    "number": "+49 170 1234567",
    "time": "tomorrow after 5 pm",
    "times": "today at 3:30 pm, tomorrow at 10:30 am or Wed 24 Sep 10:30 am (New York time)",
    "agent": "Alexandra",
    "link": "https://example.com/transcript/0123456789abcdef0123456789abcdef/tr_0123456789abcdef0123",
    "when": "on Wednesday at 10:30 am (New York time)",
}
"""Long but ordinary values, to measure a phrase with."""


def complete(phrases: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The phrases of a file, with Warmline's own words where it gives none.

    Raises ValueError for a phrase that is missing, unknown, too long, said in too few ways, or uses a value it has not got.
    """
    whole = {**OWN_WORDS, **phrases}
    if missing := sorted(PHRASES.keys() - whole.keys()):
        raise ValueError(f"nothing to say for {', '.join(missing)}")
    if unknown := sorted(whole.keys() - PHRASES.keys()):
        raise ValueError(f"unknown phrases: {', '.join(unknown)}")
    for name, variants in whole.items():
        check_variants(name, variants, PHRASES[name])
    return whole


def check_variants(name: str, variants: Sequence[str], values: frozenset[str]) -> None:
    """Raises ValueError where a line could not be said, or would sound like a machine."""
    if len({" ".join(v.lower().split()) for v in variants}) < MIN_VARIANTS:
        raise ValueError(f"{name}: at least {MIN_VARIANTS} different variants, so that it does not sound like a machine")
    for variant in variants:
        try:
            used = {field for _, field, _, _ in Formatter().parse(variant) if field is not None}
        except ValueError as error:
            raise ValueError(f"{name}: {error} in {variant!r}") from error
        if wrong := sorted(used - values):
            raise ValueError(f"{name}: unknown value {{{wrong[0]}}} in {variant!r}")
        length = len(variant.format(**SAMPLE))
        if not variant.strip() or length > MAX_PHRASE:
            raise ValueError(f"{name}: a variant has 1 to {MAX_PHRASE} characters, this one has {length}: {variant!r}")


def pick(name: str, variants: Sequence[str], rng: Random, avoid: Sequence[str], values: Mapping[str, str]) -> tuple[str, str]:
    """One variant and its wording (`ladder/<name>#<variant>`).

    Variants whose wording is in `avoid` (oldest first) are left out; if all are, the one said longest ago comes.
    """
    wordings = [f"ladder/{name}#{number}" for number in range(len(variants))]
    latest = {wording: place for place, wording in enumerate(avoid)}
    fresh = [number for number, wording in enumerate(wordings) if wording not in latest]
    number = rng.choice(fresh) if fresh else min(range(len(wordings)), key=lambda n: latest[wordings[n]])
    return variants[number].format(**values), wordings[number]


def spoken(target_s: float) -> str:
    """A stretch of time as people say it: `30 seconds`, `about a minute`, `about 15 minutes`, `about an hour`."""
    if target_s < 50:
        return f"{round(target_s)} seconds"
    if target_s < 90:
        return "about a minute"
    if target_s < 3000:
        return f"about {round(target_s / 60)} minutes"
    return "about an hour" if target_s < 5400 else f"about {round(target_s / 3600)} hours"


def spoken_moment(at: datetime, *, now: datetime, zone: str, named: bool) -> str:
    """A moment to come as people say it in `zone`: `today at 1:30 pm`, `tomorrow at 9 am`, `on Monday at 9 am`.

    `named` adds whose time it is, for somebody who may live elsewhere. Both moments are aware.
    """
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    if days <= 0:
        day = "today"
    elif days == 1:
        day = "tomorrow"
    else:
        day = f"on {local:%A}" if days < 7 else f"on {local:%A} {local.day} {local:%B}"
    rounded = local + timedelta(seconds=59) if local.second or local.microsecond else local
    clock = f"{rounded.hour % 12 or 12}{f':{rounded:%M}' if rounded.minute else ''} {'am' if rounded.hour < 12 else 'pm'}"
    place = f" ({zone.rsplit('/', 1)[-1].replace('_', ' ')} time)" if named else ""
    return f"{day} at {clock}{place}"
