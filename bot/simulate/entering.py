"""How people come into a flow, from its triggers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.simulate.setup import BadSetup
from nurture.flow import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A message of their own, by a link or an ad or meaning `intent`; or, where they write nothing, begun for them, or left to the
    clock: a schedule, or their own silence from then on (`falls_silent`). `comment`: they comment on a post in public."""

    writes: bool = True
    intent: str | None = None
    referral: Mapping[str, object] = field(default_factory=dict)
    comment: Mapping[str, object] = field(default_factory=dict)
    by_clock: bool = False
    falls_silent: bool = False


CHANNELS = ("facebook", "widget", "rest")
"""Those that come along; the first is that of people whose flow is for every channel."""


def channel_of(flow: Flow, wanted: str | None, flows: Iterable[Flow]) -> str:
    """The channel on which the flow is played: the one that is wanted, else the flow's own. Raises `BadSetup` for one that there is
    not, or that the flow is not for."""
    own = flow.audience.channels
    if wanted is None:
        return min(own, default=CHANNELS[0])
    known = [*CHANNELS, *sorted({name for one in flows for name in one.audience.channels} - {*CHANNELS})]
    if wanted not in known:
        raise BadSetup("channel", f"there is no channel {wanted[:40]}; there are {', '.join(known)}")
    if own and wanted not in own:
        where = " or ".join(sorted(own))
        raise BadSetup("channel", f"{flow.flow_id} is only for people on {where}, so nobody on {wanted} would enter it")
    return wanted


BEGUN = Entrance(writes=False)
"""By a tag, an outcome, another flow, an event or by hand: the flow is started, and people had written before."""


def entrances(flow: Flow) -> tuple[Entrance, ...]:
    """Every way in that the triggers give; people are spread over them evenly."""
    found: list[Entrance] = []
    for trigger in flow.triggers:
        names = sorted(trigger.names) or ["any"]
        match trigger.kind:
            case "first_message":
                found.append(Entrance())
            case "intent":
                found += [Entrance(intent=name) for name in names]
            case "ref":
                found += [Entrance(referral={"ref": name}) for name in names]
            case "ad":
                found += [Entrance(referral={"ad_id": name}) for name in names]
            case "utm":
                found += [Entrance(referral={"utm": {"campaign": name}}) for name in names]
            case "comment":
                text = trigger.words[0] if trigger.words else "nice"
                found += [Entrance(comment={"post": name, "text": text}) for name in names]
            case "schedule":
                found.append(Entrance(writes=False, by_clock=True))
            case "segment" if trigger.segment and trigger.segment.silence:
                found.append(Entrance(writes=False, by_clock=True, falls_silent=True))
            case _:
                found.append(BEGUN)
    return tuple(one for n, one in enumerate(found) if one not in found[:n])


def way_tags(flow: Flow) -> tuple[str, ...]:
    """The tags that the flow's segments by silence ask for."""
    return tuple(t.segment.tag for t in flow.triggers if t.segment and t.segment.silence and t.segment.tag)
