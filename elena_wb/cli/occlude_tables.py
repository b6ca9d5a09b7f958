"""What occlusion shows, in a table, in sentences and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Literal

import typer

from elena_wb.analysis.occluding import ALPHA, Effect, Left
from elena_wb.cli.output import print_json, print_table, say
from elena_wb.core import UNMASKED, Estimate
from elena_wb.masking.parts import spoken

if TYPE_CHECKING:
    from elena_wb.engine.occluding import Occlusion
    from elena_wb.store import Store

_WHY = {
    "missing": "not asked three times",
    "failed": "failed",
    "unfound": "nothing found to hide",
    "no_room": "no room for the control",
    "unread": "not read",
}


def show(occlusion: Occlusion, store: Store, *, how: Literal["table", "json", "event"]) -> None:
    """What the answers in the store say: a table on stdout with sentences on stderr, JSON, or one line of JSON."""
    effects = occlusion.effects(store)
    if how == "json":
        print_json(as_data(occlusion, store, effects))
    elif how == "event":
        typer.echo(json.dumps({"event": "Occluded", **as_data(occlusion, store, effects)}, default=str))
    else:
        columns, rows = table(effects)
        print_table(columns, rows)
        for sentence in sentences(effects, knocked_out=occlusion.knocks_out):
            say(sentence)


def table(effects: Sequence[Effect]) -> tuple[list[str], list[list[str]]]:
    """Column names and rows; columns that no part has anything for are left out."""
    columns = ["part", "n", "flips hidden", "flips control", "difference", "p", "p (Holm)"]
    rows = [
        [
            of.part,
            str(of.n),
            _share(of.hidden),
            _share(of.control),
            _points(of.difference),
            _p(of.p),
            _p(of.p_holm),
        ]
        for of in effects
    ]
    if any(of.confidence for of in effects):
        columns += ["log-prob hidden", "log-prob control", "log-prob difference"]
        for row, of in zip(rows, effects, strict=True):
            said = of.confidence
            row += (
                [f"{said.hidden.value:+.2f}", f"{said.control.value:+.2f}", _nats(said.difference)]
                if said
                else ["", "", ""]
            )
    if any(of.accuracy for of in effects):
        columns += ["right unmasked", "right hidden", "right control"]
        for row, of in zip(rows, effects, strict=True):
            right = of.accuracy
            row += (
                [_percent(one.value) for one in (right.unmasked, right.hidden, right.control)]
                if right
                else ["", "", ""]
            )
    columns.append("left out")
    for row, of in zip(rows, effects, strict=True):
        row.append(left_out(of.left))
    return columns, rows


def left_out(left: Left) -> str:
    """Questions that count for nothing, by reason."""
    return ", ".join(
        f"{count} {_WHY[one.name]}" for one in fields(left) if (count := getattr(left, one.name))
    )


def sentences(effects: Sequence[Effect], *, knocked_out: bool) -> Iterator[str]:
    """For each part what was found, and what that does and does not show."""
    tested = sum(of.n > 0 for of in effects)
    for of in effects:
        yield sentence(of, tested, knocked_out=knocked_out)
    if any(of.repeats for of in effects):
        yield (
            "Some pictures were asked about repeatedly: p-values and the intervals of shares take every answer for "
            "independent of the others; the intervals of differences do not."
        )


def sentence(of: Effect, tested: int, *, knocked_out: bool) -> str:
    """What was found of one part, one of ``tested``, and what that does and does not show."""
    part = spoken(of.part.partition("@")[0].replace("+", " and "))
    if not of.n:
        why = f" ({left_out(of.left)})" if of.left.total else ""
        return f"{part.capitalize()}: no question counts{why}, so that nothing can be told."
    deed, elsewhere = ("Hiding", "hiding")
    if knocked_out:
        deed = "Forbidding attention to"
        elsewhere = "forbidding it for"
    holm = f" after Holm's correction for {tested} parts" if tested > 1 else ""
    found = (
        f"{deed} the {part} changes {_count(of.hidden)} of {of.n} answers ({_percent(of.hidden.value)}), {elsewhere} "
        f"as much elsewhere {_count(of.control)} ({_percent(of.control.value)}); difference "
        f"{_points(of.difference)} points, p {_compared(of.p_holm)}{holm}."
    )
    if of.verdict == "part":
        return (
            f"{found} These answers depend on the {part} more than on as large an area elsewhere; what in it they "
            "depend on is not shown."
        )
    if of.verdict == "control":
        return (
            f"{found} These answers depend on what the control takes more than on the {part}; that the {part} does "
            "not matter is not shown."
        )
    apart = of.only_hidden + of.only_control
    count = f"Only {apart} of them" if apart else "None of them"
    few = f" {count} changed with one of the two alone." if 2.0 ** (1 - apart) > ALPHA else ""
    return (
        f"{found}{few} That the answers depend on the {part} more than on as large an area elsewhere is not shown, and "
        "neither is that they do not."
    )


def as_data(occlusion: Occlusion, store: Store, effects: Sequence[Effect]) -> dict[str, Any]:
    """Everything in full precision; what is not defined is null."""
    study = occlusion.study
    runs = occlusion.run_ids(store)
    prompt = study.plans[0].setting.prompt
    tested = sum(of.n > 0 for of in effects)
    conditions = {part.name: part for part in occlusion.parts}
    return {
        "model": study.card.uri,
        "prompt": prompt.name,
        "prompt_variant": prompt.variant,
        "style": str(occlusion.style),
        "unmasked_run": runs.get(UNMASKED),
        "test": "McNemar, exact, two-sided",
        "correction": f"Holm, for {tested} parts",
        "parts": [
            {
                **_finite(asdict(of)),
                "verdict": of.verdict,
                "sentence": sentence(of, tested, knocked_out=occlusion.knocks_out),
                "hidden_run": runs.get(conditions[of.part].hidden),
                "control_run": runs.get(conditions[of.part].control),
                "hidden_condition": str(conditions[of.part].hidden),
                "control_condition": str(conditions[of.part].control),
            }
            for of in effects
        ],
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(of) for name, of in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _count(of: Estimate) -> int:
    return round(of.value * of.n)


def _share(of: Estimate) -> str:
    if not of.n:
        return "–"
    return f"{_count(of)} ({_percent(of.value)}; {100 * of.low:.1f} to {100 * of.high:.1f})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(of: Estimate) -> str:
    if not of.n:
        return "–"
    interval = f" ({100 * of.low:+.1f} to {100 * of.high:+.1f})" if math.isfinite(of.low) else ""
    return f"{100 * of.value:+.1f}{interval}"


def _nats(of: Estimate) -> str:
    interval = f" ({of.low:+.2f} to {of.high:+.2f})" if math.isfinite(of.low) else ""
    return f"{of.value:+.2f}{interval}"


def _p(p: float) -> str:
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _compared(p: float) -> str:
    return _p(p) if p < 0.001 else f"= {_p(p)}"
