"""GET /api/studio/openapi.json: the marketers' API as OpenAPI 3.1, made of its routes and their types as the console's is."""

from __future__ import annotations

from typing import Any

from handoff.api.bodies import SimulationBody
from handoff.api.openapi import Api, Types
from handoff.api.sessions import COOKIE, CSRF_HEADER
from nurture.reports import flows, sources
from studio.api import answers
from studio.api.checking import TextBody
from studio.api.conversions import ConversionBody
from studio.api.experiments import LetBody
from studio.api.flows import FlowBody, RollbackBody, RulingBody
from studio.api.hooks import NewHook, ReplayBody
from studio.happenings import HappeningBody

CSV, NDJSON, BYTES = "text/csv", "application/x-ndjson", "application/octet-stream"

type Query = tuple[tuple[str, dict[str, Any]], ...]

_WORD, _TIME = {"type": "string"}, {"type": "string", "format": "date-time"}
_LENGTH = {"type": "string", "examples": ["12h", "7d"]}
_FORMAT = {"type": "string", "enum": ["json", "csv"], "default": "json"}
_COUNT = {"type": "integer", "minimum": 1}
_RANGE: Query = (("from", _TIME), ("to", _TIME))
_FUNNEL: Query = (
    *_RANGE,
    ("by", {"type": "string", "enum": list(flows.By), "default": "step"}),
    ("reply_within", _LENGTH),
    ("credit_within", _LENGTH),
)
_SOURCES: Query = (
    *_RANGE,
    ("by", {"type": "string", "enum": list(sources.By)}),
    ("touch", {"type": "string", "enum": list(sources.Touched)}),
)
_BEHIND: Query = (("measure", _WORD), ("key", _WORD))
_UPLOAD: Query = (
    ("preview", {"type": "string", "enum": ["1", "true", "yes"]}),
    ("channel", _WORD),
    ("flow", _WORD),
    ("per_hour", _COUNT | {"default": 600}),
    ("mapping", {"type": "array", "items": {"type": "string", "pattern": "^.+=.+$"}}),
)
_EVENTS: Query = (*(one for one in _UPLOAD if one[0] in ("preview", "channel", "mapping")), ("after_line", _COUNT))
_EXPERIMENTS: Query = (
    ("flow", _WORD),
    ("measure", {"type": "string", "enum": ["goal", "reply"]}),
    ("within", _LENGTH),
    ("alpha", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.05}),
)
_PEOPLE: Query = (("after", _WORD), ("limit", _COUNT | {"maximum": 200, "default": 50}))
_FLOW = "/flows/{flow}"

TYPES: dict[tuple[str, str], Types] = {
    ("GET", "/reports/flows/{flow}"): Types(answers.Funnel, query=(*_FUNNEL, ("format", _FORMAT)), gives=(CSV,)),
    ("GET", "/reports/flows/{flow}/behind"): Types(answers.Behind, query=(*_FUNNEL, *_BEHIND)),
    ("GET", "/reports/sources"): Types(answers.Sources, query=(*_SOURCES, ("format", _FORMAT)), gives=(CSV,)),
    ("GET", "/reports/sources/behind"): Types(answers.Behind, query=(*_SOURCES, *_BEHIND)),
    ("GET", "/segments"): Types(answers.SegmentsAnswer),
    ("GET", "/segments/{id}"): Types(answers.SegmentPeople, query=_PEOPLE),
    ("POST", "/simulations"): Types(body=SimulationBody, gives=(NDJSON,)),
    ("GET", "/flows"): Types(answers.FlowList),
    ("GET", f"{_FLOW}/versions"): Types(answers.Versions),
    ("GET", f"{_FLOW}/versions/{{number}}"): Types(answers.OneVersion),
    ("GET", f"{_FLOW}/diff"): Types(answers.Difference, query=(("from", _COUNT), ("to", _COUNT))),
    ("GET", f"{_FLOW}/log"): Types(answers.Log),
    ("GET", "/flows/figures"): Types(answers.AllFigures, query=_RANGE),
    ("GET", "/flows/held"): Types(answers.HeldBack, query=(("flow", _WORD),)),
    ("POST", f"{_FLOW}/check"): Types(answers.Checked, TextBody),
    ("GET", "/experiments"): Types(answers.ExperimentsAnswer, query=_EXPERIMENTS),
    ("POST", "/experiments/{flow}/{experiment}/{arm}/resume"): Types(answers.Nothing, LetBody),
    ("POST", f"{_FLOW}/plan"): Types(answers.PlanAnswer, FlowBody),
    ("POST", f"{_FLOW}/publish"): Types(answers.Outcome, FlowBody),
    ("POST", f"{_FLOW}/rollback"): Types(answers.Outcome, RollbackBody),
    **{("POST", f"{_FLOW}/{verb}"): Types(answers.Ruled, RulingBody) for verb in ("pause", "resume", "drain", "stop")},
    ("POST", "/events"): Types(answers.EventAnswer, HappeningBody, status=201, also=(200,)),
    ("POST", "/events/import"): Types(answers.EventsPreview, query=_EVENTS, takes=(NDJSON, CSV), gives=(NDJSON,)),
    ("GET", "/events/imports/{id}/rejected"): Types(gives=(CSV,)),
    ("POST", "/conversions"): Types(answers.ConversionAnswer, ConversionBody, status=201, also=(200,)),
    ("GET", "/contacts"): Types(query=(("format", _FORMAT),), gives=(CSV, NDJSON)),
    ("POST", "/contacts/import"): Types(
        answers.ImportPreview | answers.ImportStarted, query=_UPLOAD, status=202, also=(200,), takes=(CSV, BYTES)
    ),
    ("GET", "/contacts/imports/{id}"): Types(answers.ImportProgress),
    ("GET", "/contacts/imports/{id}/rejected"): Types(gives=(CSV,)),
    ("GET", "/hooks"): Types(answers.Hooks),
    ("POST", "/hooks"): Types(answers.HookAdded, NewHook, status=201),
    ("DELETE", "/hooks/{id}"): Types(answers.Nothing),
    ("POST", "/hooks/{id}/pause"): Types(answers.Nothing),
    ("POST", "/hooks/{id}/resume"): Types(answers.Nothing),
    ("POST", "/hooks/{id}/replay"): Types(answers.Replayed, ReplayBody),
    ("GET", "/hooks/parked"): Types(answers.Parked),
}

_PAGE = {
    "name": CSRF_HEADER,
    "in": "header",
    "description": "Needed beside a session's cookie; a program with a key leaves it out.",
    "schema": {"const": "1"},
}


def studio_api(base: str) -> Api:
    """What the document is about."""
    return Api(
        title="Warmline for marketers",
        base=base,
        types=TYPES,
        ways_in={
            "key": {"type": "http", "scheme": "bearer", "description": "A key made by: warmline keys add NAME"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        },
        acting=(_PAGE,),
    )
