"""GET /openapi.json: the console API as OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1), made of its routes and their types.

Every route that is added is described; what it takes and gives is looked up in `TYPES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, NotRequired, TypedDict

from pydantic import TypeAdapter

from handoff.api import answers, bodies
from handoff.api.search import LONGEST_QUERY
from handoff.numbers import By


@dataclass(frozen=True, slots=True)
class Route:
    """One path with one method, as aiohttp writes it. `summary` is for people."""

    method: str
    path: str
    summary: str
    admin: bool = False
    public: bool = False
    keyed: bool = False
    tag: str = ""


class Failure(TypedDict):
    """What went wrong: `code` is for programs, `message` for people, `field` the one that is wrong."""

    code: str
    message: str
    field: NotRequired[str]
    messages: NotRequired[list[answers.MessageAnswer]]
    problems: NotRequired[list[answers.FileProblem]]
    held: NotRequired[float]
    capacity: NotRequired[float]
    weight: NotRequired[float]


class Refusal(TypedDict):
    """The one shape of an error."""

    error: Failure


@dataclass(frozen=True, slots=True)
class Types:
    """What a request's body is made of, and the answer's, with its status; `query` holds the parameters' schemas.

    `also` are other statuses with the same answer. `gives` and `takes` name what is not JSON: types of media that the answer comes
    as, in place of JSON unless `answer` is there too, and that a body is sent as.
    """

    answer: type | UnionType | None = None
    body: type | None = None
    status: int = 200
    query: tuple[tuple[str, dict[str, Any]], ...] = ()
    also: tuple[int, ...] = ()
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_VIEW = {"type": "string", "enum": ["queue", "mine", "all"], "default": "queue"}
_TIME = {"type": "string", "format": "date-time"}
_SEQ = {"type": "integer", "minimum": 1}
_BY = {"type": "string", "enum": list(By), "default": next(iter(By)).value}
_FILTER: tuple[tuple[str, dict[str, Any]], ...] = (
    ("order", {"type": "string", "enum": ["risk", "latest"], "default": "risk"}),
    *((name, {"type": "string"}) for name in ("channel", "reason", "team", "holder")),
    ("snoozed", {"type": "string", "enum": ["yes", "no"]}),
    ("cursor", {"type": "string"}),
)
_REPORT = (("from", _TIME), ("to", _TIME), ("by", _BY), ("zone", {"type": "string", "default": "UTC"}))

TYPES: dict[tuple[str, str], Types] = {
    ("POST", "/login"): Types(answers.OneAgent, bodies.Login),
    ("POST", "/logout"): Types(answers.Nothing),
    ("GET", "/me"): Types(answers.Me),
    ("POST", "/presence"): Types(answers.PresenceAnswer, bodies.PresenceBody),
    ("POST", "/password"): Types(answers.Nothing, bodies.PasswordChange),
    ("GET", "/colleagues"): Types(answers.ColleaguesAnswer),
    ("GET", "/agents"): Types(answers.Agents),
    ("POST", "/agents"): Types(answers.OneAgent, bodies.NewAgent, status=201),
    ("PATCH", "/agents/{id}"): Types(answers.OneAgent, bodies.AgentChange),
    ("GET", "/conversations"): Types(answers.Items, query=(("view", _VIEW), ("cursor", {"type": "string"}))),
    ("GET", "/conversations/filtered"): Types(answers.Items, query=_FILTER),
    ("GET", "/starters"): Types(answers.StartersAnswer),
    ("PUT", "/starters"): Types(answers.StartersAnswer, bodies.StartersBody),
    ("GET", "/conversations/{id}/starters"): Types(answers.OfferedStarters),
    ("GET", "/views"): Types(answers.Views),
    ("PUT", "/views"): Types(answers.Views, bodies.SavedViews),
    ("GET", "/search"): Types(answers.Findings, query=(("q", {"type": "string", "maxLength": LONGEST_QUERY}),)),
    ("GET", "/conversations/{id}"): Types(answers.Conversation),
    ("GET", "/conversations/{id}/messages"): Types(
        answers.Messages, query=(("before", _SEQ), ("after", {"type": "integer", "minimum": 0}))
    ),
    ("GET", "/conversations/{id}/transcript"): Types(
        answers.TranscriptAnswer,
        query=(("format", {"type": "string", "enum": ["json", "text"]}), ("zone", {"type": "string", "default": "UTC"})),
    ),
    ("GET", "/conversations/{id}/timeline"): Types(answers.TimelineAnswer, query=(("cursor", {"type": "string"}),)),
    ("POST", "/conversations/{id}/take"): Types(answers.OneItem, bodies.Take),
    ("POST", "/conversations/{id}/say"): Types(answers.OneMessage, bodies.SayBody),
    ("POST", "/conversations/{id}/note"): Types(answers.OneNote, bodies.NoteBody),
    ("GET", "/transfer-places"): Types(answers.PlacesAnswer),
    ("POST", "/conversations/{id}/transfer"): Types(answers.OneItem, bodies.TransferBody),
    ("POST", "/conversations/{id}/snooze"): Types(answers.OneItem, bodies.SnoozeBody),
    ("POST", "/conversations/{id}/give-back"): Types(answers.OneItem, bodies.GiveBack),
    ("POST", "/conversations/{id}/undo"): Types(answers.OneItem, bodies.UndoBody),
    ("POST", "/conversations/{id}/seen"): Types(answers.Nothing),
    ("POST", "/notices/{id}/seen"): Types(answers.Nothing),
    ("GET", "/notifications"): Types(answers.NotificationsAnswer),
    ("GET", "/notify"): Types(answers.NotifyAnswer),
    ("PUT", "/notify"): Types(answers.NotifyAnswer, bodies.WishesBody),
    ("POST", "/notify/devices"): Types(answers.DeviceAdded, bodies.DeviceBody, status=201),
    ("DELETE", "/notify/devices/{id}"): Types(answers.Nothing),
    ("GET", "/reports/handoff"): Types(dict[str, object], query=(*_REPORT, ("format", {"enum": ["json", "csv"]}))),
    ("GET", "/reports/handoff/behind"): Types(dict[str, object], query=(*_REPORT, ("key", {"type": "string"}))),
    ("GET", "/reports/staffing"): Types(
        answers.StaffingAnswer,
        query=(*(one for one in _REPORT if one[0] != "by"), ("share", {"type": "number"}), ("within_s", {"type": "number"})),
    ),
    ("GET", "/promises"): Types(answers.PromisesAnswer),
    ("PUT", "/promises"): Types(answers.PromisesSaved, bodies.SavePromises),
    ("POST", "/promises/check"): Types(answers.Checked, bodies.CheckPromises),
    ("POST", "/promises/explain"): Types(dict[str, object], bodies.ExplainPromises),
    ("GET", "/promises/history"): Types(answers.KeptVersions),
    ("GET", "/promises/history/{id}"): Types(answers.KeptText),
    ("POST", "/promises/history/{id}/restore"): Types(answers.PromisesSaved, bodies.Base),
    ("POST", "/simulations"): Types(dict[str, object], bodies.SimulationBody),
    ("POST", "/undelivered/{id}/send-again"): Types(answers.Queued),
    ("POST", "/undelivered/{id}/let-go"): Types(answers.Nothing),
    ("GET", "/socket"): Types(status=101),
}

_ANY = Types(dict[str, object])
_CSRF = {"name": "X-Warmline", "in": "header", "required": True, "schema": {"const": "1"}}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request acts once, and is answered as the first time. Known for a day.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 200},
}
_SCHEMAS = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What a document is about: `base` comes before every path, `ways_in` are its security schemes, one of which is needed.
    `acting` are the header's parameters of whatever changes something."""

    title: str
    base: str
    types: Mapping[tuple[str, str], Types]
    ways_in: Mapping[str, dict[str, Any]]
    acting: Sequence[dict[str, Any]] = (_CSRF,)


def console_api(*, base: str, cookie: str) -> Api:
    """The console's. `cookie` is the session's name."""
    session = {"type": "apiKey", "in": "cookie", "name": cookie}
    return Api(title="Warmline console", base=base, types=TYPES, ways_in={"session": session})


def document(routes: Sequence[Route], api: Api) -> dict[str, Any]:
    """The document."""
    known = [api.types.get((route.method, route.path), _ANY) for route in routes]
    wanted = {one for types in known for one in (types.body, types.answer) if one} | {Refusal}
    named = sorted(wanted, key=str)
    adapters: list[tuple[str, Literal["validation"], TypeAdapter[Any]]] = [(str(one), "validation", _adapter(one)) for one in named]
    schemas, shared = TypeAdapter.json_schemas(adapters, ref_template=_SCHEMAS)
    of = {one: schemas[str(one), "validation"] for one in named}
    paths: dict[str, dict[str, Any]] = {}
    for route, types in zip(routes, known, strict=True):
        paths.setdefault(api.base + route.path, {})[route.method.lower()] = _operation(route, types, of, api.acting)
    return {
        "openapi": "3.1.0",
        "info": {"title": api.title, "version": "1"},
        "security": [{name: []} for name in api.ways_in],
        "paths": paths,
        "components": {"schemas": shared.get("$defs", {}), "securitySchemes": dict(api.ways_in)},
    }


def _operation(route: Route, types: Types, of: dict[Any, Any], acting: Sequence[dict[str, Any]]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in re.findall(r"{(\w+)}", route.path)
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in types.query]
    if route.method != "GET":
        parameters += acting
    if route.keyed:
        parameters.append(_KEY)
    answer: dict[str, Any] = {"description": "Done."}
    if content := (_json(of[types.answer]) if types.answer else {}) | _media(types.gives):
        answer["content"] = content
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
        "summary": route.summary,
        "tags": [route.tag or ("admins" if route.admin else "agents")],
        "parameters": parameters,
        "responses": {
            **{str(status): answer for status in (types.status, *types.also)},
            "default": {"description": "Refused, with the reason.", "content": _json(of[Refusal])},
        },
    }
    if taken := (_json(of[types.body]) if types.body else {}) | _media(types.takes):
        operation["requestBody"] = {"required": True, "content": taken}
    return operation | ({"security": []} if route.public else {})


def _adapter(one: Any) -> TypeAdapter[Any]:
    return TypeAdapter(one)


def _media(kinds: Sequence[str]) -> dict[str, Any]:
    return {kind: {"schema": {"type": "string"}} for kind in kinds}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
