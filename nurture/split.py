"""Which arm of an experiment somebody is in. Pure: the same person always gets the same arm, on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from nurture.flow import Arm

HASH_BYTES = 8


def arm_of(arms: Sequence[Arm], *, flow_id: str, experiment: str, person: str) -> Arm:
    """The arm of `person` (the conversation's id) among at least one, each with its share.

    The experiment's name is hashed along, so that being in one arm here says nothing about the arm elsewhere.
    """
    digest = sha256(f"{flow_id}/{experiment}/{person}".encode()).digest()
    place = int.from_bytes(digest[:HASH_BYTES]) * sum(arm.share for arm in arms) >> 8 * HASH_BYTES
    for arm in arms:
        place -= arm.share
        if place < 0:
            return arm
    return arms[-1]
