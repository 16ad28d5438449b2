"""When an arm of an experiment does harm, so that nobody new is put into it. Pure.

People are put into arms by chance. If an arm made no difference, whoever is harmed would be in it as often as its share says, at
every hour and in every order, whatever else goes on. So the harms are counted by arm and held against the shares, by evidence that
may be looked at after each of them (`bot.core.evidence.log_mismatch`): each arm against the rest, with an equal part of `ALPHA`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from bot.core.events import JournalEntry
from bot.core.evidence import log_mismatch

ALPHA = 0.01
"""The chance that any arm of an experiment whose arms are alike is ever stopped by mistake."""
FEWEST_HARMED = 5
"""With fewer people harmed in an arm nothing is concluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmHarmed:
    """Somebody in an arm was harmed; `shares` are those of the arms into which people were put, by name."""

    flow_id: str
    experiment: str
    arm: str
    shares: Mapping[str, int]


def harmed_in(journal: Iterable[JournalEntry]) -> list[ArmHarmed]:
    """What the lines of one decision tell of arms, in one order for everybody."""
    found: list[ArmHarmed] = []
    for entry in journal:
        if entry.kind != "flow.harmed":
            continue
        arms: Mapping[str, Mapping[str, Any]] = entry.data.get("arms") or {}
        for experiment, told in sorted(arms.items()):
            shares = {str(name): int(share) for name, share in told["shares"].items()}
            found.append(ArmHarmed(flow_id=str(entry.data["flow"]), experiment=experiment, arm=str(told["arm"]), shares=shares))
    return found


def harmful(harmed: Mapping[str, int], shares: Mapping[str, int], *, alpha: float = ALPHA) -> str | None:
    """The arm that does harm, if one does: the worst. `harmed` are people by arm; arms that are not in `shares` don't count.

    None where there are fewer than two arms: somebody has to be somewhere.
    """
    if len(shares) < 2:
        return None
    all_harmed, all_shares = sum(harmed.get(arm, 0) for arm in shares), sum(shares.values())
    worst: tuple[float, str] | None = None
    for arm, share in sorted(shares.items()):
        here = harmed.get(arm, 0)
        if here < FEWEST_HARMED or here * all_shares <= all_harmed * share:
            continue
        evidence = log_mismatch([here, all_harmed - here], [share, all_shares - share])
        if evidence >= log(len(shares) / alpha) and (worst is None or evidence > worst[0]):
            worst = evidence, arm
    return None if worst is None else worst[1]


def in_words(arm: str, harmed: Mapping[str, int], shares: Mapping[str, int]) -> str:
    """For the marketer: what an arm was stopped for."""
    everybody, all_shares = sum(harmed.get(one, 0) for one in shares), sum(shares.values())
    fair = 100 * shares[arm] / all_shares
    return (
        f"{harmed.get(arm, 0)} of {everybody} people who opted out, complained or got angry were in the arm {arm}, though only "
        f"{fair:.0f} of 100 people are put into it. Nobody new gets it."
    )
