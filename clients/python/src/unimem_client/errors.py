"""What a call can fail with: one class for each way to react."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import httpx


class UnimemError(Exception):
    """Any failure of a call."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        request_id: str | None = None,
        retry_after: float | None = None,
        faults: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status; 0 where no answer came."""
        self.request_id = request_id
        """``X-Request-Id`` of the answer, under which the service's log has the rest."""
        self.retry_after = retry_after
        """Seconds after which the service asks to try again."""
        self.faults = faults or []
        """Every fault of the request, where the service lists them: ``type``, ``loc`` and ``msg``."""


class InvalidRequestError(UnimemError):
    """The request is wrong and stays wrong: 400, 413, 415 and 422."""


class AuthenticationError(UnimemError):
    """The key is missing or wrong: 401."""


class PermissionDeniedError(UnimemError):
    """The key has no right to this, or the service doesn't take this Host or Origin: 403."""


class NotFoundError(UnimemError):
    """Nothing is there under this key, id or name: 404. An outage is never answered like this."""


class ConflictError(UnimemError):
    """It contradicts what is there by now: 409."""


class RateLimitError(UnimemError):
    """Too much waits already, or the key's limit is reached: 429."""


class UnavailableError(UnimemError):
    """The store or the model can't be reached, or the store has no room left: 502, 503, 504 and 507."""


class ConnectionFailedError(UnimemError):
    """No answer came: nothing listens, the connection broke, or the time limit passed."""


_CLASSES: dict[int, type[UnimemError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
    507: UnavailableError,
}


def error_of(response: httpx.Response, what: str) -> UnimemError:
    """The error that an answer stands for; its body must have been read."""
    words, faults = _read(response.text)
    reason = words or response.reason_phrase or "no reason given"
    return _CLASSES.get(response.status_code, UnimemError)(
        f"Cannot {what}: {reason} ({response.status_code})",
        status=response.status_code,
        request_id=response.headers.get("x-request-id"),
        retry_after=retry_after(response),
        faults=faults,
    )


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that ``Retry-After`` names, as a number or as a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max(0.0, (date - datetime.now(timezone.utc)).total_seconds())


def _read(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The reason in words, and the faults that a body lists; a proxy's page says nothing that fits a message."""
    try:
        body = json.loads(text)
    except ValueError:
        return "", []
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, str):
        return detail, []
    if isinstance(detail, list):
        faults = [fault for fault in detail if isinstance(fault, dict)]
        return "; ".join(f"{_place(fault)}: {fault.get('msg')}" for fault in faults), faults
    if isinstance(detail, dict):
        return str(detail.get("error_description", "")), []
    return "", []


def _place(fault: dict[str, Any]) -> str:
    loc = [str(step) for step in fault.get("loc", [])]
    return ".".join(loc[1:] or loc)
