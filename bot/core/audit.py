"""What may never happen (DESIGN, section 6), judged on what is stored: the rows, the single checks, and the states that break them.

Pure. A `Finding` of a lasting kind holds until it is repaired or over; one of the past kind (something was sent that must not
have been) is told once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Clock, ClockKind, Episode, Owner, State

ROWS: dict[str, str] = {
    "I1": "Whoever writes is answered, handed to a person, or closed by a stated rule.",
    "I2": "Every promised answer has a clock running, and nobody who waits is closed.",
    "I3": "Bot and flows are silent while an agent talks.",
    "I4": "Nothing is sent twice or out of order.",
    "I5": "After somebody says stop, they get one confirmation and no more.",
    "I6": "Nothing is sent when the channel forbids it, and the human tag is for people's words alone.",
    "I7": "Flows keep quiet hours and limits, and say each thing once.",
    "I8": "No clock is lost, late or early, and a late answer counts as late.",
    "I9": "Each handoff has one owner or a running clock, and no agent has too many.",
    "I10": "Personal data stays with its own conversation and out of the logs.",
}
"""Each row of the table, as a sentence that holds while all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing the audit looks for: the row it belongs to, whether it lasts until mended, and what to tell a person."""

    row: str
    sentence: str
    lasting: bool = False


CHECKS: dict[str, Check] = {
    "unheard_no_turn": Check(row="I1", lasting=True, sentence="A message was stored and nothing was going to answer it."),
    "unheard_no_promise": Check(row="I1", lasting=True, sentence="A message was stored without a promise to answer it."),
    "turn_overdue": Check(row="I1", lasting=True, sentence="A message has waited longer than every back-off and retry."),
    "promise_no_clock": Check(row="I2", lasting=True, sentence="An answer was promised and no clock watched over it."),
    "promise_overdue": Check(row="I2", lasting=True, sentence="A promise ran out and its clock has not been acted on."),
    "closed_waiting": Check(row="I2", lasting=True, sentence="The conversation was closed while somebody waited."),
    "bot_over_agent": Check(row="I3", sentence="The bot or a flow spoke while an agent was talking."),
    "sent_twice": Check(row="I4", sentence="One message reached the channel twice."),
    "out_of_order": Check(row="I4", sentence="A message was sent after one that was written later."),
    "sent_after_stop": Check(row="I5", sentence="Something was sent after the person said stop."),
    "flow_after_stop": Check(row="I5", lasting=True, sentence="A flow was still planned after the person said stop."),
    "outside_window": Check(row="I6", sentence="A message was sent when the channel's window was closed."),
    "human_tag": Check(row="I6", sentence="The human tag was put on words that no person wrote."),
    "quiet_hours": Check(row="I7", sentence="A flow wrote in quiet hours."),
    "over_cap": Check(row="I7", sentence="A flow wrote more often than its limit allows."),
    "step_twice": Check(row="I7", sentence="A flow said the same thing twice."),
    "step_no_clock": Check(row="I8", lasting=True, sentence="A flow was under way and no clock was going to move it."),
    "step_held_alone": Check(row="I8", lasting=True, sentence="A flow waited for a person although nobody was called."),
    "clock_overdue": Check(row="I8", lasting=True, sentence="A clock ran out and nothing has acted on it."),
    "words_no_clock": Check(row="I8", lasting=True, sentence="A person's answer was due and no clock watched over it."),
    "breach_hidden": Check(row="I8", lasting=True, sentence="A late answer was not counted as late."),
    "sent_early": Check(row="I8", sentence="A message left before its time."),
    "episode_no_clock": Check(row="I9", lasting=True, sentence="Somebody waited for a person and the ladder stood still."),
    "owner_alone": Check(row="I9", lasting=True, sentence="A person was promised and no handoff was open."),
    "owner_differs": Check(row="I9", lasting=True, sentence="A handoff was open and the conversation belonged to somebody else."),
    "two_episodes": Check(row="I9", lasting=True, sentence="Two handoffs were open in one conversation."),
    "over_capacity": Check(row="I9", lasting=True, sentence="An agent holds more conversations than they can."),
    "stray_row": Check(row="I10", sentence="A record belongs to no conversation."),
    "identity_mixed": Check(row="I10", sentence="A conversation and its address belong to different people."),
    "log_field": Check(row="I10", sentence="A log line tried to carry what people say or who they are; the field was left out."),
}
"""Every check by its code. Codes are stable: they are stored, exported and alerted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that may never happen, found. `key` tells findings of one code and conversation apart (an enrolment, a message);
    `at` is when it happened, as far as that is known."""

    code: str
    at: datetime
    conversation_id: str = ""
    key: str = ""

    @property
    def row(self) -> str:
        """The row of the table it breaks."""
        return CHECKS[self.code].row

    @property
    def lasting(self) -> bool:
        """Whether it holds until it is mended."""
        return CHECKS[self.code].lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What a state lacks or has too much of: a check's code and what it is about."""

    code: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A conversation to judge: its state, and how many episodes the table of episodes holds open for it."""

    state: State
    open_episodes: int = 0


def findings_of(suspect: Suspect, *, now: datetime, overdue_before: datetime) -> list[Finding]:
    """Everything that is wrong with a conversation as it stands. A clock that was due before `overdue_before` should have fired."""
    state, of = suspect.state, suspect.state.conversation_id
    found = [Finding(code=one.code, key=one.key, at=now, conversation_id=of) for one in lacks(state)]
    if suspect.open_episodes > 1:
        found.append(Finding(code="two_episodes", at=now, conversation_id=of))
    found += [
        Finding(code=_overdue(clock), key=f"{clock.kind} {clock.key}".strip(), at=clock.due_at, conversation_id=of)
        for clock in state.clocks
        if clock.due_at < overdue_before
    ]
    return found


def _overdue(clock: Clock) -> str:
    return {ClockKind.TURN: "turn_overdue", ClockKind.PROMISE: "promise_overdue"}.get(clock.kind, "clock_overdue")


def lacks(state: State) -> tuple[Lack, ...]:
    """What is wrong with this state, whatever the time. Empty for every state that `decide` and a store can bring about."""
    return (*_message_lacks(state), *_handoff_lacks(state), *_flow_lacks(state))


def _message_lacks(state: State) -> Iterator[Lack]:
    if state.unheard and state.clock(ClockKind.TURN) is None:
        yield Lack(code="unheard_no_turn")
    if state.unheard and state.promise is None:
        yield Lack(code="unheard_no_promise")
    if state.promise is not None and state.clock(ClockKind.PROMISE) is None:
        yield Lack(code="promise_no_clock")
    # What was just stored reopens a closed conversation when its turn comes.
    if state.owner is Owner.CLOSED and state.promise is not None and not state.unheard:
        yield Lack(code="closed_waiting")


def _handoff_lacks(state: State) -> Iterator[Lack]:
    episode = state.episode
    if episode is not None and breach_hidden(episode):
        yield Lack(code="breach_hidden", key=episode.episode_id)
    if episode is None or episode.status == "closed":
        if state.owner in (Owner.WAITING, Owner.AGENT):
            yield Lack(code="owner_alone")
        return
    if state.owner is not owner_of(episode):
        yield Lack(code="closed_waiting" if state.owner is Owner.CLOSED else "owner_differs", key=episode.episode_id)
    running = {clock.kind for clock in state.clocks if clock.key == episode.episode_id}
    yield from (Lack(code=code, key=episode.episode_id) for code in episode_lacks(episode, running))


def owner_of(episode: Episode) -> Owner:
    """To whom a conversation with this open episode belongs."""
    return Owner.WAITING if episode.status == "waiting" else Owner.AGENT


def breach_hidden(episode: Episode) -> bool:
    """Whether the first words came late and the episode does not say so."""
    spoke = episode.first_words_at
    return spoke is not None and spoke >= episode.first_words_due_at and "first_words" not in episode.breached


def episode_lacks(episode: Episode, running: Collection[ClockKind]) -> Iterator[str]:
    """Codes of the clocks that an open episode must have and that are not `running`.

    A waiting one always has its next rung; it has the offer's and the first words' clocks until they are met or missed. An
    accepted one has the first words' clock until a person has spoken.
    """
    waiting = episode.status == "waiting"
    if waiting and ClockKind.RUNG not in running:
        yield "episode_no_clock"
    offer_due = waiting and episode.offered_at is None and "offer" not in episode.breached
    words_due = episode.first_words_at is None and (not waiting or "first_words" not in episode.breached)
    if (offer_due and ClockKind.OFFER not in running) or (words_due and ClockKind.FIRST_WORDS not in running):
        yield "words_no_clock"


def _flow_lacks(state: State) -> Iterator[Lack]:
    called = state.episode is not None and state.episode.status != "closed"
    for enrolment in state.live_enrolments:
        if state.opted_out_at is not None:
            yield Lack(code="flow_after_stop", key=enrolment.enrolment_id)
        elif enrolment.waiting_for == "person":
            if not called:
                yield Lack(code="step_held_alone", key=enrolment.enrolment_id)
        elif state.clock(ClockKind.STEP, enrolment.enrolment_id) is None:
            yield Lack(code="step_no_clock", key=enrolment.enrolment_id)
