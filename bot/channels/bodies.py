"""Reading JSON bodies: what is wrong is said with its field, before anything happens."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError


def bad_request(code: str, message: str, field: str | None = None) -> web.HTTPBadRequest:
    """A 400 in the one shape of an error."""
    error: dict[str, Any] = {"code": code, "message": message}
    if field:
        error["field"] = field
    return web.HTTPBadRequest(text=json.dumps({"error": error}), content_type="application/json")


def parse_json(raw: bytes) -> Any:
    """The JSON value in `raw`. Raises a 400 that says where it breaks off."""
    try:
        return json.loads(raw)
    except UnicodeDecodeError as error:
        raise bad_request("bad_encoding", "The body is not UTF-8.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise bad_request("bad_json", f"The body is not JSON: {error}.") from error


def parse_body[M: BaseModel](raw: bytes, model: type[M]) -> M:
    """The JSON in `raw` as `model`. Raises a 400 naming the field."""
    value = parse_json(raw)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise bad_request("bad_field", f"{field or 'body'}: {first['msg']}.", field) from error
