"""The part of the contract that turns use: what came in, one conversation whole, what was decided, and what falls due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.events import Decision
from bot.core.model import Arrival, Clock, Identity, State
from bot.store.braked import Braked


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """Where an arrival went. `new` is False for a repeat, which changed nothing."""

    conversation_id: str
    message_id: int
    seq: int
    new: bool
    new_conversation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A conversation's state and the version it was read at. `flows` is the revision of what held for flows at that moment."""

    state: State
    version: int
    flows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DueClock:
    """A clock that is due, of one conversation."""

    conversation_id: str
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit wrote: the version after it, the ids of the messages it queued, in the order of `say`, and those of what is
    to be noticed, in the order of `notify`. `braked` are the flows that it paused, as their words had done too much harm."""

    version: int
    message_ids: tuple[int, ...] = ()
    notice_ids: tuple[int, ...] = ()
    braked: tuple[Braked, ...] = ()


class TalkStore(Protocol):
    """Conversations as intake, turns and clocks use them."""

    async def take_in(
        self, arrivals: Sequence[Arrival], *, now: datetime, answer_at: datetime, promise_due_at: datetime
    ) -> list[TakenIn]:
        """Store what arrived, once per (conversation, external id), all or nothing. Gives back one `TakenIn` per arrival, in
        their order.

        For each new message, in the same transaction: make prospect, identity and conversation if they are new;
        store the message unheard with the next `seq`; open the promise unless one is open, with its PROMISE clock at
        `promise_due_at`; set the TURN clock to `answer_at` (a later arrival moves it later, but never past
        `promise_due_at`); set last_inbound_at (the largest). Order within a conversation is by `sent_at`.
        """

    async def find_conversation(self, identity: Identity) -> str | None:
        """The conversation id of an identity, or None."""

    async def load(self, conversation_id: str) -> Loaded:
        """State and version. Raises `NotFound`. Unheard messages are ordered by (at, id), unsent by id, clocks by when they
        were set. Unsent are queued messages that were never handed to their channel: only those can be withdrawn."""

    async def tracker_tail(self, conversation_id: str, *, limit: int) -> list[str]:
        """The latest Rasa tracker events as JSON texts, oldest first, at most `limit`; the brain alone reads them."""

    async def commit(self, conversation_id: str, *, version: int, decision: Decision, now: datetime) -> Committed:
        """Write a decision: state, says as queued messages, withdrawals, clocks, heard marks, tracker events, journal,
        notices.

        Raises `VersionConflict` if the conversation's version moved, or a message to withdraw has left meanwhile.
        A `Say` with a client_key already known in this conversation is not queued twice (its old id is returned); raises
        `CommandRefused` `taken_back` if it was withdrawn.
        Says without `due_at` are due now. Messages are sent in the order of their ids.
        Clocks that intake set after the load (a new TURN) are kept: only clocks that the decision names change, and
        a TURN or PROMISE clock is never cancelled while an unheard message that the decision did not hear is stored. And if
        the state then carries no promise, that of the oldest unheard message is opened (since when it was written, until the
        `promise_due_at` it was taken in with).
        With a claim, the agent gets the episode only if it fits beside what they hold in other conversations at that moment,
        whoever gives them more at the same time; else raises `AgentFull`.
        An open episode that the state lets go of is closed at `now`. Raises `AlreadyExists` for a second live enrolment in
        a flow, and `TimeTaken` where another open episode has booked the same place at the same time.
        """

    async def due_clocks(self, *, now: datetime, limit: int, skip: frozenset[str] = frozenset()) -> list[DueClock]:
        """A look, whoever holds them: clocks with due_at <= now, earliest first, without conversations in `skip`. They stay
        until a commit cancels or moves them."""

    async def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """When to look for clocks again: when the earliest falls due or the earliest claim or back-off on one ends, of the
        moments later than `after`."""
