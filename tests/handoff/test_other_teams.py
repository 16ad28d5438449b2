"""An agent of another team reads nothing of a conversation, whichever way they ask; who may, does."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from bot.core.draft import Draft
from bot.core.model import Profile, Say, Speaker
from bot.store.sight import Sight, sight_of, team_of
from tests.handoff.conftest import CSRF, Console, Office, frame_of

SECRETS = ("Quendolyn", "turquoise", "zebrafish", "walnut")
"""Their name, their words, a note about them, and what an agent answered them."""


async def secret_talk(office: Office, team: str = "support") -> str:
    """A conversation of a team, with a person waiting, a note, and an answer that an agent of that team gave."""
    conversation_id = await office.prospect("how much is the turquoise table?")

    def of_team(draft: Draft) -> None:
        draft.set(slots={**draft.state.slots, "team": team}, profile=Profile(first_name="Quendolyn"))

    await office.conversations.do(conversation_id, of_team)
    await office.conversations.do(conversation_id, office.needs_a_person)
    await office.add("Mia", teams=(team,))
    mia = (await office.store.agent("mia")).ref
    await office.store.add_note(conversation_id, agent=mia, text="likes the zebrafish", now=office.time())
    return conversation_id


def holds_a_secret(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


def routes(office: Office) -> list[tuple[str, str]]:
    """Every path of the console, with its method."""
    found = {(route.method, route.resource.canonical) for route in office.server.app.router.routes() if route.resource}
    return sorted((method, path) for method, path in found if method != "HEAD" and path.startswith("/api/"))


QUERIES: dict[str, tuple[str, ...]] = {
    "/api/console/conversations": ("?view=all", "?view=queue", "?view=mine"),
    "/api/console/conversations/filtered": ("?order=risk", "?order=latest", "?order=latest&team=support", "?order=risk&holder=mia"),
    "/api/console/search": ("?q=turquoise", "?q=quendolyn", "?q=zebrafish"),
    "/api/console/conversations/{id}/messages": ("?after=0", ""),
    "/api/console/conversations/{id}/transcript": ("?format=json", "?format=text"),
    "/api/console/reports/handoff": ("?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",),
    "/api/console/reports/handoff/behind": ("?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",),
}
BODIES: dict[str, Any] = {
    "say": {"text": "hello", "key": "k1"}, "note": {"text": "hm"}, "transfer": {"team": "sales"}, "snooze": {"until": None},
    "give-back": {"summary": "", "outcome": "returned"},
}  # fmt: skip


async def asked(console: Console, method: str, path: str, conversation_id: str) -> list[tuple[str, int, str]]:
    """What a path answers, for each of its queries."""
    answers = []
    for query in QUERIES.get(path, ("",)):
        url = path.replace("{id}", conversation_id) + query
        body = BODIES.get(path.rpartition("/")[2], {}) if method != "GET" else None
        async with console.client.request(method, url, json=body, headers=CSRF) as response:
            answers.append((f"{method} {path}{query}", response.status, await response.text()))
    return answers


OTHERS = frozenset({"/api/console/socket", "/api/console/login", "/api/console/logout"})


async def test_no_path_tells_an_agent_of_another_team_anything(office: Office) -> None:
    conversation_id = await secret_talk(office)
    await office.add("Sam", teams=("sales",))
    sam = await office.sign_in("Sam")
    looked = 0
    for method, path in routes(office):
        if path in OTHERS:
            continue
        for what, status, text in await asked(sam, method, path, conversation_id):
            looked += 1
            assert holds_a_secret(text) == [], what
            if "/conversations/{id}" in path:
                assert (status, json.loads(text)["error"]["code"]) == (404, "not_found"), what
            if "/reports/" in path:
                assert status == 403, what
    assert looked > 40
    # Nothing they tried has changed it.
    state = (await office.store.load(conversation_id)).state
    assert state.episode is not None
    assert (state.episode.status, state.episode.team) == ("waiting", "support")


@pytest.mark.parametrize(
    ("role", "teams"), [("agent", ("support",)), ("agent", ()), ("supervisor", ("sales",)), ("admin", ("sales",))]
)
async def test_the_same_paths_tell_those_who_may_read_it(office: Office, role: str, teams: tuple[str, ...]) -> None:
    """Else the test above could not fail."""
    conversation_id = await secret_talk(office)
    await office.add("Ann", role, teams=teams)
    ann = await office.sign_in("Ann")
    told: set[str] = set()
    for method, path in routes(office):
        if method == "GET" and path not in OTHERS:
            for what, _, text in await asked(ann, method, path, conversation_id):
                told |= {what.partition(" ")[2]} if holds_a_secret(text) else set()
    base = "/api/console"
    assert told >= {
        f"{base}/conversations?view=all",
        f"{base}/conversations?view=queue",
        f"{base}/conversations/filtered?order=risk",
        f"{base}/conversations/filtered?order=latest&team=support",
        f"{base}/search?q=turquoise",
        f"{base}/search?q=quendolyn",
        f"{base}/search?q=zebrafish",
        f"{base}/conversations/{{id}}",
        f"{base}/conversations/{{id}}/messages?after=0",
        f"{base}/conversations/{{id}}/transcript?format=text",
        f"{base}/conversations/{{id}}/timeline",
    }


async def test_the_socket_is_silent_about_another_teams_conversation(office: Office) -> None:
    conversation_id = await secret_talk(office)
    await office.add("Sam", teams=("sales",))
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    hers = await mia.socket()
    # She is asked, as whoever is of the team would be.
    assert (await frame_of(hers, "notice"))["kind"] == "offer"
    his = await sam.socket()
    await frame_of(his, "hello")
    about = {"conversation_id": conversation_id}
    office.hub.publish("console", {"type": "typing", "agent_id": None, **about})
    office.hub.publish("console", {"type": "message", "seq": 1, **about})
    text = "{prospect} is waiting."
    office.hub.publish("console", {"type": "notice", "kind": "alarm", "to": [], "text": text, **about})
    office.hub.publish("console", {"type": "conversation", **about})
    office.hub.publish("console", {"type": "audit"})
    office.hub.publish("console", {"type": "notice", "kind": "brake", "to": [], "text": "A flow has paused itself.", **about})
    for kind in ("typing", "notice", "message", "conversation"):
        assert await frame_of(hers, kind)
    heard: list[dict[str, Any]] = []
    while not {"brake", "hidden"} <= {frame.get("kind", frame["type"]) for frame in heard}:
        heard.append(await asyncio.wait_for(his.receive_json(), 30))
    assert holds_a_secret(json.dumps(heard)) == []
    assert {frame["type"] for frame in heard} <= {"hidden", "notice", "presence"}
    assert [frame["kind"] for frame in heard if frame["type"] == "notice"] == ["brake"]
    await his.close()
    await hers.close()


async def test_whoever_passes_a_talk_on_to_another_team_reads_it_no_more(office: Office) -> None:
    await office.add("Sam", teams=("sales",))
    await office.add("Mia", teams=("support",))
    sam, mia = await office.sign_in("Sam"), await office.sign_in("Mia")
    conversation_id = await office.waiting()
    his, hers = await sam.socket(), await mia.socket()
    await sam.post(f"conversations/{conversation_id}/take")
    assert (await frame_of(his, "conversation"))["item"]["id"] == conversation_id
    key = {"Idempotency-Key": "transfer-1"}
    url, body = f"/api/console/conversations/{conversation_id}/transfer", {"team": "support", "note": "wants a refund"}
    for replayed in (None, "true"):
        # Asked again under the same key, for want of the first answer, they are told what became of it.
        async with sam.client.post(url, json=body, headers={**CSRF, **key}) as response:
            assert (response.status, response.headers.get("Idempotency-Replayed")) == (200, replayed)
    assert (await frame_of(his, "hidden"))["conversation_id"] == conversation_id
    assert (await sam.get(f"conversations/{conversation_id}"))[0] == 404
    assert (await sam.get("conversations?view=all"))[1]["items"] == []
    assert [one["id"] for one in (await mia.get("conversations?view=all"))[1]["items"]] == [conversation_id]
    await his.close()
    await hers.close()


async def test_an_agent_may_read_what_they_hold_or_are_asked_about_whoevers_it_is(office: Office) -> None:
    conversation_id = await secret_talk(office)
    await office.add("Sam", teams=("sales",))
    sam, boss = await office.sign_in("Sam"), await office.sign_in("Ada", "supervisor")
    socket = await sam.socket()
    await frame_of(socket, "hello")
    status, _ = await boss.post(f"conversations/{conversation_id}/take")
    assert status == 200
    assert (await boss.post(f"conversations/{conversation_id}/transfer", {"to": "sam"}))[0] == 200
    assert (await sam.get(f"conversations/{conversation_id}"))[0] == 200
    assert (await sam.post(f"conversations/{conversation_id}/take"))[0] == 200
    assert (await sam.get(f"conversations/{conversation_id}"))[0] == 200
    await socket.close()


async def test_whoever_is_mentioned_and_may_not_read_it_hears_nothing(office: Office) -> None:
    conversation_id = await secret_talk(office)
    await office.add("Sam", teams=("sales",))
    await office.add("Ben", teams=("support",))
    mia = await office.sign_in("Mia")
    assert (await mia.post(f"conversations/{conversation_id}/note", {"text": "@Sam @Ben have a look"}))[0] == 200
    (mention,) = [one.notice for one in await office.store.fresh_notices(limit=9) if one.notice.kind == "mention"]
    assert mention.to == ("ben",)


async def test_similar_answers_are_those_of_talks_one_may_read(office: Office) -> None:
    other = await secret_talk(office)
    mia = (await office.store.agent("mia")).ref
    await office.conversations.do(
        other, lambda d: d.say(Say(speaker=Speaker.AGENT, text="the walnut one", agent=mia, client_key="k"))
    )
    now = office.time()
    # Of each conversation the first unsent message alone is given.
    while claimed := await office.store.claim_outbox(
        worker="w", now=now, until=now + timedelta(seconds=10), limit=9, channels=("widget",)
    ):
        for out in claimed:
            await office.store.mark_sending(out.message_id, worker="w", now=now)
            await office.store.mark_sent(out.message_id, now=now, external_id=None)
    await office.add("Sam", teams=("sales",))
    sam, ben = await office.sign_in("Sam"), await office.sign_in("Ben")
    mine = await office.prospect("how much is the turquoise table please?", who="p2")
    assert (await sam.get(f"conversations/{mine}/starters"))[1]["similar"] == []
    assert [one["text"] for one in (await ben.get(f"conversations/{mine}/starters"))[1]["similar"]] == ["the walnut one"]


@pytest.mark.parametrize(
    ("role", "teams", "others", "hidden"),
    [
        ("agent", ("sales",), ("sales", "support"), {"support"}),
        ("agent", ("Sales ",), ("sales",), None),
        ("agent", (), ("support",), None),
        ("marketer", ("sales",), ("support",), {"support"}),
        ("supervisor", ("sales",), ("support",), None),
        ("admin", ("sales",), ("support",), None),
        ("agent", ("sales",), (" SUPPORT", ""), {"support"}),
    ],
)
def test_what_is_hidden_from_whom(role: str, teams: tuple[str, ...], others: tuple[str, ...], hidden: set[str] | None) -> None:
    expected = None if hidden is None else Sight(agent_id="sam", hidden=frozenset(hidden))
    assert sight_of("sam", role, teams, others) == expected


def test_whose_a_conversation_is() -> None:
    assert team_of(None, {}) is None
    assert team_of(None, {"team": " Sales"}) == "sales"
    assert team_of(None, {"team": 7}) is None
