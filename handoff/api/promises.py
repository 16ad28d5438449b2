"""The promises file for admins: read, checked while it is written, explained, saved, and put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.promising import ChangedMeanwhile, Promises, judged, problems_of
from bot.store.contract import NotFound
from bot.store.promised import Promised
from bot.yamlfile import YamlFileError
from handoff.api.bodies import Base, CheckPromises, ExplainPromises, SavePromises, read_body
from handoff.api.errors import ApiError, BadRequest, Conflict
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import Shape, stamp
from handoff.explain import explain
from handoff.hours import zones
from handoff.lint import Finding
from handoff.match import Facts


class Broken(ApiError):
    """A text that gives no promises; says every problem."""

    status = 422

    def __init__(self, problems: Sequence[YamlFileError]) -> None:
        first = problems[0]
        super().__init__("broken", f"Line {first.line}: {first.message}.", field="text")
        self.details = {"problems": [problem_shape(one) for one in problems]}


class PromisesApi:
    """See the module."""

    def __init__(self, parts: ConsoleParts, promises: Promises) -> None:
        self._parts, self._promises = parts, promises

    async def read(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET promises: the file as it is, and what the service goes by."""
        standing = await self._promises.standing()
        _, findings = await self._promises.check(standing.text)
        return answer(
            {
                "text": standing.text,
                "version": standing.version,
                "running": standing.running,
                "file": self._promises.path.name,
                "problems": [problem_shape(one) for one in standing.problems],
                "findings": [finding_shape(one) for one in findings],
                "now": stamp(self._parts.now()),
            }
        )

    async def check(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST promises/check: what is wrong with a text. Nothing is written."""
        body = await read_body(request, CheckPromises)
        problems, findings = await self._promises.check(body.text)
        told = {"problems": [problem_shape(one) for one in problems], "findings": [finding_shape(one) for one in findings]}
        return answer(told)

    async def explain(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST promises/explain: what would happen when, by a text that need not be saved."""
        body = await read_body(request, ExplainPromises)
        if body.zone not in zones():
            raise BadRequest("bad_field", "zone: that is not a time zone.", field="zone")
        try:
            policy = judged(self._promises.path, body.text)
        except YamlFileError as error:
            raise Broken(problems_of(error)) from error
        facts = Facts(
            channel=body.channel,
            reason=body.reason,
            value=body.value,
            language=body.language or None,
            team=body.team or None,
            tags=(body.tag,) if body.tag else (),
        )
        return answer(explain(policy, facts, _moment(body.at, body.zone), body.zone).as_json())

    async def save(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """PUT promises: in place of the version that it was made from."""
        body = await read_body(request, SavePromises)
        return await self._save(body.text, body.version, me)

    async def history(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET promises/history: every version that is kept, the latest first."""
        names = {agent.agent_id: agent.name for agent in await self._parts.store.agents()}
        return answer({"versions": [version_shape(one, names) for one in await self._promises.versions()]})

    async def one(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """GET promises/history/{id}: its text."""
        return answer({"text": await self._text(request)})

    async def restore(self, request: web.Request, me: SignedIn) -> web.StreamResponse:
        """POST promises/history/{id}/restore: the file says again what it said then."""
        body = await read_body(request, Base)
        return await self._save(await self._text(request), body.version, me)

    async def _text(self, request: web.Request) -> str:
        version_id = request.match_info["id"]
        number = int(version_id) if version_id.isascii() and version_id.isdigit() and len(version_id) < 19 else 0
        text = await self._promises.text_of(number)
        if text is None:
            raise NotFound("version", version_id)
        return text

    async def _save(self, text: str, base: str, me: SignedIn) -> web.Response:
        try:
            version = await self._promises.save(text, base=base, by=me.agent.agent_id)
        except YamlFileError as error:
            raise Broken(problems_of(error)) from error
        except ChangedMeanwhile as error:
            raise Conflict("changed_meanwhile", "Somebody else changed the promises meanwhile. Nothing was saved.") from error
        except OSError as error:
            message = f"The file could not be written ({error.strerror or type(error).__name__}). Nothing was saved."
            raise Conflict("not_writable", message) from error
        return answer({"version": version})


def version_shape(one: Promised, names: Mapping[str, str]) -> Shape:
    """A version that is kept, with who made it and what changed."""
    return {
        "id": str(one.number),
        "version": one.version,
        "at": stamp(one.at),
        "by": names.get(one.by),
        "changes": list(one.changes),
    }


def problem_shape(problem: YamlFileError) -> Shape:
    """What is wrong, and where."""
    return {"line": problem.line, "column": problem.column, "field": problem.field, "message": problem.message}


def finding_shape(finding: Finding) -> Shape:
    """What makes no sense, and where."""
    return {"line": finding.line, "field": finding.field, "rule": finding.rule, "message": finding.message}


def _moment(text: str, zone: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("bad_field", "at: write for example 2026-12-24T17:50.", field="at") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
