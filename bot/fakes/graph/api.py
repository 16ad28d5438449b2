"""The HTTP side: reads calls, checks token and budgets, lets faults strike, writes answers."""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from bot.fakes.graph import edges, refusals
from bot.fakes.graph.control import CONTROL_PREFIX, Control
from bot.fakes.graph.edges import Answer, Json
from bot.fakes.graph.faults import ERRORS, Call, Fault, FaultKind
from bot.fakes.graph.records import Refused
from bot.fakes.graph.refusals import Refusal, bad_parameter
from bot.fakes.graph.world import NO_LIMITS, World

_VERSION = re.compile(r"v\d+\.\d+")
_NO_BODY: Json = {}


class Api:
    """Answers the calls of the app."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._control = Control(world)
        self._budget = _Budget(world)
        self._calls = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request, whatever its path."""
        self._calls += 1
        if request.path.startswith(CONTROL_PREFIX):
            return await self._control.handle(request)
        parts = [part for part in request.path.split("/") if part]
        if parts and _VERSION.fullmatch(parts[0]):
            del parts[0]
        try:
            body = await _read_body(request)
        except ValueError as error:
            return self._answer(bad_parameter(f"The body cannot be read: {error}"))
        call = _describe(request.method, parts, body)
        refusal = self._check_token(request, body, call) or self._budget.spend(call)
        if refusal is not None:
            return self._refuse(refusal, call, body)
        fault = self._world.faults.draw(call) if self._world.faults else None
        if fault is not None:
            return await self._strike(fault, request, parts, body, call)
        return self._settle(self._perform(request, parts, body), call, body)

    def _check_token(self, request: web.BaseRequest, body: Json, call: Call) -> Refusal | None:
        if call.operation == "debug_token":
            return None
        token = _token(request, body)
        if token is None:
            return refusals.TOKEN_MISSING
        if self._world.token_trouble is not None:
            return self._world.token_trouble
        return None if token == self._world.token else refusals.TOKEN_WRONG

    def _perform(self, request: web.BaseRequest, parts: list[str], body: Json, *, delivered: bool = True) -> Answer:
        world, method = self._world, request.method
        match parts:
            case [node, "messages"] if method == "POST" and self._is_page(node):
                return edges.send(world, body, delivered=delivered)
            case [node, edge] if self._is_page(node):
                return self._page_edge(request, edge, body)
            case ["debug_token"]:
                return edges.debug_token(world, request.query.get("input_token"))
            case [node] if self._is_page(node):
                return edges.page(world)
            case [node] if node in world.personas:
                return edges.delete_persona(world, node) if method == "DELETE" else dict(world.personas[node])
            case [node] if method == "GET":
                return edges.profile(world, node, request.query.get("fields"))
        return refusals.unknown_object("/".join(parts))

    def _page_edge(self, request: web.BaseRequest, edge: str, body: Json) -> Answer:
        world, method = self._world, request.method
        if edge == "personas":
            return edges.create_persona(world, body) if method == "POST" else edges.list_personas(world)
        if edge == "messenger_profile":
            return edges.messenger_profile(world, method, body, request.query.get("fields"))
        if edge == "subscribed_apps":
            return edges.subscribed_apps(world, method)
        if edge in edges.THREAD_EDGES:
            psid = edges.recipient_id(body) or request.query.get("recipient")
            return edges.thread_control(world, edge, body, psid)
        return refusals.unknown_object(edge)

    async def _strike(self, fault: Fault, request: web.BaseRequest, parts: list[str], body: Json, call: Call) -> web.StreamResponse:
        kind, world = fault.kind, self._world
        world.record_struck(kind, call)
        if kind in ERRORS:
            return self._refuse(ERRORS[kind], call, body)
        if kind is FaultKind.BAD_GATEWAY:
            return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
        if kind in {FaultKind.HANG, FaultKind.DROP_BEFORE}:
            if call.operation == "message":
                self._perform(request, parts, body, delivered=False)
            if kind is FaultKind.HANG:
                await world.closing.wait()
            return _break(request)
        if kind is FaultKind.LATE:
            await world.sleep(fault.delay_s)
        response = self._settle(self._perform(request, parts, body), call, body)
        if kind is FaultKind.SLOW:
            await world.sleep(fault.delay_s)
        elif kind is FaultKind.DROP:
            return _break(request)
        elif kind is FaultKind.GARBLED:
            whole = response.body if isinstance(response.body, bytes) else b""
            return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
        return response

    def _settle(self, answer: Answer, call: Call, body: Json) -> web.Response:
        return self._refuse(answer, call, body) if isinstance(answer, Refusal) else self._answer(answer)

    def _refuse(self, refusal: Refusal, call: Call, body: Json) -> web.Response:
        self._world.record_refused(
            Refused(
                operation=call.operation,
                recipient=call.recipient,
                body={key: value for key, value in body.items() if key != "access_token"},
                code=refusal.code,
                subcode=refusal.subcode,
                at=self._world.now(),
            )
        )
        return self._answer(refusal)

    def _answer(self, answer: Answer) -> web.Response:
        status = 200
        if isinstance(answer, Refusal):
            status, answer = answer.status, answer.body(f"A{self._calls:010X}")
        return web.Response(
            body=orjson.dumps(answer),
            status=status,
            content_type="application/json",
            headers=self._budget.headers(),
        )

    def _is_page(self, node: str) -> bool:
        return node in {"me", self._world.page_id}


class _Budget:
    """The rate budgets of `Limits`, counted in whole seconds of the world's clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._second = 0
        self._spent = {"calls": 0, "sends": 0, "media": 0}

    def spend(self, call: Call) -> Refusal | None:
        limits = self._world.limits
        if limits == NO_LIMITS:
            return None
        second = int(self._world.now().timestamp())
        if second != self._second:
            self._second, self._spent = second, {"calls": 0, "sends": 0, "media": 0}
        self._spent["calls"] += 1
        if limits.calls_per_s is not None and self._spent["calls"] > limits.calls_per_s:
            return refusals.APP_RATE
        if call.operation == "message":
            self._spent["sends"] += 1
            self._spent["media"] += call.media
            if limits.sends_per_s is not None and self._spent["sends"] > limits.sends_per_s:
                return refusals.PAGE_RATE
            if limits.media_per_s is not None and self._spent["media"] > limits.media_per_s:
                return refusals.PAGE_RATE
        return None

    def _over(self) -> bool:
        limits = self._world.limits
        budgets = (("sends", limits.sends_per_s), ("media", limits.media_per_s))
        return any(most is not None and self._spent[what] > most for what, most in budgets)

    def headers(self) -> Mapping[str, str] | None:
        """X-App-Usage and X-Business-Use-Case-Usage: whole percents of the budgets."""
        limits = self._world.limits
        if limits == NO_LIMITS:
            return None
        app = _usage(self._spent["calls"], limits.calls_per_s)
        page = _usage(self._spent["sends"], limits.sends_per_s) | {
            "type": "messenger",
            "estimated_time_to_regain_access": limits.regain_min if self._over() else 0,
        }
        return {
            "X-App-Usage": json.dumps(app),
            "X-Business-Use-Case-Usage": json.dumps({self._world.page_id: [page]}),
        }


def _usage(spent: int, budget: int | None) -> dict[str, Any]:
    percent = 0 if not budget else min(100, 100 * spent // budget)
    return {"call_count": percent, "total_time": percent, "total_cputime": percent}


async def _read_body(request: web.BaseRequest) -> Json:
    """The fields of a JSON or form body. Forms carry objects as JSON text. Raises `ValueError`."""
    raw = await request.read()
    if not raw:
        return _NO_BODY
    if request.content_type == "application/x-www-form-urlencoded":
        return {name: _form_value(str(value)) for name, value in (await request.post()).items()}
    body = orjson.loads(raw)
    if not isinstance(body, dict):
        raise ValueError("an object is needed")
    return body


def _form_value(value: str) -> Any:
    return orjson.loads(value) if value[:1] in {"{", "["} else value


def _token(request: web.BaseRequest, body: Json) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme in {"Bearer", "OAuth"}:
        return token
    return request.query.get("access_token") or body.get("access_token")


def _describe(method: str, parts: list[str], body: Json) -> Call:
    edge = parts[-1] if parts else ""
    if edge == "messages" and method == "POST":
        message = body.get("message")
        marks: Mapping[str, Any] = message if isinstance(message, dict) else {}
        return Call(
            operation="sender_action" if message is None else "message",
            recipient=edges.recipient_id(body),
            text=marks.get("text"),
            metadata=marks.get("metadata"),
            media=_is_media(marks),
        )
    if edge in edges.THREAD_EDGES:
        return Call(operation="thread_control", recipient=edges.recipient_id(body))
    if len(parts) == 1 and method == "GET" and edge not in {"me", "debug_token"}:
        return Call(operation="profile", recipient=edge)
    return Call(operation=edge or "page")


def _is_media(message: Mapping[str, Any]) -> bool:
    attachment = message.get("attachment")
    return isinstance(attachment, dict) and attachment.get("type") in {"audio", "video", "image"}


def _break(request: web.BaseRequest) -> web.Response:
    """Cut the connection in the caller's face. The response is only for the server's sake, nobody reads it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
