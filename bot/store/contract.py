"""The store's contract: what any store must do, whatever lies beneath.

One transaction a method; a method that raises has changed nothing. All datetimes are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.events import Claim, Decision, JournalEntry
from bot.core.model import (
    AgentRef,
    Arrival,
    Attachment,
    Clock,
    Delivery,
    Episode,
    Identity,
    Json,
    Owner,
    Profile,
    QuickReply,
    Say,
    Speaker,
    Standing,
    State,
    WarmlineError,
)
from bot.store.answering import AnswerStore
from bot.store.auditing import AuditStore
from bot.store.braked import Braked
from bot.store.flowbook import FlowStore
from bot.store.hooking import HookStore
from bot.store.importing import ImportStore
from bot.store.marketing import MarketStore
from bot.store.noticing import NoticeStore
from handoff.forecast import Sample

LONGEST_CLAIM = timedelta(minutes=2)
"""No claim and no back-off lasts longer. One that seems to was made by a clock that has been set back since; it holds nobody up."""


class StoreError(WarmlineError):
    """Root of the store's errors."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or written now (away, locked, disk full, read only). Nothing was changed, or, if it went
    away while a transaction ended, all of it was: intake knows a repeat, a commit's version has moved.

    `reason` is away (also: locked, shut down), full (no room on the disk) or read_only."""

    def __init__(self, message: str, *, reason: str = "away") -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(StoreError):
    """No such record. `what` is the kind, `key` the id asked for."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"no {what} {key!r}")
        self.what = what
        self.key = key


class VersionConflict(StoreError):
    """The conversation changed since it was loaded; load again and decide again."""


class AgentFull(StoreError):
    """An agent would hold more than they have room for; nothing was changed. `held` is the weight of what they hold."""

    def __init__(self, claim: Claim, held: float) -> None:
        super().__init__(f"agent {claim.agent_id!r} holds {held:g} of {claim.capacity:g}, and {claim.weight:g} more was asked for")
        self.claim = claim
        self.held = held


class AlreadyExists(StoreError):
    """A unique value is taken, such as an agent's e-mail address."""


class TimeTaken(VersionConflict):
    """The time that was to be booked was booked by somebody else meanwhile; look what is free and decide again."""


class SchemaTooNew(StoreError):
    """A newer version migrated the database to what this one can no longer work with; the message names both."""


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
class Outgoing:
    """A message to hand to its channel. `owner_version` is the one it was decided under, `key` goes out as metadata
    and comes back in the echo. `stale` is True when the owner has changed since and the words are not a person's. `error` says
    how the last try ended, `unknown` if nobody can know whether it arrived; None before the first."""

    message_id: int
    conversation_id: str
    identity: Identity
    say: Say
    key: str
    delivery: Delivery
    attempts: int
    error: str | None
    stale: bool
    window_closes_at: datetime | None
    opted_out_at: datetime | None
    last_inbound_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of a conversation as it is shown. `seq` counts what was shown, per conversation, without gaps:
    a prospect's message gets it when stored, an outgoing one when sent (None until then). `client_key` is the id that
    the writer's side gave: a prospect's message has its channel's external id there. `sent_as` tells as what an outgoing one was
    handed to its channel last: a value of `SendAs`."""

    message_id: int
    conversation_id: str
    seq: int | None
    speaker: Speaker
    at: datetime
    text: str
    quick_replies: tuple[QuickReply, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    image_url: str | None = None
    agent: AgentRef | None = None
    delivery: Delivery | None = None
    error: str | None = None
    payload: str | None = None
    client_key: str | None = None
    read_at: datetime | None = None
    sent_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A message that failed for a reason that a person can mend. `message.error` is the class, `detail` what the channel
    said; profile and slots are the prospect's."""

    message: Message
    identity: Identity
    profile: Profile
    slots: Json
    parked_at: datetime
    attempts: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An agent's internal note on a conversation."""

    note_id: int
    conversation_id: str
    agent: AgentRef
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A conversation as a list shows it. `waiting_since` is when the open promise was opened, else when the waiting
    episode was requested; `last_at` the time of the latest message in either direction; `promise_due_at` until when words are
    owed."""

    conversation_id: str
    identity: Identity
    profile: Profile
    owner: Owner
    slots: Json
    tags: tuple[str, ...]
    episode: Episode | None
    clocks: tuple[Clock, ...]
    last_message: Message | None
    last_at: datetime
    waiting_since: datetime | None
    promise_due_at: datetime | None = None


NOBODY = ""
"""The holder of conversations that wait for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is to show; None where it does not matter. With `risk` the open handoffs, whose promise breaks next first; else
    every conversation, latest words first. `holder` is an agent's id, or `NOBODY` for those that wait for one."""

    risk: bool = False
    channel: str | None = None
    reason: str | None = None
    team: str | None = None
    holder: str | None = None
    snoozed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An episode that waits for somebody to accept it, and who is being asked, if anybody is."""

    conversation_id: str
    episode: Episode
    asked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Where words were found. `kind` is name, message or note; `text` the whole text; `by` who wrote it, for a note the agent's
    name, for a message its speaker. `seq` and `at` place it in the conversation; a name has neither."""

    kind: str
    text: str
    by: str | None = None
    at: datetime | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """What was asked before, and what an agent (`by`) then answered, at `at`."""

    asked: str
    text: str
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A conversation in which words were found: the name first, then the newest."""

    overview: Overview
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Someone who answers prospects. `role` is agent, supervisor, marketer or admin; `password_hash` is Argon2's encoded form.
    Without languages they are asked whatever the prospect speaks, without teams for every team. `capacity` is the weight of
    episodes they may hold; None for what the settings say."""

    agent_id: str
    email: str
    name: str
    role: str
    password_hash: str
    picture_url: str | None = None
    created_at: datetime | None = None
    disabled_at: datetime | None = None
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    capacity: float | None = None

    def may_hold(self, usual: float) -> float:
        """The weight of episodes they may hold; `usual` is what the settings say."""
        return usual if self.capacity is None else self.capacity

    @property
    def ref(self) -> AgentRef:
        """The agent as prospects see them."""
        return AgentRef(agent_id=self.agent_id, name=self.name, picture_url=self.picture_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consoles:
    """An agent's open consoles at one service. `seen_at` is when that service last said so; `lost_at` when the last of
    them closed, None while one is open."""

    agent_id: str
    service: str
    sockets: int
    seen_at: datetime
    lost_at: datetime | None = None

    @property
    def last_open_at(self) -> datetime:
        """When a console is known to have been open: a service that died says nothing more."""
        return self.seen_at if self.sockets or self.lost_at is None else self.lost_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit wrote: the version after it, the ids of the messages it queued, in the order of `say`, and those of what is
    to be noticed, in the order of `notify`. `braked` are the flows that it paused, as their words had done too much harm."""

    version: int
    message_ids: tuple[int, ...] = ()
    notice_ids: tuple[int, ...] = ()
    braked: tuple[Braked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """A journal entry as stored."""

    journal_id: int
    conversation_id: str
    entry: JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """An episode as reports see it: where it happened, its lines of the journal, and since when the prospect waits for words.

    `promise_opened_at` and `promise_due_at` are those of the conversation now, whichever episode that belongs to.
    """

    conversation_id: str
    channel: str
    episode: Episode
    lines: tuple[JournalLine, ...] = ()
    promise_opened_at: datetime | None = None
    promise_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the metrics page shows."""

    conversations_by_owner: dict[str, int] = field(default_factory=dict)
    open_promises: int = 0
    overdue_promises: int = 0
    waiting_episodes: int = 0
    queued_messages: int = 0
    parked_messages: int = 0
    due_clocks: int = 0


class Store(AnswerStore, AuditStore, FlowStore, MarketStore, NoticeStore, HookStore, ImportStore, Protocol):
    """Durable state, shared by several services or belonging to one process. Every method may raise `StoreUnavailable`."""

    # ---- life
    async def migrate(self) -> None:
        """Bring the schema up to date; safe to call by several processes at once and again and again. A database that a newer
        version has migrated is used as it is if that version says so; else raises `SchemaTooNew`."""

    async def ping(self) -> None:
        """Prove that the database can be read and written."""

    async def close(self) -> None:
        """Let go of every connection."""

    # ---- intake
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

    # ---- one conversation
    async def load(self, conversation_id: str) -> Loaded:
        """State and version. Raises `NotFound`. Unheard messages are ordered by (at, id), unsent by id, clocks by when they
        were set. Unsent are queued messages that were never handed to their channel: only those can be withdrawn."""

    async def tracker_tail(self, conversation_id: str, *, limit: int) -> list[str]:
        """The latest Rasa tracker events as JSON texts, oldest first, at most `limit`; the brain alone reads them."""

    async def commit(self, conversation_id: str, *, version: int, decision: Decision, now: datetime) -> Committed:
        """Write a decision: state, says as queued messages, withdrawals, clocks, heard marks, tracker events, journal,
        notices.

        Raises `VersionConflict` if the conversation's version moved, or a message to withdraw has left meanwhile.
        A `Say` with a client_key already known in this conversation is not queued twice (its old id is returned).
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

    # ---- clocks
    async def due_clocks(self, *, now: datetime, limit: int, skip: frozenset[str] = frozenset()) -> list[DueClock]:
        """A look, whoever holds them: clocks with due_at <= now, earliest first, without conversations in `skip`. They stay
        until a commit cancels or moves them."""

    async def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """When to look for clocks again: when the earliest falls due or the earliest claim or back-off on one ends, of the
        moments later than `after`."""

    # ---- outbox
    async def outbox_due(
        self, *, now: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str] = frozenset()
    ) -> list[Outgoing]:
        """A look, whoever holds them: for each conversation with unsent messages on these channels, its FIRST unsent message
        (QUEUED or SENDING), if due: nothing overtakes. Without conversations in `skip`."""

    async def outbox_next_at(self, *, channels: tuple[str, ...], after: datetime | None = None) -> datetime | None:
        """When the earliest first-unsent message is due, of those due later than `after`."""

    # ---- claims
    # `worker` names a pair of hands and stays the same after a restart. A claim holds until `until`, at most LONGEST_CLAIM
    # after `now`, and no longer than the process where the store belongs to one. It only spares work: what may happen once
    # is guarded by the conversation's version and by `mark_sending`.
    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str] = frozenset()
    ) -> list[DueClock]:
        """Hold due clocks of at most `limit` conversations for `worker`, those with the earliest first, and give them back,
        earliest first: all due clocks of a conversation together.

        Left out are conversations in `skip` and those with a clock that another worker's living claim holds, and clocks in
        back-off. What `worker` holds itself it is given again: who has it in hand says so with `skip`. A clock that intake
        sets or that a commit names (sets or cancels) is held by nobody after it, and its back-off is over.
        Raises `ValueError` for a claim longer than LONGEST_CLAIM.
        """

    async def claim_outbox(
        self,
        *,
        worker: str,
        now: datetime,
        until: datetime,
        limit: int,
        channels: tuple[str, ...],
        skip: frozenset[str] = frozenset(),
    ) -> list[Outgoing]:
        """Hold for `worker` what `outbox_due` would give, at most `limit` messages: each the first unsent one of its
        conversation, due, and neither in back-off nor held by another worker's living claim. `skip`, own claims and
        `ValueError` as in `claim_clocks`."""

    async def renew_claims(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """Hold what `worker` still holds of these conversations until `until`. Gives the conversations of which it holds
        something; a claim that has lapsed is renewed if nobody took it over. Raises `ValueError` as `claim_clocks` does."""

    async def release_claims(
        self, *, worker: str, conversations: Collection[str] | None = None, not_before: datetime | None = None
    ) -> None:
        """Let go of what `worker` holds, or of what it holds of these conversations. With `not_before` nobody can claim it
        earlier: a back-off, which outlives the worker (but not the process where the store belongs to one)."""

    async def mark_sending(
        self,
        message_id: int,
        *,
        worker: str,
        now: datetime,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> bool:
        """QUEUED -> SENDING, attempts + 1; also again from SENDING for a settled retry. False, and nothing changed, if it is
        neither, if no claim of `worker`'s on it lives at `now`, if it is stale, if the conversation's opt-out is no longer
        `opted_out_at`, or if it is a flow's and something the prospect said is unheard. `sent_as` is kept with the message."""

    async def mark_sent(
        self,
        message_id: int,
        *,
        now: datetime,
        external_id: str | None,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> Message:
        """-> SENT with the next `seq`, held by nobody; idempotent. Sets the conversation's last_outbound_at; a parked message is
        parked no longer. Raises `NotFound`, and `VersionConflict` for a message that was never marked as sending and was
        withdrawn or given up, or may not be marked so now (see `mark_sending`)."""

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool = True) -> None:
        """SENDING -> QUEUED, due later, held by nobody. Nothing happens in another state, or if another worker took it over.
        With `attempted` False the channel surely did not take it, and the attempt is not counted. Raises `NotFound`."""

    async def postpone(self, message_id: int, *, due_at: datetime) -> None:
        """A QUEUED message is due at another time, held by nobody, without an attempt. Nothing happens in another state. Raises
        `NotFound`."""

    async def mark_unsendable(
        self, message_id: int, *, delivery: Delivery, error: str, now: datetime, detail: str = "", park: bool = False
    ) -> None:
        """-> FAILED or REFUSED, with the reason; journalled as `message.failed` or `message.refused`. With `park` a failed one
        is parked as well, and journalled as `message.parked`. Nothing happens to a message that is sent or settled. Raises
        `NotFound`, and `ValueError` for another delivery, or to park a refused one."""

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """An echo with our key: that message was sent, even if it was given up. None if no message has the key. One that is
        sent already under another id was sent twice: that is kept as a finding. Raises `VersionConflict` as `mark_sent` does."""

    async def unsent_count(self, conversation_id: str) -> int:
        """How many messages of the conversation wait to be sent."""

    # ---- parked messages
    async def parked(self, *, limit: int = 200) -> list[Parked]:
        """Messages that wait for an admin, the longest parked first."""

    async def redrive(self, message_id: int, *, by: str, now: datetime) -> int | None:
        """Queue the words of a parked message anew, at the end of its conversation and due now, under the owner_version they
        were decided under; gives back the new message's id. The new one takes over key and client_key, so an echo of the old
        one settles it; the old one becomes WITHDRAWN. Journalled as `message.redriven` with `by`, an agent's id.

        Again gives the same id. None if it is not parked: let go, sent after all, or never parked. Raises `NotFound`."""

    async def let_go(self, message_id: int, *, by: str, now: datetime) -> bool:
        """A parked message stays failed, and nobody is asked about it any more; journalled as `message.let_go` with `by`.
        False if it was queued anew before; nothing happens if it is not parked. Raises `NotFound`."""

    # ---- reading
    async def messages(
        self, conversation_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 200
    ) -> list[Message]:
        """Shown messages (those with a seq), oldest first; with `before_seq` the last `limit` before it."""

    async def pending_messages(self, conversation_id: str) -> list[Message]:
        """Outgoing messages not shown yet (queued, sending, failed, refused), oldest first, for the agent's view."""

    async def mark_read(self, conversation_id: str, *, up_to_seq: int, now: datetime) -> None:
        """The prospect has seen outgoing messages up to this seq."""

    async def overview(self, conversation_id: str) -> Overview:
        """One conversation as a list shows it. Raises `NotFound`."""

    async def overviews(
        self, *, view: str, agent_id: str | None = None, limit: int = 50, before: tuple[datetime, str] | None = None
    ) -> list[Overview]:
        """Lists: `queue` (waiting episodes, nearest deadline first), `mine` (owner agent = agent_id), `all` (latest
        first, paged by `before` = last_at and id of the last one shown, so that equal times lose nobody). Raises
        `ValueError` for another view, or `mine` without an agent."""

    async def waiting(self) -> list[Waiting]:
        """Every waiting episode, nearest deadline first."""

    async def booked(self) -> frozenset[tuple[datetime, int]]:
        """The times that open episodes have booked, each with which of the agents' places at it."""

    async def first_waits(self, *, since: datetime, now: datetime, limit: int) -> list[Sample]:
        """Waits for first words of requests made from `since` on and before `now`, latest first, at most `limit`; one that
        still runs lasts until `now`. Without those where nobody sat and waited: called back, or helped unasked."""

    async def filtered(self, wanted: Filter, *, limit: int = 50, before: tuple[datetime, str] | None = None) -> list[Overview]:
        """The conversations that fit, in the filter's order. Paged by `before`, the place of the last one shown: its id, and its
        `last_at`, or what `bot.store.rules.risk_at` says of it."""

    async def similar_answers(self, text: str, *, besides: str, limit: int) -> list[Similar]:
        """What agents answered in other conversations than `besides` to messages like this one (see `bot.store.similar`), the most
        alike first, each answer once."""

    async def search(self, query: str, *, limit: int = 20) -> list[Found]:
        """Conversations with a shown message, a note or a name in which all words of the query begin a word (see
        `bot.store.words`), whatever their case and accents. First those whose name holds them, then by the newest text that
        does. Nothing for a query without a word."""

    async def agent_load(self) -> dict[str, float]:
        """What each agent holds: the weight of their accepted episodes."""

    async def last_served(self) -> dict[str, datetime]:
        """When each agent last took an episode or ended one, of those that are theirs still; without agents who have none."""

    async def journal(self, conversation_id: str, *, limit: int = 200) -> list[JournalLine]:
        """The journal's latest lines, oldest first."""

    async def standings(
        self, *, flow_id: str | None = None, after: str = "", limit: int = 200, notes: bool = True
    ) -> list[Standing]:
        """Live enrolments with their clock and what holds them back, by enrolment id, those later than `after`; of one flow, or of
        all. Without `notes` what holds them back is left out, which is much less to read."""

    async def journal_of(self, kinds: Sequence[str], *, after: int, limit: int) -> list[JournalLine]:
        """Lines of these kinds in all conversations with a `journal_id` above `after`, oldest first: for reports, page by page."""

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """Every episode of a conversation, oldest first."""

    async def handed(self, *, since: datetime, until: datetime, kinds: Sequence[str]) -> list[Handed]:
        """Episodes requested from `since` on and before `until`, oldest first, each with its journal lines of these kinds (those
        whose data name it as `episode_id`), in the journal's order, however much later they were written."""

    async def add_note(
        self, conversation_id: str, *, agent: AgentRef, text: str, now: datetime, mentions: Sequence[str] = ()
    ) -> Note:
        """Keep an internal note. The agents it mentions get a `mention` notice, in the same transaction."""

    async def notes(self, conversation_id: str) -> list[Note]:
        """Notes of a conversation, oldest first."""

    async def counts(self, *, now: datetime) -> Counts:
        """Numbers for /metrics."""

    # ---- agents
    async def add_agent(self, agent: Agent) -> None:
        """Raises `AlreadyExists` for a known e-mail address (compared without case)."""

    async def agents(self) -> list[Agent]:
        """Everybody, by name."""

    async def agent(self, agent_id: str) -> Agent:
        """Raises `NotFound`."""

    async def agent_by_email(self, email: str) -> Agent | None:
        """Compared without case."""

    async def update_agent(self, agent: Agent) -> None:
        """Replace an agent's fields. Raises `NotFound`."""

    async def open_session(self, *, token_sha256: str, agent_id: str, expires_at: datetime) -> None:
        """Remember a signed-in browser by the hash of its token."""

    async def session_agent(self, *, token_sha256: str, now: datetime) -> Agent | None:
        """Who is signed in, unless expired or disabled."""

    async def close_session(self, *, token_sha256: str) -> None:
        """Sign out."""

    async def add_tries(self, keys: Sequence[str], *, at: datetime) -> None:
        """Remember a failed sign-in under each of these keys."""

    async def tries(self, key: str, *, since: datetime, limit: int) -> list[datetime]:
        """The latest failed sign-ins under this key that are later than `since`, latest first."""

    async def forgive_tries(self, key: str) -> None:
        """Forget failed sign-ins under this key."""

    async def forget_expired(self, *, now: datetime, tries_before: datetime) -> int:
        """Delete sessions and answers that have expired and tries before a moment; gives how many rows."""

    # ---- who is at the desk
    async def put_consoles(self, consoles: Sequence[Consoles]) -> None:
        """What a service says of its consoles replaces what it said of the same agents before."""

    async def consoles(self) -> list[Consoles]:
        """What every service said, by agent and service."""

    async def drop_consoles(self, agent_id: str, *, open_until: datetime) -> None:
        """Delete what is said of an agent's consoles that were open until then at the latest."""

    async def switch_away(self, agent_id: str, *, away: bool) -> None:
        """Keep where the agent's online/away switch stands."""

    async def away(self) -> frozenset[str]:
        """Agents whose switch stands at away."""

    # ---- small values
    async def setting(self, name: str) -> str | None:
        """A small stored value, such as a generated secret."""

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """Store it; with `if_absent` an existing value stays and is returned."""
