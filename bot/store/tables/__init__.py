"""The tables. What they mean is said in `bot.store.contract`; how they came about, in `migrations/versions`."""

from bot.store.tables.auditing import LASTS, audits, findings
from bot.store.tables.base import metadata
from bot.store.tables.due import BOOKED, HELD_STATUS, clocks, episodes
from bot.store.tables.flows import enrolments, flow_arms, flow_book, flow_counts, flow_heads, flow_log, flow_versions
from bot.store.tables.noticing import NOTICE_QUEUED, devices, notices, notifications
from bot.store.tables.people import agents, answers, consoles, sessions, settings, tries
from bot.store.tables.programs import WAITING_TO_BE_TOLD, api_keys, conversions, hook_kinds, hooks, imports, promises, tellings
from bot.store.tables.talks import TURN_KINDS, conversations, identities, journal, notes, prospects, tracker_events
from bot.store.tables.written import BY_FLOWS, OPEN_STATUS, SENT_STATUS, UNSENT_STATUS, messages

__all__ = [
    "BOOKED",
    "BY_FLOWS",
    "HELD_STATUS",
    "LASTS",
    "NOTICE_QUEUED",
    "OPEN_STATUS",
    "SENT_STATUS",
    "TURN_KINDS",
    "UNSENT_STATUS",
    "WAITING_TO_BE_TOLD",
    "agents",
    "answers",
    "api_keys",
    "audits",
    "clocks",
    "consoles",
    "conversations",
    "conversions",
    "devices",
    "enrolments",
    "episodes",
    "findings",
    "flow_arms",
    "flow_book",
    "flow_counts",
    "flow_heads",
    "flow_log",
    "flow_versions",
    "hook_kinds",
    "hooks",
    "identities",
    "imports",
    "journal",
    "messages",
    "metadata",
    "notes",
    "notices",
    "notifications",
    "promises",
    "prospects",
    "sessions",
    "settings",
    "tellings",
    "tracker_events",
    "tries",
]
