"""Something chosen by name, with its options: ``NAME[,OPTION=VALUE]…``.

The one spelling for styles, locators and datasets; it needs no quoting in a shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choice:
    """A name and the options given with it, as text, sorted."""

    name: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def given(self) -> Mapping[str, str]:
        """Option → value."""
        return dict(self.options)

    def __str__(self) -> str:
        return ",".join([self.name, *(f"{name}={value}" for name, value in self.options)])

    @classmethod
    def parse(cls, text: str) -> Choice:
        """Read ``NAME[,OPTION=VALUE]…``; hyphens in the names of options are underscores.

        Raises:
            ValueError: the text is of another form, or gives an option twice.
        """
        name, *rest = text.strip().split(",")
        if not _NAME.fullmatch(name):
            raise ValueError(f"`{name}` is no name")
        options: dict[str, str] = {}
        for written in rest:
            option, equals, value = written.partition("=")
            option = option.strip().replace("-", "_")
            if not equals or not _NAME.fullmatch(option) or not value.strip():
                raise ValueError(f"`{written}` is not OPTION=VALUE")
            if option in options:
                raise ValueError(f"`{option}` is given twice")
            options[option] = value.strip()
        return cls(name, tuple(sorted(options.items())))
