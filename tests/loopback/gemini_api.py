"""The Gemini API as the google-genai client speaks it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.loopback import pictures
from tests.loopback.answers import Token, Written, write
from tests.loopback.calls import Asked, Call, Picture
from tests.loopback.gemini_batches import Batches
from tests.loopback.pictures import BadRequestError

_KNOWN = {
    "contents", "systemInstruction", "safetySettings", "generationConfig", "tools", "toolConfig", "cachedContent",
    "model", "serviceTier", "store", "labels",
}  # fmt: skip
_KNOWN_CONFIG = {
    "temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "responseLogprobs",
    "logprobs", "presencePenalty", "frequencyPenalty", "seed", "responseMimeType", "responseSchema",
    "responseJsonSchema", "responseModalities", "mediaResolution", "thinkingConfig", "speechConfig",
}  # fmt: skip
_STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


class Gemini:
    """``generateContent``, ``batchGenerateContent`` with ``batches``, ``countTokens`` and ``models``.

    Unknown fields are answered with 400, as the real API does. ``batches`` (:class:`Batches`) says how batches go.
    ``thinks`` is the number of thinking tokens spent, or fewer if the request's budget is smaller.
    """

    prefix = ""

    def __init__(
        self,
        models: Sequence[str] = ("gemini-2.5-flash",),
        *,
        batches: Batches | None = None,
        thinks: int = 0,
        version: str | None = None,
    ) -> None:
        self.models = tuple(models)
        self.thinks = thinks
        self.version = version
        self.batches = batches or Batches()

    def key(self, call: Call) -> str | None:
        return call.headers.get("x-goog-api-key") or call.query.get("key")

    def asks_for_answers(self, method: str, path: str) -> bool:
        return method == "POST" and path.endswith((":generateContent", ":batchGenerateContent"))

    def read(self, call: Call) -> None:
        path = _below_version(call.path)
        model, _, verb = path.removeprefix("models/").partition(":")
        if call.method != "POST" or not path.startswith("models/"):
            return
        if model not in self.models:
            raise BadRequestError(f"models/{model} is not found for this API version.")
        if not isinstance(call.body, dict):
            raise BadRequestError("Invalid JSON payload received.")
        if verb == "generateContent":
            call.questions = (_asked(call.body, model),)
        elif verb == "batchGenerateContent":
            call.questions = tuple(_asked(entry, model) for entry in self.batches.requests(call.body))

    def reply(self, call: Call, manner: str) -> Any:
        path = _below_version(call.path)
        if path.endswith(":generateContent") and call.questions:
            return self.response(call.questions[0], manner, call.key)
        if path.endswith(":batchGenerateContent") and call.questions:
            model = path.partition(":")[0]
            ready = [self.response(asked, manner, call.key) for asked in call.questions]
            return self.batches.create(model, call.body, ready)
        if path.endswith(":countTokens"):
            asked = _asked(call.body.get("generateContentRequest") or call.body, "any")
            return {"totalTokens": write(asked).prompt_tokens}
        if path == "batches" or path.startswith("batches/"):
            return self.batches.serve(call.method, path, call.query)
        if call.method == "GET" and path == "models":
            return {"models": [_model(name) for name in self.models]}
        if call.method == "GET" and path.removeprefix("models/") in self.models:
            return _model(path.removeprefix("models/"))
        raise LookupError(call.path)

    def error(self, status: int, message: str, retry_delay: float | None) -> Any:
        made: dict[str, Any] = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
        if retry_delay is not None:
            kind = "type.googleapis.com/google.rpc.RetryInfo"
            made["details"] = [{"@type": kind, "retryDelay": f"{retry_delay:g}s"}]
        return {"error": made}

    def wrong_key(self) -> tuple[int, Any]:
        """The real API says 400 here, with the reason in the details."""
        made = self.error(400, "API key not valid. Please pass a valid API key.", None)
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        made["error"]["details"] = [{"@type": kind, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
        return 400, made

    def response(self, asked: Asked, manner: str, key: str | None) -> Any:
        """A GenerateContentResponse."""
        if manner == "strange types":
            return {"candidates": "several", "usageMetadata": [1]}
        written = write(asked)
        thoughts = min(self.thinks, asked.thinking_tokens) if asked.thinking_tokens >= 0 else self.thinks
        made: dict[str, Any] = {
            "candidates": [self._candidate(asked, written, manner, key)],
            "usageMetadata": {
                "promptTokenCount": written.prompt_tokens,
                "candidatesTokenCount": len(written.tokens),
                "totalTokenCount": written.prompt_tokens + len(written.tokens) + thoughts,
                "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258 * len(asked.pictures)}],
            },
            "modelVersion": self.version or asked.model,
            "responseId": asked.fingerprint[:16],
        }
        if thoughts:
            made["usageMetadata"]["thoughtsTokenCount"] = thoughts
        if manner in ("empty", "blocked"):
            del made["candidates"]
            del made["usageMetadata"]["candidatesTokenCount"]
        if manner == "blocked":
            made["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
        if manner == "two answers":
            second = _text_candidate(1, written.text.replace("emotion", "EMOTION"), "STOP")
            made["candidates"].append(second)
        if manner == "no usage":
            del made["usageMetadata"]
        return made

    def _candidate(self, asked: Asked, written: Written, manner: str, key: str | None) -> dict[str, Any]:
        rating = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}
        match manner:
            case "refused":
                return {"finishReason": "SAFETY", "index": 0, "safetyRatings": [rating]}
            case "prohibited":
                return {"finishReason": "PROHIBITED_CONTENT", "index": 0}
            case "no content":
                return {"content": {"role": "model"}, "finishReason": "STOP", "index": 0}
            case "truncated":
                return _text_candidate(0, written.text[: len(written.text) // 2], "MAX_TOKENS")
            case "echo":
                return _text_candidate(0, f"You sent x-goog-api-key: {key}. {written.text}", "STOP")
            case "prose":
                return _text_candidate(0, "A person stands in a field of wheat.", "STOP")
        made = _text_candidate(0, written.text, "MAX_TOKENS" if written.cut else "STOP")
        if asked.top_logprobs is not None:
            made["avgLogprobs"] = sum(token.logprob for token in written.tokens) / len(written.tokens)
            made["logprobsResult"] = {
                "chosenCandidates": [_scored(token.text, token.logprob) for token in written.tokens],
                "topCandidates": [_top(token, asked.top_logprobs) for token in written.tokens],
            }
        return made


def _below_version(path: str) -> str:
    """The path without the version of the API: the client asks for v1 or v1beta, as it is told."""
    return re.sub(r"^/v1(beta|alpha)?/", "", path)


def _camel(value: Any) -> Any:
    """Both spellings of a field are welcome, as with every JSON form of protocol buffers; schemas stay as they are."""
    if isinstance(value, list):
        return [_camel(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, inner in value.items():
        camel = re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
        made[camel] = inner if camel in ("responseSchema", "responseJsonSchema") else _camel(inner)
    return made


def _asked(given_body: Mapping[str, Any], model: str) -> Asked:
    body = _camel(given_body)
    config: Mapping[str, Any] = body.get("generationConfig") or {}
    for name in [
        *(set(body) - _KNOWN),
        *(f"generation_config.{name}" for name in set(config) - _KNOWN_CONFIG),
    ]:
        raise BadRequestError(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
    user: list[str] = []
    shown: list[Picture] = []
    for content in body.get("contents") or ():
        for part in content.get("parts") or ():
            if "inlineData" in part:
                given = part["inlineData"]
                shown.append(pictures.picture(_standard(given["data"]), given.get("mimeType", "")))
            elif "text" in part:
                user.append(part["text"])
            else:
                raise BadRequestError(f"Unknown part {sorted(part)}.")
    if not user and not shown:
        raise BadRequestError("* GenerateContentRequest.contents: contents is not specified")
    system = [part.get("text", "") for part in (body.get("systemInstruction") or {}).get("parts") or ()]
    schema = config.get("responseSchema") or config.get("responseJsonSchema")
    if schema and config.get("responseMimeType") != "application/json":
        raise BadRequestError("A response schema needs responseMimeType application/json.")
    if "logprobs" in config and not config.get("responseLogprobs"):
        raise BadRequestError("Logprobs is set but response_logprobs is not.")
    thinking = config.get("thinkingConfig") or {}
    return Asked(
        model=model,
        pictures=tuple(shown),
        system="\n".join(system),
        user="\n".join(user),
        seed=config.get("seed"),
        temperature=config.get("temperature"),
        max_tokens=config.get("maxOutputTokens"),
        schema=schema,
        wants_json=config.get("responseMimeType") == "application/json",
        top_logprobs=int(config.get("logprobs") or 0) if config.get("responseLogprobs") else None,
        thinking_tokens=int(thinking.get("thinkingBudget", -1)),
    )


def _standard(encoded: str) -> str:
    """The client may send the URL-safe alphabet, which the real API takes too."""
    return (
        base64.b64encode(base64.urlsafe_b64decode(encoded)).decode() if {"-", "_"} & set(encoded) else encoded
    )


def _text_candidate(index: int, text: str, reason: str) -> dict[str, Any]:
    return {"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": reason, "index": index}


def _scored(text: str, logprob: float) -> Mapping[str, Any]:
    return {"token": text, "tokenId": sum(text.encode()), "logProbability": logprob}


def _top(token: Token, top: int) -> Mapping[str, Any]:
    return {"candidates": [_scored(text, logprob) for text, logprob in token.alternatives[: max(1, top)]]}


def _model(name: str) -> Mapping[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens", "batchGenerateContent"],
    }
