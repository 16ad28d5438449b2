"""Steps that ask another program: what becomes of people when it is slow or away, and what its address gives away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from nurture.flow import AskStep, Flow, HandoffStep, OfferStep, Step, WaitStep, WebhookStep, copies, ways_out
from nurture.lint.rule import Found

REPLY = timedelta(seconds=20)
"""Within which the bot answers, where no other promise is given: the `reply_s` of the promises file that comes along."""

SECRET_NAMES = re.compile(
    r"(?:^|[_.-])(?:key|apikey|token|secret|password|passwd|pwd|sig|signature|auth|code|credentials?|hmac|jwt|session)(?:$|[_.-])",
    re.IGNORECASE,
)
SECRET_SHAPES = re.compile(r"^(?:sk|pk|rk|ghp|gho|xox[abp]|whsec|eyJ)[_A-Za-z0-9-]{12,}|^[0-9a-f]{32,}$")
LONG_RANDOM = re.compile(r"^[A-Za-z0-9_+=-]{20,}$")
"""So long a part of an address, with capitals, small letters and digits mixed, is nobody's word."""

type AtField = Iterator[tuple[Step, str, Found]]


def of_calls(flow: Flow, reply: timedelta = REPLY) -> AtField:
    """What is wrong with the webhook steps, each with the field that it is about. `reply`: the bot's promise to answer."""
    for step in flow.steps.values():
        if isinstance(step, WebhookStep):
            yield from _failure_way(flow, step)
            yield from _too_slow(step, reply)
            yield from _unfilled(flow, step)
            yield from _address(step)


def _failure_way(flow: Flow, step: WebhookStep) -> AtField:
    """The way on failure leads somewhere: not straight back to the call, nor past it into a silent end after an answer."""
    if step.id in _at_once_after(flow, step.on_failure):
        yield (
            step,
            "on_failure",
            Found(
                rule="no_failure_way",
                message=f'on_failure comes back to "{step.id}" at once, for as long as the program is away.',
                suggestion="Lead it to words that need nothing of the program, or put a wait of an hour before the next try.",
            ),
        )
    elif _just_answered(flow, step) and _silent(flow, step.on_failure):
        yield (
            step,
            "on_failure",
            Found(
                rule="no_failure_way",
                message="when the program is away the flow has nothing to say to somebody who has just answered.",
                suggestion=f'Let a say step before "{step.id}" thank them, or lead on_failure to words.',
            ),
        )


def _at_once_after(flow: Flow, step_id: str | None) -> set[str]:
    """The steps that are carried out in the same breath from here on."""
    seen: set[str] = set()
    ahead = [step_id]
    while ahead:
        step = flow.steps.get(ahead.pop() or "")
        if step is None or step.id in seen:
            continue
        seen.add(step.id)
        if isinstance(step, WebhookStep):
            ahead.append(step.on_failure)
        elif not isinstance(step, AskStep | OfferStep | WaitStep | HandoffStep):
            ahead.extend(ways_out(step))
    return seen


def _just_answered(flow: Flow, call: WebhookStep) -> bool:
    """Whether an answer may lead to the call with no words of the flow between them."""
    for step in flow.steps.values():
        answers: list[str | None] = [step.then] if isinstance(step, AskStep) else []
        if isinstance(step, OfferStep):
            answers = [step.accepted, step.declined]
        if any(call.id in _wordless(flow, target) for target in answers):
            return True
    return False


def _wordless(flow: Flow, step_id: str | None) -> set[str]:
    """The steps without words that come next, one after the other."""
    seen: set[str] = set()
    ahead = [step_id]
    while ahead:
        step = flow.steps.get(ahead.pop() or "")
        if step is None or step.id in seen or copies(step) or isinstance(step, WaitStep | HandoffStep):
            continue
        seen.add(step.id)
        if not isinstance(step, WebhookStep):
            ahead.extend(ways_out(step))
    return seen


def _silent(flow: Flow, step_id: str | None) -> bool:
    """Whether the flow may end, or wait, from here on without a word."""
    seen: set[str] = set()
    ahead = [step_id]
    while ahead:
        step = flow.steps.get(ahead.pop() or "")
        if step is None or isinstance(step, WaitStep) or not ways_out(step):
            return True
        if step.id not in seen and not copies(step) and not isinstance(step, HandoffStep):
            seen.add(step.id)
            ahead.extend([step.on_failure] if isinstance(step, WebhookStep) else ways_out(step))
    return False


def _too_slow(step: WebhookStep, reply: timedelta) -> AtField:
    if step.timeout > reply:
        yield (
            step,
            "timeout",
            Found(
                rule="slow_call",
                message=f"may take {_seconds(step.timeout)}, longer than the {_seconds(reply)} within which the bot answers.",
                suggestion=f"Give it {_seconds(min(reply, timedelta(seconds=5)))}; a late answer is asked for again by itself.",
            ),
        )


def _unfilled(flow: Flow, call: WebhookStep) -> AtField:
    """What only this call fills is sent to another program on the way on which it failed."""
    mine = frozenset(call.into.values())
    seen: set[str] = set()
    ahead: list[tuple[str | None, frozenset[str]]] = [(call.on_failure, mine)]
    while ahead:
        step_id, missing = ahead.pop()
        step = flow.steps.get(step_id or "")
        if step is None or step.id in seen or not missing:
            continue
        seen.add(step.id)
        if isinstance(step, WebhookStep):
            if (sent := sorted(missing & set(step.send))) and step.id != call.id:
                yield (
                    step,
                    "send",
                    Found(
                        rule="no_call_fallback",
                        message=f'sends {", ".join(sent)}, which nothing has filled when "{call.id}" failed.',
                        suggestion=f'Lead on_failure of "{call.id}" past this step, or ask the person for it.',
                    ),
                )
            ahead.append((step.on_failure, missing))
        filled = _fills(step)
        ahead.extend((target, missing - filled) for target in ways_out(step))


def _fills(step: Step) -> frozenset[str]:
    match step:
        case AskStep():
            return frozenset({step.slot, *step.remember.values()})
        case WebhookStep():
            return frozenset(step.into.values())
        case _:
            return frozenset()


def _address(step: WebhookStep) -> AtField:
    parts = urlsplit(step.url)
    if parts.scheme == "http" and not _stays_here(parts.hostname or ""):
        yield (
            step,
            "webhook",
            Found(
                rule="call_in_clear",
                message="goes over plain http, so anybody on the way can read and change it.",
                suggestion="Write https:// in front of it.",
                snippet="http://",
            ),
        )
    if secret := _secret_in(step.url):
        yield (
            step,
            "webhook",
            Found(
                rule="secret_in_address",
                message=f"{secret} looks like a secret; the flow is kept, shown and exported word for word.",
                suggestion="Leave it out and check the signature that every call carries (warmline flows secret).",
            ),
        )


def _secret_in(url: str) -> str:
    """Which part of the address looks like a secret, named without telling it; empty if none does."""
    parts = urlsplit(url)
    for name, value in (*parse_qsl(parts.query), *parse_qsl(parts.fragment)):
        if value and (SECRET_NAMES.search(_words(name)) or _random(value)):
            return f'the value of "{name}"'
    if any(_random(part) for part in parts.path.split("/")):
        return "a part of the path"
    return ""


def _words(name: str) -> str:
    """`apiKey` as `api_Key`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)


def _random(part: str) -> bool:
    mixed = all(re.search(kind, part) for kind in (r"[a-z]", r"[A-Z]", r"[0-9]"))
    return SECRET_SHAPES.search(part) is not None or (mixed and LONG_RANDOM.fullmatch(part) is not None)


def _stays_here(host: str) -> bool:
    """Whether the call never leaves the machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"
