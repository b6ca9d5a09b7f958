"""What a new plugin may be called."""

from __future__ import annotations

import re

from elena_wb.errors import UsageError
from elena_wb.plugins.host import KINDS, PluginHost

PREFIX = "elena-wb-"
"""Begins the name of a plugin's distribution; with underscores, that of its package."""

LONGEST = 30
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_OURS = frozenset({"gemini", "gguf", "hf", "openai", "ray", "tiny"})
_MEANT_OTHERWISE = frozenset({"builtin", "none", "http", "https", "file", "elena-wb"})


def plugin_name(given: str) -> str:
    """The name that ``given`` is meant as: in lower case, with hyphens, and without ``elena-wb-`` before it.

    It becomes the name of a distribution (PEP 503), of a Python package and of what is registered.

    Raises:
        UsageError: it cannot be one of these, or means something else already.
    """
    name = re.sub(r"[-_.]+", "-", given.strip()).lower().removeprefix(PREFIX)
    if not _NAME.fullmatch(name) or not 2 <= len(name) <= LONGEST:
        raise UsageError(
            f"`{given}` cannot be the name of a plugin.",
            hint=f"It is 2 to {LONGEST} letters (a to z), digits and hyphens, and begins with a letter: `my-camera`.",
        )
    if name in _OURS:
        raise UsageError(
            f"`{name}` is the name of a plugin that elena-wb brings itself ({PREFIX}{name}).",
            hint="Take another name.",
        )
    if name in _MEANT_OTHERWISE:
        raise UsageError(f"`{name}` means something else to elena-wb.", hint="Take another name.")
    return name


def require_free(name: str, host: PluginHost) -> None:
    """Make sure that nothing installed has ``name``, for whichever kind.

    Raises:
        UsageError: a plugin is called so, or provides something under that name, and which.
    """
    holders = {plugin for plugin, _ in host.manager.list_name_plugin()}
    holders |= set(host.distributions) | {failure.plugin for failure in host.failures}
    if name in holders:
        raise UsageError(
            f"A plugin `{name}` is installed already ({host.distribution_of(name)}).",
            hint="Take another name, or uninstall that one first.",
        )
    for kind in KINDS:
        claim = host.claims[kind].get(name)
        if claim is not None:
            raise UsageError(
                f"The name `{name}` is taken: {host.distribution_of(claim.plugin)} provides it among its {kind}.",
                hint="Take another name.",
            )
