"""Before the first picture: is each server there, does it have the model, and what does it take?"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openai

from elena_wb.core import ModelError, Request, Response, WorkbenchError
from elena_wb.nearest import nearest
from elena_wb.remote.failures import from_status
from elena_wb_openai.calling import failed, raise_for_key, text_of
from elena_wb_openai.model import OpenAIModel
from elena_wb_openai.servers import Server, Servers

_CHECK_S = 10.0
_PAUSES_S = (0.3, 1.0, 3.0)
_MOST_NAMES, _LONGEST_NAME = 5000, 200
_SIDE = 64
_PROBE = Request(
    image=np.full((_SIDE, _SIDE, 3), 128, np.uint8),
    image_digest="",
    system="Answer in JSON.",
    user='Is there a person in the picture? Answer in JSON: {"answer": "Yes"} or {"answer": "No"}.',
    schema={
        "title": "answer",
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": ["Yes", "No"]}},
        "required": ["answer"],
        "additionalProperties": False,
    },
    max_tokens=16,
)


@dataclass(frozen=True, slots=True)
class Found:
    """Servers that answer, and what to tell of those that do not."""

    reachable: tuple[Server, ...]
    notes: tuple[str, ...]


def find_servers(servers: Servers, model: str) -> Found:
    """Ask each server for its models. One that keeps no list, or is too busy for it, is taken at its word.

    Raises:
        ModelError: no server can be reached; or one that can has no such model, wants another key, or is something
            else altogether.
    """
    reachable: list[Server] = []
    problems: list[str] = []
    for server in servers:
        problem = _problem(server, model)
        if problem is None:
            reachable.append(server)
        else:
            servers.failed(server)
            problems.append(problem)
    if not reachable:
        raise ModelError(
            " ".join(problems),
            hint="Is the server running, and is base_url its address and port (and http or https)?",
        )
    return Found(tuple(reachable), tuple(f"Not there when the run began: {problem}" for problem in problems))


def learn(model: OpenAIModel, servers: Sequence[Server]) -> tuple[str, ...]:
    """Put one tiny question to each server, so that all pictures are asked about in a form that all of them take.

    Returns:
        What is to be noted with the run.

    Raises:
        ModelError: a server cannot answer questions of this kind about pictures.
    """
    unclear = []
    for server in servers:
        response = _asked(model, server)
        if response.finish_reason == "error":
            unclear.append(
                f"{server.address.shown} did not answer the first, tiny question ({response.error})."
            )
    dialect = model.dialect
    told = {
        "json_schema": "The server keeps answers to the prompt's schema (json_schema).",
        "json_object with the schema": "The server keeps answers to JSON, and to the prompt's schema if it heeds one "
        "there (json_object with `schema`); it takes no json_schema.",
        "json_object": "The server keeps answers to JSON, but not to the prompt's schema (json_object).",
        "none": "The server does not constrain answers.",
    }[dialect.structure]
    without = () if dialect.top_logprobs is not None else ("Log-probabilities of labels are not asked for.",)
    known = () if len(unclear) == len(servers) else (told, *without)
    return (*known, *unclear)


def _asked(model: OpenAIModel, server: Server) -> Response:
    response = model.ask_one(server, _PROBE)
    for pause in _PAUSES_S:
        if response.finish_reason != "error" or not response.retryable or response.trouble == "timeout":
            break
        time.sleep(max(pause, min(response.retry_after_s or 0.0, 2 * _PAUSES_S[-1])))
        response = model.ask_one(server, _PROBE)
    return response


def _problem(server: Server, model: str) -> str | None:
    """Why ``server`` cannot be reached; ``None`` if it can."""
    try:
        body = server.client.with_options(timeout=_CHECK_S).models.with_raw_response.list().content
    except openai.APIStatusError as error:
        if error.status_code == 401:  # with 403 a key may be meant that is for questions alone
            said = from_status(0, error.status_code, error.response.headers, text_of(error)).error or ""
            raise_for_key(server, error.status_code, said)
        return None
    except openai.APITimeoutError as error:
        return None if _was_connected(error) else failed(server, 0, error).error
    except WorkbenchError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the client or its HTTP library raises: it is not there
        return failed(server, 0, error).error
    names = _names(server, body)
    if names and not any(name in (model, f"{model}:latest", f"models/{model}") for name in names):
        raise ModelError(f"{server.address.shown} has no model `{model}`.", hint=nearest(model, names))
    return None


def _was_connected(error: openai.APITimeoutError) -> bool:
    """Whether the server took the call and was too slow; one at work may answer nothing else meanwhile."""
    return type(error.__cause__).__name__ == "ReadTimeout"


def _names(server: Server, body: bytes) -> list[str]:
    """The names in a list of models; empty where there is no such list.

    Raises:
        ModelError: the answer is a web page.
    """
    if body[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise ModelError(
            f"{server.address.shown} answers with a web page where its models should be listed.",
            hint="Give the address of the API as base_url; it most often ends in /v1.",
        )
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError):
        return []
    entries = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(entries, list):
        return []
    names = [entry.get("id") for entry in entries[:_MOST_NAMES] if isinstance(entry, dict)]
    return [
        name for name in names if isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isprintable()
    ]
