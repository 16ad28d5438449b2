"""Signing in, the guard, the team."""

from __future__ import annotations

import pytest

from bot.store.fake import FakeStore
from handoff.api.tries import PER_ACCOUNT, WITHIN, Tries
from tests.handoff.conftest import CSRF, PASSWORD, HandTime, Office

WRONG = {"email": "sam@example.com", "password": "not this one"}
RIGHT = {"email": "Sam@Example.com ", "password": PASSWORD}


async def test_signing_in_and_out(office: Office) -> None:
    await office.add("Sam", "admin")
    console = office.stranger()
    assert (await console.get("me"))[0] == 401
    status, body = await console.post("login", RIGHT)
    assert (status, body["agent"]) == (
        200,
        {
            "id": "sam", "name": "Sam", "email": "sam@example.com", "role": "admin", "picture_url": None, "disabled": False,
            "skills": [], "languages": [], "teams": [], "capacity": None,
        },
    )  # fmt: skip
    status, body = await console.get("me")
    assert (status, body["presence"], body["now"]) == (200, "online", "2026-11-23T09:00:00.000Z")
    assert (await console.post("logout"))[0] == 200
    assert (await console.get("me"))[0] == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(office: Office) -> None:
    await office.add("Sam")
    console = office.stranger()
    async with console.client.post("/api/console/login", json=RIGHT, headers=CSRF) as response:
        cookie = response.headers["Set-Cookie"]
        assert response.headers["Cache-Control"] == "no-store"
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/api;" in cookie
    token = cookie.split("=", 1)[1].split(";")[0]
    assert await office.store.session_agent(token_sha256=token, now=office.time()) is None


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(office: Office) -> None:
    await office.add("Sam")
    console = office.stranger()
    answers = [await console.post("login", body) for body in (WRONG, {**WRONG, "email": "nobody@example.com"})]
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][1]["error"]["code"]) == (401, "wrong_credentials")


async def test_guessing_is_stopped_even_with_the_right_password_and_forgiven_later(office: Office) -> None:
    await office.add("Sam")
    console = office.stranger()
    for _ in range(PER_ACCOUNT):
        assert (await console.post("login", WRONG))[0] == 401
    status, body = await console.post("login", RIGHT)
    assert (status, body["error"]["code"]) == (429, "too_many_tries")
    office.time.wind(15 * 60)
    assert (await console.post("login", RIGHT))[0] == 200


async def test_one_colleagues_typos_do_not_lock_out_the_office(office: Office) -> None:
    await office.add("Sam")
    console = office.stranger()
    for _ in range(PER_ACCOUNT):
        await console.post("login", WRONG)
    await office.sign_in("Mia")


async def test_guessing_at_another_service_gains_nothing() -> None:
    time, store = HandTime(), FakeStore()
    here, there = Tries(store, time), Tries(store, time)
    for service in (here, there) * (PER_ACCOUNT // 2):
        assert await service.wait_s("ann", "10.0.0.1") == 0
        await service.failed("ann", "10.0.0.1")
    assert await here.wait_s("ann", "10.0.0.1") == await there.wait_s("ann", "10.0.0.1") == WITHIN.total_seconds()
    assert await there.wait_s("ben", "10.0.0.1") == 0
    await there.succeeded("ann", "10.0.0.1")
    assert await here.wait_s("ann", "10.0.0.1") == 0


@pytest.mark.parametrize("cookie", ["", "x", "1.", ".abc", "99999999999999999999.abc", "1763888400000.guess", "\u0661.abc"])
async def test_a_made_up_cookie_is_no_session(office: Office, cookie: str) -> None:
    console = office.stranger()
    async with console.client.get("/api/console/me", cookies={"warmline_console": cookie}) as response:
        assert response.status == 401


async def test_a_session_ends_by_itself(office: Office) -> None:
    console = await office.sign_in("Sam")
    office.time.wind(14 * 86_400)
    assert (await console.get("me"))[0] == 401


async def test_a_request_from_another_site_is_refused(office: Office) -> None:
    console = await office.sign_in("Sam")
    async with console.client.post("/api/console/presence", json={"presence": "away"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (403, "csrf")
    async with console.client.post("/api/console/login", json=RIGHT) as response:
        assert response.status == 403
    async with console.client.get("/api/console/socket", headers={"Origin": "https://evil.example"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (403, "wrong_origin")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"{", "bad_json", None),
        (b"[]", "bad_field", None),
        (b'{"email": "a@b.c"}', "bad_field", "password"),
        (b'{"email": 1, "password": "x"}', "bad_field", "email"),
        (b'{"email": "a@b.c", "password": "x", "admin": true}', "bad_field", "admin"),
        (b"\xff\xfe", "bad_json", None),
    ],
)
async def test_a_wrong_body_names_the_field(office: Office, body: bytes, code: str, field: str | None) -> None:
    console = office.stranger()
    async with console.client.post("/api/console/login", data=body, headers=CSRF) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    assert (error["code"], error.get("field")) == (code, field)


async def test_only_admins_manage_the_team(office: Office) -> None:
    sam = await office.sign_in("Sam")
    for method, path in (("GET", "agents"), ("POST", "agents"), ("PATCH", "agents/sam")):
        status, body = await sam.post(path, method=method) if method != "GET" else await sam.get(path)
        assert (status, body["error"]["code"]) == (403, "forbidden")


async def test_an_admin_adds_changes_and_disables_agents(office: Office) -> None:
    admin = await office.sign_in("Alex", "admin")
    new = {"email": "mia@example.com", "name": "Mia", "role": "agent", "password": "a longer password"}
    status, body = await admin.post("agents", new)
    assert (status, body["agent"]["name"]) == (201, "Mia")
    assert "password_hash" not in body["agent"]
    assert (await admin.post("agents", {**new, "email": "MIA@example.com"}))[0] == 409
    status, body = await admin.post("agents", {**new, "email": "bo@example.com", "password": "short"})
    assert (status, body["error"]["field"]) == (400, "password")
    mia_id = (await admin.get("agents"))[1]["agents"][1]["id"]
    mia = office.stranger()
    assert (await mia.post("login", {"email": "mia@example.com", "password": "a longer password"}))[0] == 200
    assert (await admin.post(f"agents/{mia_id}", {"name": "Mia B.", "disabled": True}, method="PATCH"))[1]["agent"]["disabled"]
    assert (await mia.get("me"))[0] == 401
    assert (await mia.post("login", {"email": "mia@example.com", "password": "a longer password"}))[0] == 401
    assert (await admin.post(f"agents/{mia_id}", {"disabled": False}, method="PATCH"))[0] == 200
    assert (await mia.get("me"))[1]["agent"]["name"] == "Mia B."
    assert (await admin.post("agents/nobody", {}, method="PATCH"))[0] == 404


async def test_the_last_admin_stays(office: Office) -> None:
    admin = await office.sign_in("Alex", "admin")
    for change in ({"role": "agent"}, {"disabled": True}):
        status, body = await admin.post("agents/alex", change, method="PATCH")
        assert (status, body["error"]["code"]) == (409, "last_admin")


async def test_a_new_password_ends_every_other_session(office: Office) -> None:
    here, elsewhere = await office.sign_in("Sam"), await office.sign_in("Sam")
    office.time.wind(1)
    change = {"old": PASSWORD, "new": "an even longer one"}
    assert (await here.post("password", {**change, "old": "not this one"}))[0] == 401
    assert (await here.post("password", change))[0] == 200
    assert (await here.get("me"))[0] == 200
    assert (await elsewhere.get("me"))[0] == 401
    assert (await elsewhere.post("login", {"email": "sam@example.com", "password": PASSWORD}))[0] == 401


async def test_the_away_switch_survives_a_restart(office: Office) -> None:
    console = await office.sign_in("Sam")
    assert await console.post("presence", {"presence": "away"}) == (200, {"presence": "away"})
    assert (await console.get("me"))[1]["presence"] == "away"
    assert await office.store.setting("presence:sam") == "away"
    status, body = await console.post("presence", {"presence": "busy"})
    assert (status, body["error"]["field"]) == (400, "presence")
