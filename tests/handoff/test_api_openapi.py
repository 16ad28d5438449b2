"""The OpenAPI document: valid, whole, and true of what the service really answers."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from handoff.api.openapi import TYPES
from tests.handoff.conftest import Office

BASE = "/api/console"
IDS = "/conversations/{id}"


async def spec(office: Office) -> dict[str, Any]:
    async with office.stranger().client.get("/openapi.json") as response:
        assert response.status == 200
        document: dict[str, Any] = await response.json()
        return document


def registered(office: Office) -> set[tuple[str, str]]:
    routes = [(route.method, route.resource.canonical) for route in office.server.app.router.routes() if route.resource]
    return {(method, path) for method, path in routes if method != "HEAD" and path.startswith(BASE)}


def validator(document: dict[str, Any], method: str, path: str, status: str) -> Draft202012Validator:
    schema = document["paths"][BASE + path][method]["responses"][status]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document["components"]})


async def test_the_document_is_valid_and_describes_every_route_that_is_there(office: Office) -> None:
    document = await spec(office)
    OpenAPIV31SpecValidator(document).validate()
    described = {(method.upper(), path) for path, of in document["paths"].items() for method in of}
    assert described == registered(office)
    assert {(method, BASE + path) for method, path in TYPES} <= described
    for path, of in document["paths"].items():
        for method, operation in of.items():
            assert operation["summary"], f"{method} {path} does not say what it is for"
            assert operation.get("security") == ([] if path == f"{BASE}/login" else None)


async def test_what_is_answered_is_what_the_document_says(office: Office) -> None:
    document, sam, conversation_id = await spec(office), await office.sign_in("Sam", "admin"), await office.waiting()

    async def check(method: str, path: str, body: object = None, status: int = 200) -> dict[str, Any]:
        asked = path.replace("{id}", conversation_id).removeprefix("/")
        got, answer = await (sam.get(asked) if method == "get" else sam.post(asked, body))
        assert got == status
        said = "default" if status >= 400 else str(status)
        assert [error.message for error in validator(document, method, path, said).iter_errors(answer)] == []
        return answer

    await check("post", f"{IDS}/take")
    await office.prospect("no wait, blue ones")
    words = {"text": "Red ones are here.", "key": "key-0001", "seen": 1}
    await check("post", f"{IDS}/say", words, status=409)
    await check("post", f"{IDS}/say", {**words, "seen": 2})
    await check("post", f"{IDS}/say", {}, status=400)
    await check("post", f"{IDS}/note", {"text": "Likes blue."})
    for path in (
        "/me",
        "/agents",
        "/conversations",
        "/search",
        "/conversations/filtered",
        "/views",
        "/starters",
        f"{IDS}/starters",
        IDS,
        f"{IDS}/messages",
    ):
        await check("get", path)
        assert list(validator(document, "get", path, "200").iter_errors({})), f"anything would pass at {path}"
    await check("post", f"{IDS}/give-back", {"outcome": "later"})
    new = {"email": "mia@example.com", "name": "Mia", "password": "correct horse battery"}
    await check("post", "/agents", new, status=201)


async def test_a_body_that_the_service_takes_is_one_that_the_document_allows(office: Office) -> None:
    document = await spec(office)
    operation = document["paths"][f"{BASE}{IDS}/say"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"] | {"components": document["components"]}
    allowed = Draft202012Validator(schema)
    assert allowed.is_valid({"text": "hi", "key": "key-0001", "seen": 3})
    for wrong in ({"text": "hi"}, {"text": "", "key": "key-0001"}, {"text": "hi", "key": "key-0001", "more": 1}):
        assert not allowed.is_valid(wrong)
