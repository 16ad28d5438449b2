"""Numbers for /metrics, in Prometheus' form."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_LATENESS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)

CLOCK_LATENESS = Histogram("warmline_clock_lateness_seconds", "How late clocks fire", ["kind"], buckets=_LATENESS_S)
SEND_LATENESS = Histogram(
    "warmline_send_lateness_seconds", "How late messages are handed to their channel", ["channel"], buckets=_LATENESS_S
)
DELIVERED = Counter("warmline_messages_delivered_total", "Messages handed to a channel", ["channel"])
UNDELIVERED = Counter("warmline_messages_undelivered_total", "Messages that will not be sent", ["channel", "error"])
UNSERVED = Counter("warmline_requests_unserved_total", "Requests refused with 503, to be sent again", ["why"])
RETRIED = Counter("warmline_sends_retried_total", "Sends to be tried again", ["channel", "error"])
CIRCUIT = Gauge(
    "warmline_channel_circuit", "0 while the channel is sent to, 1 while one message tries, 2 while it waits", ["channel"]
)
NOTIFICATIONS = Counter("warmline_notifications_total", "What became of notifications", ["carrier", "state"])
HOOKS_TOLD = Counter("warmline_hook_tries_total", "Tries to tell a subscriber of an event", ["outcome"])
PARKED_MESSAGES = Gauge("warmline_messages_parked", "Messages that wait for an admin")
CONVERSATIONS = Gauge("warmline_conversations", "Conversations by owner", ["owner"])
OPEN_PROMISES = Gauge("warmline_promises_open", "Prospects who wait for an answer")
OVERDUE_PROMISES = Gauge("warmline_promises_overdue", "Prospects who wait longer than promised")
WAITING_EPISODES = Gauge("warmline_episodes_waiting", "Handoffs that nobody has accepted yet")
QUEUED_MESSAGES = Gauge("warmline_messages_queued", "Messages still to be sent")
VIOLATIONS = Counter("warmline_violations_total", "Findings of the audit, by row of what may never happen", ["row"])
VIOLATIONS_OPEN = Gauge("warmline_violations_open", "Findings of the audit that still hold", ["row"])
AUDIT_SECONDS = Histogram("warmline_audit_seconds", "How long the audit looks", buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15))
AUDIT_AGE = Gauge("warmline_audit_age_seconds", "Time since the audit last looked; infinite if it never has")
AUDIT_BEHIND = Gauge("warmline_audit_behind", "1 while there is more to look at than one look may")
LOG_FIELDS = Counter("warmline_log_fields_refused_total", "Fields left out of log lines because they may carry personal data")
BRAIN_UP = Gauge("warmline_brain_up", "1 while the brain answers")
