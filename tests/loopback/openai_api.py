"""The chat completions API, as OpenAI and the servers that imitate it speak it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tests.loopback import pictures
from tests.loopback.answers import Token, write
from tests.loopback.calls import Asked, Call, Picture
from tests.loopback.pictures import BadRequestError

_LIMITS = ("max_completion_tokens", "max_tokens")


class OpenAI:
    """``GET /v1/models`` and ``POST /v1/chat/completions``.

    ``models`` are those it serves; ``refuses`` names fields of the body that it answers with 400, as servers do that
    do not know them (`response_format`, `logprobs`, `seed`, `max_tokens`…); ``ignores`` names fields that it
    overlooks without a word (`response_format`, `logprobs`); ``fingerprint`` and ``answers_as`` are what it says
    has answered.
    """

    prefix = "/v1"

    def __init__(
        self,
        models: Sequence[str] = ("tiny-vision",),
        *,
        refuses: Collection[str] = (),
        ignores: Collection[str] = (),
        fingerprint: str | None = "fp_loopback",
        answers_as: str | None = None,
    ) -> None:
        self.models = tuple(models)
        self.refuses = refuses
        self.ignores = ignores
        self.fingerprint = fingerprint
        self.answers_as = answers_as
        self._ids = itertools.count(1)

    def key(self, call: Call) -> str | None:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        return value if scheme == "Bearer" and value else None

    def asks_for_answers(self, method: str, path: str) -> bool:
        return method == "POST" and path.endswith("/chat/completions")

    def read(self, call: Call) -> None:
        if not self.asks_for_answers(call.method, call.path):
            return
        body = call.body
        if not isinstance(body, dict):
            raise BadRequestError("The body is not a JSON object.")
        for name in self.refuses:
            if name in body:
                raise BadRequestError(f"Unsupported parameter: '{name}' is not supported with this model.")
        if body.get("stream"):
            raise BadRequestError("Streams are not served here.")
        if body.get("model") not in self.models:
            raise BadRequestError(f"The model `{body.get('model')}` does not exist.")
        if "top_logprobs" in body and not body.get("logprobs"):
            raise BadRequestError("top_logprobs needs logprobs.")
        if not 0 <= (body.get("top_logprobs") or 0) <= 20:
            raise BadRequestError("top_logprobs must be between 0 and 20.")
        call.questions = (self._asked(body),)

    def reply(self, call: Call, manner: str) -> Any:
        if call.method == "GET" and call.path == f"{self.prefix}/models":
            return {"object": "list", "data": [_model(name) for name in self.models]}
        if call.method == "GET" and call.path.removeprefix(f"{self.prefix}/models/") in self.models:
            return _model(call.path.removeprefix(f"{self.prefix}/models/"))
        if not call.questions:
            raise LookupError(call.path)
        return self._completion(call.questions[0], call, manner)

    def error(self, status: int, message: str, retry_delay: float | None) -> Any:
        kind = {429: "rate_limit_exceeded", 400: "invalid_request_error"}.get(status, "server_error")
        return {"error": {"message": message, "type": kind, "param": None, "code": kind}}

    def wrong_key(self) -> tuple[int, Any]:
        return 401, {
            "error": {
                "message": "Incorrect API key provided.",
                "type": "invalid_request_error",
                "param": None,
                "code": "invalid_api_key",
            }
        }

    def _asked(self, body: Mapping[str, Any]) -> Asked:
        system: list[str] = []
        user: list[str] = []
        shown: list[Picture] = []
        for message in body.get("messages") or ():
            content = message.get("content")
            texts = [{"type": "text", "text": content}]
            parts: list[dict[str, Any]] = texts if isinstance(content, str) else content or []
            for part in parts:
                if part.get("type") == "text":
                    (system if message.get("role") in ("system", "developer") else user).append(part["text"])
                elif part.get("type") == "image_url":
                    shown.append(pictures.from_data_url(part["image_url"]["url"]))
                else:
                    raise BadRequestError(f"Unknown content part {part.get('type')!r}.")
        wanted = {} if "response_format" in self.ignores else body.get("response_format") or {}
        schema = None
        if wanted.get("type") == "json_schema":
            given = wanted.get("json_schema") or {}
            if not given.get("name") or "schema" not in given:
                raise BadRequestError("response_format.json_schema needs name and schema.")
            schema = given["schema"]
        elif wanted.get("type") not in (None, "json_object", "text"):
            raise BadRequestError(f"Unknown response_format {wanted.get('type')!r}.")
        scores = bool(body.get("logprobs")) and "logprobs" not in self.ignores
        return Asked(
            model=str(body["model"]),
            pictures=tuple(shown),
            system="\n".join(system),
            user="\n".join(user),
            seed=body.get("seed"),
            temperature=body.get("temperature"),
            max_tokens=next((body[name] for name in _LIMITS if body.get(name) is not None), None),
            schema=schema,
            wants_json=bool(wanted),
            top_logprobs=int(body.get("top_logprobs") or 0) if scores else None,
        )

    def _completion(self, asked: Asked, call: Call, manner: str) -> Any:
        if manner == "strange types":
            return {"id": 7, "choices": {"message": "?"}, "usage": "many", "model": None}
        written = write(asked)
        choice = _choice(0, written.text, "length" if written.cut else "stop")
        if asked.top_logprobs is not None:
            choice["logprobs"] = {"content": [_logprob(t, asked.top_logprobs) for t in written.tokens]}
        message = choice["message"]
        match manner:
            case "truncated":
                message["content"] = written.text[: len(written.text) // 2]
                choice |= {"finish_reason": "length", "logprobs": None}
            case "refused":
                message |= {"content": None, "refusal": "I'm sorry, I can't help with that."}
                choice["logprobs"] = None
            case "blocked" | "prohibited":
                message["content"] = "" if manner == "blocked" else None
                choice |= {"finish_reason": "content_filter", "logprobs": None}
            case "no content":
                message["content"] = None
                choice["logprobs"] = None
            case "echo":
                message["content"] = (
                    f"You sent {call.key} ({call.headers.get('authorization')}). {written.text}"
                )
            case "prose":
                message["content"] = "A person stands in a field of wheat."
        choices = [] if manner == "empty" else [choice]
        if manner == "two answers":
            choices.append(_choice(1, written.text.replace("emotion", "EMOTION"), "stop"))
        made = {
            "id": f"chatcmpl-{next(self._ids)}",
            "object": "chat.completion",
            "created": 1_750_000_000,
            "model": self.answers_as or asked.model,
            "choices": choices,
            "system_fingerprint": self.fingerprint,
            "usage": {
                "prompt_tokens": written.prompt_tokens,
                "completion_tokens": len(written.tokens),
                "total_tokens": written.prompt_tokens + len(written.tokens),
            },
        }
        if manner == "no usage":
            del made["usage"]
        return made


def _model(name: str) -> Mapping[str, Any]:
    return {"id": name, "object": "model", "created": 1_750_000_000, "owned_by": "loopback"}


def _choice(index: int, text: str, reason: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    return {"index": index, "finish_reason": reason, "message": message, "logprobs": None}


def _logprob(token: Token, top: int) -> Mapping[str, Any]:
    return {
        "token": token.text,
        "logprob": token.logprob,
        "bytes": list(token.text.encode()),
        "top_logprobs": [
            {"token": text, "logprob": logprob, "bytes": list(text.encode())}
            for text, logprob in token.alternatives[:top]
        ],
    }
