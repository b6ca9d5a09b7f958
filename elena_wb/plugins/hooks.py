"""Whether a plugin implements the hooks as they are: their names and what they are given."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pluggy

from elena_wb import hookspecs
from elena_wb.nearest import nearest
from elena_wb.plugins.health import Doubt, Failure


def hook_names() -> tuple[str, ...]:
    """The hooks that there are, sorted."""
    return tuple(sorted(name for name, spec in vars(hookspecs).items() if hasattr(spec, "elena_wb_spec")))


def examine_hooks(
    manager: pluggy.PluginManager, name: str, plugin: object
) -> tuple[list[Failure], list[Doubt]]:
    """What is wrong with the hooks of the plugin ``name``, before it is registered."""
    failures: list[Failure] = []
    unmarked: list[str] = []
    marked = False
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            if attribute in hook_names() and callable(getattr(plugin, attribute, None)):
                unmarked.append(attribute)
            continue
        marked = True
        hook = options.get("specname") or attribute
        failures += [
            Failure(name, reason)
            for reason in _faults(
                hook,
                getattr(plugin, attribute),
                wrapper=bool(options.get("wrapper") or options.get("hookwrapper")),
                optional=bool(options.get("optionalhook")),
            )
        ]
    doubts = [
        Doubt(name, f"`{hook}` is not marked with @hookimpl, so that it is never called") for hook in unmarked
    ]
    if not marked and not unmarked:
        doubts.append(Doubt(name, "implements no hook, so that it provides nothing"))
    return failures, doubts


def _faults(hook: str, function: object, *, wrapper: bool, optional: bool) -> Iterator[str]:
    if hook not in hook_names():
        if not optional:
            yield f"there is no hook `{hook}`. {nearest(hook, hook_names()) or ''}".strip()
        return
    if wrapper:
        yield f"`{hook}` is a wrapper, which hooks of elena-wb cannot be"
        return
    assert callable(function)
    given = list(inspect.signature(getattr(hookspecs, hook)).parameters)
    wanted = list(inspect.signature(function).parameters)
    if wanted != given:
        yield f"`{hook}` takes ({', '.join(wanted)}), and the hook gives ({', '.join(given)})"
