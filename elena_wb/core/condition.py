"""Masking conditions: which parts are hidden, how, and found by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass

from elena_wb.core.choice import Choice
from elena_wb.errors import UsageError

_NAME = r"[a-z][a-z0-9_-]*"
_SPEC = re.compile(
    rf"(?P<parts>{_NAME}(?:\+{_NAME})*)(?::(?P<style>[^:@]+))?(?:@(?P<locator>[^:@]+))?", re.ASCII
)
_HINT = (
    "A condition is `none` or PARTS[:STYLE[,OPTION=VALUE]…][@LOCATOR[,OPTION=VALUE]…], such as `face`, "
    "`face+hands:box@annotated`, `face:blur,padding=0.2`."
)
CONTROL = "control"
"""The style that hides as much elsewhere, and never the part."""
KNOCK_OUT, KNOCK_OUT_CONTROL = "knock-out", "knock-out-control"
"""The styles that keep the model from attending to the part, or to as much elsewhere, and hide no pixel."""
_SHOWING_THE_PART = {CONTROL, KNOCK_OUT, KNOCK_OUT_CONTROL}


@dataclass(frozen=True, slots=True)
class Condition:
    """What is hidden from the model. ``parts`` is empty for the unmasked condition ``none``.

    ``style`` and ``locator`` are ``None`` where the user left the choice to the host.
    """

    parts: tuple[str, ...] = ()
    style: Choice | None = None
    locator: Choice | None = None

    @property
    def masked(self) -> bool:
        """Whether anything is hidden."""
        return bool(self.parts)

    @property
    def hides_face(self) -> bool:
        """Whether the face is among what is hidden: its pixels, not only the model's attention to them."""
        hides_the_part = self.style is None or self.style.name not in _SHOWING_THE_PART
        return hides_the_part and bool({"face", "head", "body"} & set(self.parts))

    def __str__(self) -> str:
        if not self.parts:
            return "none"
        style = f":{self.style}" if self.style else ""
        locator = f"@{self.locator}" if self.locator else ""
        return "+".join(self.parts) + style + locator

    @classmethod
    def parse(cls, spec: str) -> Condition:
        """Read ``none`` or ``PARTS[:STYLE][@LOCATOR]``, each of the two with its options after commas.

        Parts and options are sorted, so that equal specs are equal.

        Raises:
            UsageError: the text is no condition.
        """
        text = spec.strip().lower()
        if text == "none":
            return cls()
        match = _SPEC.fullmatch(text)
        if match is None:
            raise UsageError(f"`{spec}` is no masking condition.", hint=_HINT)
        parts = tuple(sorted(set(match["parts"].split("+"))))
        if "none" in parts:
            raise UsageError(f"`{spec}` joins `none` with other parts.", hint=_HINT)
        try:
            style = Choice.parse(match["style"]) if match["style"] else None
            locator = Choice.parse(match["locator"]) if match["locator"] else None
        except ValueError as error:
            raise UsageError(f"`{spec}` is no masking condition: {error}.", hint=_HINT) from error
        return cls(parts, style, locator)


UNMASKED = Condition()
