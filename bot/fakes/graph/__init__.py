"""A faithful fake of Meta's Graph API for the Messenger Platform.

It plays the outside world for tests, the demo and benchmarks: it sends the app signed webhooks and answers its Send
API calls with the platform's own checks, errors and accidents.

    async with FakeGraph(webhook_url=url) as graph:
        anna = graph.person("psid-1", first_name="Anna")
        await anna.says("hey")
        [hello] = await anna.waits_for(1)

Not modelled: attachment upload, batch requests, marketing and utility messages, control of a thread running out.
"""

from bot.fakes.graph.fake import FakeGraph
from bot.fakes.graph.faults import Call, Fault, FaultKind, Faults
from bot.fakes.graph.person import Person
from bot.fakes.graph.records import Action, Audit, Double, Refused, Sent, Struck, audit, read_sent
from bot.fakes.graph.webhooks import Attempt, Weather
from bot.fakes.graph.world import PAGE_INBOX_APP_ID, PAGE_SENDS_PER_S, Limits

__all__ = [
    "PAGE_INBOX_APP_ID",
    "PAGE_SENDS_PER_S",
    "Action",
    "Attempt",
    "Audit",
    "Call",
    "Double",
    "FakeGraph",
    "Fault",
    "FaultKind",
    "Faults",
    "Limits",
    "Person",
    "Refused",
    "Sent",
    "Struck",
    "Weather",
    "audit",
    "read_sent",
]
