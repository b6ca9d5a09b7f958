"""From what went wrong with a call to a response, or to the end of the run where no other call would fare better."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from elena_wb.core import ModelError, Response
from elena_wb.remote.failures import from_exception, from_status

_LONGEST_BODY = 200_000
_DEEPEST_DETAILS = 50
_LONGEST_WAIT_S = 24 * 3600.0
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s", re.ASCII)
_KEY_HINT = "Set another with `elena-wb keys set gemini`; https://aistudio.google.com/apikey gives keys out."
_ANOTHER_FORM = "if it is about the form of answers, `structured=json` or `structured=none` may help"


def from_error(
    index: int, error: Exception, *, model: str, host: str, latency_ms: float | None = None
) -> Response:
    """The response for ``error``, which a call about ``model`` raised.

    What Google says about when to ask again is heeded, also in the body. A quota of a whole day is over when the day
    ends where Google counts it (midnight in California), whatever shorter wait is proposed beside it.

    Raises:
        ModelError: the key is not accepted, the model does not exist for it, or it may not be used from here.
        NetworkForbiddenError: the network is switched off.
    """
    status = getattr(error, "code", None)
    answer = getattr(error, "response", None)
    if not isinstance(status, int) or answer is None:
        return from_exception(index, error, what=f"The answer of {host}", latency_ms=latency_ms)
    body = str(getattr(answer, "text", ""))[:_LONGEST_BODY]
    headers: Mapping[str, str] = dict(getattr(answer, "headers", {}))
    response = from_status(index, status, headers, body, latency_ms=latency_ms)
    details = list(_details(body))
    _end_if_hopeless(status, details, response.error or "", model, host)
    if status == 429:
        return _limited(response, details)
    if status == 400 and re.search(r"schema|json|mime", response.error or "", re.IGNORECASE):
        return replace(response, error=f"{response.error} ({_ANOTHER_FORM})")
    if response.retryable:
        wait = max(response.retry_after_s or 0.0, _retry_delay(details) or 0.0)
        return replace(response, retry_after_s=wait or None)
    return response


def until_midnight_in_california(now: datetime.datetime) -> float:
    """Seconds from ``now`` until Google's daily quotas begin anew."""
    try:
        zone: datetime.tzinfo = ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:  # Windows without the package tzdata
        zone = datetime.timezone(datetime.timedelta(hours=-8))
    there = now.astimezone(zone)
    midnight = datetime.datetime.combine(there.date() + datetime.timedelta(days=1), datetime.time(), zone)
    return (midnight.astimezone(datetime.UTC) - now.astimezone(datetime.UTC)).total_seconds()


def _end_if_hopeless(status: int, details: list[Mapping[str, Any]], said: str, model: str, host: str) -> None:
    reasons = {str(detail.get("reason", "")) for detail in details}
    bad_key = status in (401, 403) or any(reason.startswith("API_KEY_") for reason in reasons)
    if bad_key or (status == 400 and re.search(r"API key (not valid|expired)|API_KEY_INVALID", said)):
        raise ModelError(f"{host} does not accept the key for `{model}`: {said}", hint=_KEY_HINT)
    if status == 404:
        raise ModelError(
            f"{host} knows no model `{model}`: {said}",
            hint="Names are listed at https://ai.google.dev/gemini-api/docs/models; previews need api_version=v1beta.",
        )
    if status == 400 and "FAILED_PRECONDITION" in _statuses(details):
        raise ModelError(
            f"{host} does not answer this account: {said}",
            hint="Some countries and uses need billing to be set up in Google AI Studio.",
        )


def _limited(response: Response, details: list[Mapping[str, Any]]) -> Response:
    wait = max(response.retry_after_s or 0.0, _retry_delay(details) or 0.0)
    if _quota_of_a_day(details):
        left = until_midnight_in_california(datetime.datetime.now(datetime.UTC))
        wait = max(wait, left)
        hours, minutes = divmod(round(left / 60), 60)
        said = (
            f"{response.error} — the quota of this day is used up; the next begins in {hours} h {minutes} min"
        )
        return replace(response, error=said, retry_after_s=wait)
    return replace(response, retry_after_s=wait or None)


def _quota_of_a_day(details: list[Mapping[str, Any]]) -> bool:
    for detail in details:
        violations = detail.get("violations")
        for violation in violations[:_DEEPEST_DETAILS] if isinstance(violations, list) else ():
            if isinstance(violation, Mapping) and "perday" in str(violation.get("quotaId", "")).lower():
                return True
    return False


def _retry_delay(details: list[Mapping[str, Any]]) -> float | None:
    """``RetryInfo`` says it as ``37s`` or ``37.5s``."""
    for detail in details:
        if str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
            match = _DELAY.fullmatch(str(detail.get("retryDelay", "")))
            return min(float(match[1]), _LONGEST_WAIT_S) if match else None
    return None


def _statuses(details: list[Mapping[str, Any]]) -> set[str]:
    return {str(detail.get("status", "")) for detail in details}


def _details(body: str) -> Iterator[Mapping[str, Any]]:
    """The error itself, then its details; bodies may hold the error in a list, or none."""
    try:
        parsed: Any = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    error = parsed.get("error") if isinstance(parsed, Mapping) else None
    if not isinstance(error, Mapping):
        return
    yield error
    details = error.get("details")
    for detail in details[:_DEEPEST_DETAILS] if isinstance(details, list) else ():
        if isinstance(detail, Mapping):
            yield detail
