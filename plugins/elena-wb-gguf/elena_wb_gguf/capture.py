"""llama.cpp's callback for every number it computes, from which the attention of some layers is taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

import llama_cpp.llama_cpp as llama

from elena_wb_gguf.native import EngineError
from elena_wb_gguf.tensors import Scores, name_of, scores

_ATTENTION = re.compile(r"kq_soft_max-(\d{1,5})")
"""What llama.cpp calls the attention of a layer where it computes it apart, as it does without flash attention."""

Take = Callable[[int, Scores], None]
"""Is given a layer and its attention, which is there only until this returns."""


class Capture:
    """To be made before the context that it listens to, and kept as long as that lives: C holds a pointer to it."""

    def __init__(self) -> None:
        self.callback = llama.ggml_backend_sched_eval_callback(self._called)
        self._layers: Collection[int] = ()
        self._take: Take | None = None
        self._seen: set[int] = set()
        self._failure: BaseException | None = None

    def listen(self, layers: Collection[int], take: Take, compute: Callable[[], None]) -> None:
        """Have one batch computed, and the attention of each of ``layers`` given to ``take`` once.

        Raises:
            EngineError: llama.cpp fails, or a layer did not report.
            BaseException: what ``take`` raised, which ends the computation.
        """
        self._layers, self._take, self._seen, self._failure = layers, take, set(), None
        try:
            compute()
        finally:
            self._take = None
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
        missing = sorted(set(layers) - self._seen)
        if missing:
            raise EngineError(
                f"llama.cpp does not compute attention in layer {missing[0]} that could be read"
            )

    def _called(self, pointer: int | None, asking: bool, _: Any) -> bool:
        """Asked first whether a number is wanted, then told that it is there; ``False`` then ends the computation."""
        if self._take is None or not pointer:
            return not asking
        if self._failure is not None:
            return False
        try:
            found = _ATTENTION.fullmatch(name_of(pointer))
            layer = int(found[1]) if found else -1
            if asking or layer not in self._layers:
                return layer in self._layers
            if layer in self._seen:
                raise EngineError(f"llama.cpp computed the attention of layer {layer} in more than one part")
            self._seen.add(layer)
            self._take(layer, scores(pointer))
        except BaseException as error:  # noqa: BLE001 - nothing may be raised through C; it is raised again by `listen`
            self._failure = error
            return False
        return True
