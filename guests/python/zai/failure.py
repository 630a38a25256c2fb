"""Failures by their HTTP status, and what error bodies say. The provider's own words stay."""

import json
import math
from dataclasses import dataclass, field

from wit_world.imports.types import Failure

KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error",
    500: "api_error", 502: "api_error", 504: "timeout_error", 529: "overloaded_error",
}
MEANS = {408: 504, 424: 429, 503: 529}


@dataclass
class Said:
    """What an error body says: words fit to be shown, `type`, `code` and the like, a status named in it."""

    message: str = ""
    codes: list[str] = field(default_factory=list)
    status: int | None = None


def new(status: int, message: str) -> Failure:
    """What a status means to a client of the Messages API."""
    status = MEANS.get(status, status)
    if status not in KINDS:
        status = 400 if 400 <= status < 500 else 500
    return Failure(KINDS[status], status, message, None, None)


def invalid(message: str) -> Failure:
    return new(400, message)


def upstream(message: str) -> Failure:
    return new(502, message)


def truncated() -> Failure:
    return upstream("upstream stream truncated: it ended without saying that it was finished")


def broken(how: str) -> Failure:
    return upstream(f"upstream connection broke: {how}")


def classify(status: int, said: Said) -> Failure:
    failed = new(status, said.message or f"upstream answered with status {status} and no explanation")
    if status == 402:
        failed.should_retry = False
    return failed


def read(body: bytes) -> Said:
    """Reads `{"error": {…}}`, a flat object, or FastAPI's `detail`. Pages are not for the client."""
    said = Said()
    try:
        whole = json.loads(body)
    except ValueError:
        return said
    if isinstance(whole, list):
        whole = whole[0] if whole else {}
    if not isinstance(whole, dict):
        return said
    members(whole, said)
    error = whole.get("error")
    if isinstance(error, dict):
        members(error, said)
    elif isinstance(error, str):
        said.message = error
    said.message = said.message or complaints(whole.get("detail"))
    return said


def members(body: dict, said: Said) -> None:
    if isinstance(body.get("message"), str):
        said.message = body["message"]
    for name in ("type", "code", "status", "status_code", "error_type"):
        if name in body:
            text = str(body[name])
            said.codes.append(text)
            if text.isdecimal() and 400 <= int(text) < 600:
                said.status = int(text)


def complaints(detail: object) -> str:
    """FastAPI's list: `messages.0.role: Input should be 'user' or 'assistant'`."""
    if isinstance(detail, str):
        return detail
    told = []
    for complaint in detail if isinstance(detail, list) else []:
        path = ".".join(str(step) for step in complaint.get("loc", []) if step != "body")
        told.append(f"{path}: {complaint.get('msg', '')}")
    return "; ".join(told)


def retry_after_ms(headers: list[tuple[str, str]]) -> int | None:
    """How long the upstream asks to wait. A date is not understood: a guest has no clock."""
    named = dict(headers)
    for name, unit in (("retry-after-ms", 1), ("retry-after", 1000)):
        try:
            seconds = float(named.get(name, ""))
        except ValueError:
            continue
        if 0 < seconds < 86_400_000:
            return math.ceil(seconds * unit)
    return None
