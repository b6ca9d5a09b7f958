"""llama.cpp's text model and vocabulary, below the Python API. Everything here runs in the child process."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama
import llama_cpp.mtmd_cpp as mtmd

from elena_wb_gguf.asking import DAMAGED

_ERROR, _CONTINUED = 4, 5
_KEPT_ALIVE: list[Any] = []
"""Callbacks that C holds pointers to."""


class EngineError(Exception):
    """Something that can be told about in a sentence; ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class NoRoomError(EngineError):
    """There is not enough memory."""


class AnswerError(EngineError):
    """One answer, or its picture, stands in the way; others need not."""


def quieten(everything: bool) -> None:
    """Let llama.cpp write its errors to standard error, or ``everything`` it has to say."""
    showing = False

    def write(level: int, text: bytes, _: object) -> None:
        nonlocal showing
        if level != _CONTINUED:
            showing = everything or level >= _ERROR
        if showing:
            os.write(2, text)

    callback = llama.llama_log_callback(write)
    _KEPT_ALIVE.append(callback)
    for set_callback in (llama.llama_log_set, mtmd.mtmd_log_set, mtmd.mtmd_helper_log_set):
        set_callback(callback, None)


def device_name(threads: int, gpu_layers: int) -> str:
    """What the model runs on, for people to read."""
    if gpu_layers and llama.llama_supports_gpu_offload():
        return f"GPU, {'all' if gpu_layers < 0 else gpu_layers} layers, {threads} CPU threads"
    return f"CPU, {threads} thread{'' if threads == 1 else 's'}"


class TextModel:
    """The weights of the language model and its vocabulary."""

    def __init__(
        self, path: Path, *, gpu_layers: int, check_tensors: bool, progress: Callable[[], None]
    ) -> None:
        def report(_: float, __: object) -> bool:
            progress()
            return True

        llama.llama_backend_init()
        parameters = llama.llama_model_default_params()
        parameters.n_gpu_layers = gpu_layers
        parameters.check_tensors = check_tensors
        parameters.progress_callback = llama.llama_progress_callback(report)
        self.handle = llama.llama_model_load_from_file(os.fsencode(path), parameters)
        if not self.handle:
            raise EngineError(f"llama.cpp cannot load the text model {path.name}.", DAMAGED)
        self.vocabulary: Any = llama.llama_model_get_vocab(self.handle)
        self.size: int = llama.llama_vocab_n_tokens(self.vocabulary)
        self.trained_context: int = llama.llama_model_n_ctx_train(self.handle)
        self.input_width: int = llama.llama_model_n_embd_inp(self.handle)
        self.layers: int = llama.llama_model_n_layer(self.handle)
        self.heads: int = llama.llama_model_n_head(self.handle)

    @cached_property
    def template(self) -> str | None:
        """The chat template, in Jinja's language."""
        raw = llama.llama_model_chat_template(self.handle, None)
        return raw.decode("utf-8", "replace") if raw else None

    @cached_property
    def beginning(self) -> int | None:
        """The token that opens every prompt, if the model wants one."""
        token = int(llama.llama_vocab_bos(self.vocabulary))
        return token if llama.llama_vocab_get_add_bos(self.vocabulary) and token >= 0 else None

    def special_text(self, token: int) -> str:
        """How a special token is written; empty for a negative one, which stands for none."""
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    @property
    def bos_text(self) -> str:
        """The text of the beginning-of-sequence token."""
        return self.special_text(llama.llama_vocab_bos(self.vocabulary))

    @property
    def eos_text(self) -> str:
        """The text of the end-of-sequence token."""
        return self.special_text(llama.llama_vocab_eos(self.vocabulary))

    @cached_property
    def controls(self) -> tuple[str, ...]:
        """Every text that is read as a control token, longest first."""
        attributes = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN
        found = (
            self._text(token)
            for token in range(self.size)
            if llama.llama_vocab_get_attr(self.vocabulary, token) & attributes
        )
        return tuple(sorted({text for text in found if text}, key=lambda text: (-len(text), text)))

    def single(self, characters: Iterable[str]) -> dict[str, int]:
        """Of ASCII ``characters``, those that are tokens of their own, with their ids."""
        wanted = {f"<0x{ord(character):02X}>": character for character in characters}
        wanted |= {character: character for character in characters}
        found: dict[str, int] = {}
        for token in range(self.size):
            text = self._text(token)
            if text in wanted and (text == wanted[text] or wanted[text] not in found):
                found[wanted[text]] = token
        return found

    def tokens(self, text: str, *, special: bool = True) -> list[int]:
        """The tokens of ``text``, neither opened nor closed; control tokens are read as such if ``special``."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        while True:
            buffer = (llama.llama_token * room)()
            count = llama.llama_tokenize(self.vocabulary, raw, len(raw), buffer, room, False, special)
            if count >= 0:
                return buffer[:count]
            if -count <= room:
                raise EngineError("llama.cpp cannot turn the text into tokens.")
            room = -count

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes that ``token`` stands for: perhaps a part of a character, empty for control tokens."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = llama.llama_token_to_piece(self.vocabulary, token, buffer, room, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def ends(self, token: int) -> bool:
        """Whether ``token`` ends an answer."""
        return bool(llama.llama_vocab_is_eog(self.vocabulary, token))

    def free(self) -> None:
        """Give the memory back. To be called once."""
        llama.llama_model_free(self.handle)

    def _text(self, token: int) -> str:
        raw = llama.llama_vocab_get_text(self.vocabulary, token)
        return raw.decode("utf-8", "replace") if raw else ""
