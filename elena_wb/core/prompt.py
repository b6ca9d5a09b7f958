"""A prompt as it is sent: the words, the shape of the answer, and the digest that identifies both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Prompt:
    """One variant of a prompt pack, ready to send.

    ``name`` is what people type (``elena``), ``variant`` the one chosen by condition (``default`` or
    ``masked``). ``schema`` is a JSON Schema object of the expected answer, or ``None`` for free text;
    ``scheme`` names the label scheme of its emotion. ``paraphrase_of`` is the pack that it says in other words, if any.
    """

    name: str
    variant: str
    system: str
    user: str
    schema: Mapping[str, Any] | None
    scheme: str
    max_tokens: int
    paraphrase_of: str | None = None

    @property
    def digest(self) -> str:
        """sha256 (hex) over everything that can change an answer; the names do not."""
        body = [self.system, self.user, self.schema, self.scheme]
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def text(self) -> str:
        """System and user text as one block, as stored with a run."""
        return f"{self.system}\n\n{self.user}".strip()
