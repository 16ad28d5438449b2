"""Conversations to look at in the fake service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.web.fake.talks import Json, Talk, now, stamp
from tests.web.fake.world import World


def furnish(fake: World) -> None:
    """Conversations to look at: late, urgent, calm, taken, long ago."""
    t = now()
    card = {
        "headline": "Runs a flower shop in Leeds and wants more orders from Instagram before Mother's Day.",
        "facts": [
            {"label": "Shop", "value": "Petal & Stem"},
            {"label": "Team", "value": "2 people"},
            {"label": "From", "value": "Instagram ad (spring)"},
            {"label": "Local time", "value": "14:05"},
        ],
        "wants": ["More orders from chat", "Someone to set it up"],
        "objections": ["The monthly price"],
        "promised": ["A call before Friday"],
        "before": [],
        "flow": {"name": "Welcome", "step": "Offer a call", "purpose": "Find out whether a call helps"},
        "next_question": "When do most of your orders come in?",
        "history": [
            {"at": stamp(t - timedelta(days=3)), "text": "First visit, asked about price"},
            {"at": stamp(t - timedelta(minutes=9)), "text": "Came back from the follow-up"},
        ],
        "reading": {"intent": "ask_human", "confidence": 0.94},
        "asked": {"agent_id": fake.person("Ana").id, "why": ["talked with them before", "speaks en"]},
        "promises": {
            "policy": "big leads",
            "because": ["the channel is Messenger", "the value is 5000 (from 1000 on)"],
            "calendar": "office",
            "targets": [{"clock": "first_words", "seconds": 60}, {"clock": "next_words", "seconds": 300}],
            "next_rung": {"at": stamp(t + timedelta(seconds=34)), "place": "75 %", "does": ["ask the whole team, with a sound"]},
        },
    }
    priya = fake.talk(
        "Priya Shah", tags=["returning"], card=card, window_closes_at=stamp(t + timedelta(hours=22)), channel="facebook"
    )
    for minutes, speaker, text in [
        (1450, "flow", "Hi, I'm Mia, the bot at Sundial. What are you working on at the moment?"),
        (1449, "prospect", "I run a flower shop, we sell mostly on Instagram"),
        (
            1448,
            "bot",
            "Lovely. Flowers sell best when somebody can ask before they buy. Want three openers that work for flower shops?",
        ),
        (9, "prospect", "yes please. also how much is it"),
        (8, "bot", "It's $89 a month, and you can stop any time. Here's a short guide: https://sundial.example/openers"),
        (3, "prospect", "hm ok. can I talk to a real person about this?"),
        (3, "ladder", "Of course. I'm getting somebody from the team, usually that takes less than two minutes."),
    ]:
        fake.add(priya, speaker, text, at=t - timedelta(minutes=minutes))

    def told(sort: str, text: str, ago: timedelta, **more: Any) -> Json:
        line = {"id": f"{sort}-{ago.total_seconds():g}", "at": stamp(t - ago), "sort": sort, "text": text}
        return {**line, "until": None, "more": "", "conversation_id": None, **more}

    kind = "Spoke on the phone in May, very kind."
    priya.timeline = [
        told("person", "A person was needed: asked", timedelta(minutes=3)),
        told("visit", "Came by on Messenger: 2 messages", timedelta(minutes=9), until=stamp(t - timedelta(minutes=3))),
        told("conversion", "Conversion: guide, worth 9 EUR", timedelta(days=2)),
        told("note", "Note by Sam Reyes", timedelta(days=30), more=kind),
        told("rating", "Rated the talk 5 of 5", timedelta(days=31)),
        told("visit", "First contact on the website", timedelta(days=90), conversation_id="c-old"),
    ]
    priya.notes.append(
        {
            "id": "n1",
            "agent": {"id": "a2", "name": "Sam Reyes"},
            "text": "Spoke on the phone in May, very kind.",
            "at": stamp(t - timedelta(days=30)),
        }
    )
    tom = fake.talk("Tom Becker", card={**card, "headline": "Unhappy: his last order answer took two days.", "flow": None})
    fake.add(tom, "prospect", "I wrote on Tuesday and nobody answered. Not great.", at=t - timedelta(minutes=4))
    li = fake.talk("Li Na", card=card)
    fake.add(
        li,
        "prospect",
        "Does it work with Shopware 6? We have a rather old theme and I am not sure the plugin would load at all",
        at=t - timedelta(seconds=40),
    )
    done = fake.talk("Marco", card={**card, "headline": "Asked about set-up time and was answered."})
    fake.add(done, "bot", "Two weeks is typical. Shall I send you an example?", at=t - timedelta(hours=5))

    def episode(talk: Talk, reason: str, detail: str, due_in_s: float, target_s: float, rung: int, breached: list[str]) -> None:
        talk.owner, talk.waiting_since = "waiting", talk.messages[-1]["at"]
        talk.episode = {
            "id": f"e-{talk.id}",
            "reason": reason,
            "detail": detail,
            "status": "waiting",
            "requested_at": talk.waiting_since,
            "accepted_at": None,
            "agent": None,
            "rung": rung,
            "breached": breached,
            "offered_to_me": True,
            "clock": fake.clock("accept", due_in_s, target_s),
        }

    episode(priya, "asked", "can I talk to a real person about this?", 71, 120, 0, [])
    episode(tom, "complaint", "nobody answered", -42, 120, 3, ["accept"])
    episode(li, "not_understood", "Shopware 6", 25, 120, 2, [])


def misdeliver(fake: World) -> None:
    """Messages that wait for an admin, and a channel on hold."""
    fake.channels = [fake.channel("widget"), fake.channel("facebook", "open", "token")]
    priya, tom = (next(talk for talk in fake.talks.values() if talk.name == name) for name in ("Priya Shah", "Tom Becker"))
    fake.park(
        priya,
        "Here are three openers that work for flower shops. Which one sounds most like you?",
        "config",
        speaker="flow",
        detail="(#100) Param tag must be one of {HUMAN_AGENT}",
    )
    fake.park(tom, "I'm so sorry, Tom. Let me look into it right now.", "unknown", speaker="agent", agent="Sam Reyes", attempts=8)
    fake.park(fake.talk("", channel="facebook"), "", "broken", image_url="https://example.com/plan.png")
