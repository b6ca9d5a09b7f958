"""Making what is on trial as the host makes it, and holding its options and its identity against the contract."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from elena_wb.core import UsageError, WorkbenchError
from elena_wb.plugins import Claim, Maker
from elena_wb.testing.inspection import Inspection, Overheard, Unmet, must

NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
_FAR_OFF = "-1000000"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is on trial: ``first`` is the instance, ``again`` makes another of the same options.

    ``maker`` makes instances of other options, where a class was given and not an instance; ``options`` are those of
    ``first``.
    """

    first: Any
    again: Callable[[], Any]
    maker: Maker | None
    options: Mapping[str, str]


def made(inspection: Inspection, what: str, target: Any, options: Mapping[str, str] | None) -> Subject:
    """``target``, a class or a function that makes instances, called as the host calls it; or an instance as it is.

    Raises:
        AssertionError: it cannot be made, or its options cannot be read from text.
    """
    chosen = dict(options or {})
    if not callable(target):
        inspection.leave_out("its options and whether another instance is the same: an instance was given")
        return Subject(target, lambda: target, None, NO_OPTIONS)
    maker = Maker(what, Claim("on trial", what.replace(" ", "-"), target))
    with inspection.asking("each option is annotated and has a default, so that it can be read from text"):
        hints = _hints(target)
        for name, parameter in maker.options.items():
            must(name in hints, f"`{name}` without an annotation")
            must(parameter.default is not parameter.empty, f"`{name}` without a default")
    with inspection.asking("it is made of the options given, which are text"):
        first = maker(chosen)
    with inspection.asking("an option out of range is a ValueError that says what is allowed"):
        for name in maker.options:
            _tried(maker, {**chosen, name: _FAR_OFF})
    return Subject(first, lambda: maker(chosen), maker, chosen)


def check_identity(
    inspection: Inspection, subject: Subject, differs: Callable[[Any, Any], str | None], *, of: str
) -> None:
    """Hold ``identity`` against the contract: one line, the same for the same options, another where ``of`` differ.

    ``differs`` compares what two instances make of the same pictures, and says how where they do.

    Raises:
        AssertionError: something does not hold.
    """
    with inspection.asking("`identity` is one line of text, and the same each time and for each instance"):
        identity = _identity(subject.first)
        for other in (subject.first, subject.again()):
            must(_identity(other) == identity, f"{identity!r} and then {_identity(other)!r}")
    if subject.maker is None:
        return
    others = list(_others(subject.maker, subject.options))
    with inspection.asking(f"options that change {of} change the identity"):
        for option, other in others:
            if _identity(other) == identity and (seen := differs(subject.first, other)) is not None:
                must(False, f"{identity!r} with and without `{option}`, which makes a difference: {seen}")


@contextlib.contextmanager
def silent(inspection: Inspection) -> Iterator[None]:
    """Whatever is done within prints nothing on stdout."""
    printed = Overheard()
    with contextlib.redirect_stdout(printed):
        yield
    with inspection.asking("nothing is printed on stdout, which is for data"):
        must(not printed.getvalue(), repr(printed.getvalue()[:200]))


def _identity(one: Any) -> str:
    identity = one.identity
    must(
        isinstance(identity, str) and identity.strip() and len(identity.splitlines()) == 1,
        f"the identity {identity!r}",
    )
    return str(identity)


def _others(maker: Maker, options: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Instances that differ in one option, where another value can be thought of and is accepted."""
    target = maker.claim.load()
    hints = _hints(target)
    for name, parameter in maker.options.items():
        for text in _other_values(hints.get(name), parameter.default):
            other = None if text == options.get(name) else _tried(maker, {**options, name: text})
            if other is not None:
                yield f"{name}={text}", other


def _hints(target: Any) -> dict[str, Any]:
    return get_type_hints(target.__init__ if inspect.isclass(target) else target)


def _other_values(hint: Any, default: Any) -> list[str]:
    if get_origin(hint) is Literal:
        return [str(value) for value in get_args(hint) if value != default]
    if isinstance(default, bool):
        return ["false" if default else "true"]
    if isinstance(default, int):
        return [str(2 * default + 1), str(default // 2)]
    if isinstance(default, float):
        return [f"{default * 2 + 0.01:g}", f"{default / 2:g}"]
    return []


def _tried(maker: Maker, options: Mapping[str, str]) -> Any:
    """The instance, or ``None`` where the options are refused as they should be."""
    try:
        return maker(options)
    except UsageError:
        return None
    except WorkbenchError as error:
        if type(error) is WorkbenchError:  # what the host makes of anything else that is raised
            raise Unmet(f"with {dict(options)!r}: {error}") from error
        return None
