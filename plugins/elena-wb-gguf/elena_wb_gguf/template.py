"""The prompt as a model's own chat template writes it.

A template is a program that came with the model and is not trusted: it runs in Jinja's sandbox, with bounds of memory
and time. What people write
into a prompt is not trusted either: texts that would be read as control tokens are cut to pieces before the template
sees them, and the place of the picture is told by a word that nobody can guess.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from elena_wb_gguf.bounds import OutOfBoundsError, bounded
from elena_wb_gguf.native import EngineError

_LONGEST = 4_000_000
_LONGEST_S = 20.0
_UNRENDERED = ("'type'", '"type"', "'content'", '"content"')
"""Signs of a message that was put into the prompt as it is, with its brackets and keys."""
_SYSTEM, _USER = "zqsystemqz", "zquserqz"
_INSTRUCT = "Take the instruction-tuned version of the model (its name often ends in -it or -Instruct)."


class ChatTemplate:
    """Writes one question about one picture the way a model wants it.

    ``controls`` are the texts of its control tokens, ``bos`` and ``eos`` those of two among them; ``opened`` says
    that the first of these is put before the prompt by others and is to be left out here.
    """

    def __init__(self, source: str, controls: Sequence[str], *, bos: str, eos: str, opened: bool) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[Jinja2ChatFormatter.IgnoreGenerationTags, "jinja2.ext.loopcontrols"],
        )
        environment.filters["tojson"] = Jinja2ChatFormatter.tojson
        try:
            with bounded(_LONGEST_S):  # Jinja computes constants while it compiles
                self._template = environment.from_string(source)
        except Exception as error:
            raise EngineError(
                f"The model's chat template cannot be used: {_brief(error)}", _INSTRUCT
            ) from error
        self._bos, self._eos, self._opened = bos, eos, opened
        self._controls = re.compile("|".join(map(re.escape, controls))) if controls else None
        self._picture, self._cut = f"zq{secrets.token_hex(12)}qz", f"zq{secrets.token_hex(12)}zq"
        self._typed, self._system_role = self._habits()

    def pieces(self, system: str, user: str) -> tuple[list[str], list[str]]:
        """The text before the picture and that after it, each in parts to be read by the tokenizer one by one.

        Raises:
            EngineError: the template refuses the texts or loses the picture.
        """
        try:
            rendered = self._rendered(self._safe(system), self._safe(user), self._typed, self._system_role)
        except Exception as error:
            raise EngineError(f"the model's chat template refuses the prompt: {_brief(error)}") from error
        before, found, after = rendered.partition(self._picture)
        if not found or self._picture in after:
            raise EngineError("the model's chat template does not place the picture once")
        return before.split(self._cut), after.split(self._cut)

    def _habits(self) -> tuple[bool, bool]:
        """Whether contents come in parts with a type, and whether there is a system role."""
        for typed in (True, False):
            for system_role in (True, False):
                try:
                    shown = self._rendered(_SYSTEM, _USER, typed, system_role)
                except OutOfBoundsError as error:
                    raise EngineError(
                        f"The model's chat template cannot be used: {error}", _INSTRUCT
                    ) from error
                except Exception:  # noqa: BLE001 - a template is a program of its own and raises what it likes
                    continue
                once = all(shown.count(part) == 1 for part in (_SYSTEM, _USER, self._picture))
                if once and not any(word in shown for word in _UNRENDERED):
                    return typed, system_role
        raise EngineError("The model's chat template does not place a picture and a text.", _INSTRUCT)

    def _rendered(self, system: str, user: str, typed: bool, system_role: bool) -> str:
        messages: list[dict[str, Any]] = []
        if system and system_role:
            messages.append({"role": "system", "content": _content(typed, system)})
        elif system:
            user = f"{system}\n\n{user}"
        messages.append({"role": "user", "content": _content(typed, self._picture, user)})
        with bounded(_LONGEST_S):
            text = self._template.render(
                messages=messages,
                add_generation_prompt=True,
                bos_token="" if self._opened else self._bos,
                eos_token=self._eos,
                raise_exception=_refuse,
                strftime_now=lambda form: datetime.now().strftime(form),
                tools=None,
            )
        if len(text) > _LONGEST:
            raise OutOfBoundsError("it writes without end")
        return text.removeprefix(self._bos) if self._opened and self._bos else text

    def _safe(self, text: str) -> str:
        """``text`` with cuts between the characters of whatever would be read as a control token."""
        if self._controls is None:
            return text
        return self._controls.sub(lambda found: self._cut.join(found[0]), text)


def _content(typed: bool, *texts: str) -> list[dict[str, str]] | str:
    return [{"type": "text", "text": text} for text in texts] if typed else "".join(texts)


def _brief(error: Exception) -> str:
    return str(error)[:300]


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)
