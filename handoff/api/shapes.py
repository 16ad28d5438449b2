"""Records as the console sees them. docs/api.md lists every field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.circuit import Circuit
from bot.core.model import AgentRef, Clock, ClockKind, Delivery, Episode, Speaker, State
from bot.core.window import human_until
from bot.store.contract import Agent, Message, Note, Overview, Parked
from handoff.card import Card
from handoff.desk import AWAY, ONLINE
from handoff.governing import Governing

type Shape = dict[str, Any]

MAX_PREVIEW = 160


def stamp(at: datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_or_none(at: datetime | None) -> str | None:
    """The same, or None."""
    return None if at is None else stamp(at)


def prospect_name(overview: Overview | Parked) -> str | None:
    """The prospect's name as far as it is known."""
    parts = (overview.profile.first_name, overview.profile.last_name)
    return " ".join(part for part in parts if part) or overview.slots.get("first_name") or None


def item_shape(overview: Overview, state: State, me: str) -> Shape:
    """A conversation as the lists show it, to the agent `me`."""
    last = overview.last_message
    preview = {"speaker": last.speaker.value, "text": last.text[:MAX_PREVIEW], "at": stamp(last.at)} if last else None
    episode = overview.episode
    return {
        "id": overview.conversation_id,
        "name": prospect_name(overview),
        "picture_url": overview.profile.picture_url,
        "channel": overview.identity.channel,
        "owner": overview.owner.value,
        "owner_version": state.owner_version,
        "preview": preview,
        "last_at": stamp(overview.last_at),
        "waiting_since": stamp_or_none(overview.waiting_since),
        "tags": list(overview.tags),
        "episode": episode_shape(episode, overview.clocks, me) if episode and episode.status != "closed" else None,
        "window_closes_at": stamp_or_none(state.window.closes_at if state.window else None),
        "human_until": stamp_or_none(human_until(state.identity.channel, state.last_inbound_at)),
        "snoozed_until": stamp_or_none(next((c.due_at for c in overview.clocks if c.kind is ClockKind.SNOOZE), None)),
    }


def undoable_until(state: State) -> dict[str, datetime]:
    """Until when words that have not left can be taken back, by the writer's own id of them."""
    return {clock.key: clock.due_at for clock in state.clocks if clock.kind is ClockKind.UNDO}


def episode_shape(episode: Episode, clocks: tuple[Clock, ...], me: str) -> Shape:
    """An open episode, with the clock that counts for `me`."""
    running = {clock.kind: clock for clock in clocks if clock.key in ("", episode.episode_id)}
    answered = any(clock.kind is ClockKind.UNDO for clock in clocks)
    accept = running.get(ClockKind.ACCEPT)
    waiting = episode.status == "waiting"
    asked_me = accept is not None and accept.data.get("agent_id") == me
    return {
        "id": episode.episode_id,
        "reason": episode.reason.value,
        "detail": episode.detail,
        "status": episode.status,
        "requested_at": stamp(episode.requested_at),
        "accepted_at": stamp_or_none(episode.accepted_at),
        "agent": ref_shape(episode.agent) if episode.agent else None,
        "rung": episode.rung,
        "breached": list(episode.breached),
        "offered_to_me": waiting and (asked_me or episode.widened),
        # What was sent counts from then on, though it can still be taken back.
        "clock": None if answered else _clock_shape(episode, running, asked_me=asked_me),
    }


def _clock_shape(episode: Episode, running: dict[ClockKind, Clock], *, asked_me: bool) -> Shape | None:
    """Asked and not yet accepted: accept. Else the human words that are due, also when they are late already."""
    accept, words, owed = (running.get(k) for k in (ClockKind.ACCEPT, ClockKind.FIRST_WORDS, ClockKind.PROMISE))
    missed = episode.first_words_at is None and "first_words" in episode.breached
    if asked_me and accept is not None and episode.status == "waiting" and not missed:
        return {"kind": "accept", "due_at": stamp(accept.due_at), "started_at": _z(accept.data["since"])}
    if words is not None and not words.data.get("silent") and not missed:
        kind = "first_words" if episode.first_words_at is None else "next_words"
        return {"kind": kind, "due_at": stamp(words.due_at), "started_at": _z(words.data["since"])}
    if episode.first_words_at is None:
        due_at = stamp(episode.first_words_due_at)
        return {"kind": "first_words", "due_at": due_at, "started_at": stamp(episode.requested_at)}
    if owed is not None and owed.data.get("owes") == "agent":
        return {"kind": "next_words", "due_at": _z(owed.data["due_at"]), "started_at": _z(owed.data["since"])}
    return None


def _z(iso: str) -> str:
    return stamp(datetime.fromisoformat(iso))


def message_shape(message: Message, prospect: str | None, undoable: Mapping[str, datetime] | None = None) -> Shape:
    """One message; `prospect` is the prospect's name, `undoable` until when which words can be taken back."""
    until = (undoable or {}).get(message.client_key or "") if message.delivery is Delivery.QUEUED else None
    names = {Speaker.PROSPECT: prospect, Speaker.AGENT: message.agent.name if message.agent else None}
    return {
        "id": str(message.message_id),
        "seq": message.seq,
        "speaker": message.speaker.value,
        "name": names.get(message.speaker),
        "text": message.text,
        "quick_replies": [{"title": reply.title, "payload": reply.payload} for reply in message.quick_replies],
        "attachments": [{"kind": a.kind, "url": a.url, "title": a.title} for a in message.attachments],
        "image_url": message.image_url,
        "at": stamp(message.at),
        "delivery": message.delivery.value if message.delivery else None,
        "error": message.error,
        "read": message.read_at is not None,
        "key": message.client_key,
        "undo_until": stamp_or_none(until),
    }


def parked_shape(parked: Parked) -> Shape:
    """A message that waits for an admin."""
    message = parked.message
    return {
        "id": str(message.message_id),
        "conversation_id": message.conversation_id,
        "name": prospect_name(parked),
        "channel": parked.identity.channel,
        "speaker": message.speaker.value,
        "agent": message.agent.name if message.agent else None,
        "text": message.text,
        "image_url": message.image_url,
        "written_at": stamp(message.at),
        "parked_at": stamp(parked.parked_at),
        "attempts": parked.attempts,
        "reason": message.error,
        "detail": parked.detail,
    }


def circuit_shape(channel: str, circuit: Circuit) -> Shape:
    """How a channel's way out stands."""
    return {
        "channel": channel,
        "phase": circuit.phase.value,
        "reason": circuit.error or None,
        "since": stamp_or_none(circuit.opened_at),
        "retry_at": stamp_or_none(circuit.retry_at),
    }


def note_shape(note: Note) -> Shape:
    """An internal note."""
    agent = {"id": note.agent.agent_id, "name": note.agent.name}
    return {"id": str(note.note_id), "agent": agent, "text": note.text, "at": stamp(note.at)}


def card_shape(card: Card) -> Shape:
    """The card."""
    return {
        "headline": card.headline,
        "facts": [{"label": label, "value": value} for label, value in card.facts],
        "wants": list(card.wants),
        "objections": list(card.objections),
        "promised": list(card.promised),
        "before": list(card.before),
        "flow": {"name": card.flow[0], "step": card.flow[1], "purpose": ""} if card.flow else None,
        "next_question": card.next_question,
        "history": [{"at": stamp(at), "text": text} for at, text in card.history],
        "reading": {"intent": card.reading[0], "confidence": round(card.reading[1], 3)} if card.reading else None,
        "asked": {"agent_id": card.asked[0], "why": list(card.asked[1])} if card.asked else None,
    }


def governing_shape(found: Governing) -> Shape:
    """The promises that govern a handoff."""
    rung = found.next_rung
    return {
        "policy": found.policy,
        "because": list(found.because),
        "calendar": found.calendar,
        "targets": [{"clock": clock, "seconds": seconds} for clock, seconds in found.targets],
        "next_rung": {"at": stamp(rung.at), "place": rung.place, "does": list(rung.does)} if rung else None,
    }


def ref_shape(agent: AgentRef) -> Shape:
    """An agent as colleagues see them on a conversation."""
    return {"id": agent.agent_id, "name": agent.name, "picture_url": agent.picture_url}


def agent_shape(agent: Agent) -> Shape:
    """An agent as they and admins see them; never the password's hash."""
    return {
        "id": agent.agent_id,
        "name": agent.name,
        "email": agent.email,
        "role": agent.role,
        "picture_url": agent.picture_url,
        "disabled": agent.disabled_at is not None,
        "skills": list(agent.skills),
        "languages": list(agent.languages),
        "teams": list(agent.teams),
        "capacity": agent.capacity,
    }


def colleagues_shape(agents: list[Agent], presence: dict[str, str], load: dict[str, float]) -> list[Shape]:
    """Who is at the desk, by name; those without a console open are left out."""
    return [
        {"id": a.agent_id, "name": a.name, "presence": presence[a.agent_id], "load": load.get(a.agent_id, 0)}
        for a in agents
        if presence.get(a.agent_id) in (ONLINE, AWAY)
    ]
