"""How runs were made, in tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from elena_wb.findings.pieces import Piece, Section, Table
from elena_wb.findings.setup import RunAsMade, SetUp
from elena_wb.findings.words import listed, percent
from elena_wb.store.as_made import audited_masks_sql, data_sets_sql, label_sources_sql

_BESIDE = 3
"""So many runs stand beside one another in a table."""
_UNKNOWN = "not recorded"
_NOT_LIBRARIES = {"platform", "device", "python"}


def sections(made: SetUp) -> tuple[Section, ...]:
    """One section: every run with its provenance, the data, the labels, the audits."""
    if not made.runs:
        return ()
    run_ids = [of.run_id for of in made.runs]
    pieces: list[Piece] = []
    for start in range(0, len(made.runs), _BESIDE):
        pieces.append(_provenance(made.runs[start : start + _BESIDE]))
    pieces += _about_data(made, run_ids)
    return (
        Section(
            name="set-up",
            title="Set-up",
            shows=_shown(made),
            pieces=tuple(pieces),
            not_shown="What was recorded as the answers were made. A server may have changed its model since under the "
            "same name.",
        ),
    )


def _shown(made: SetUp) -> str:
    models = dict.fromkeys(
        str(of.shown["model_card"].get("name") or of.shown["model_uri"]) for of in made.runs
    )
    conditions = dict.fromkeys(str(of.shown["condition"]) for of in made.runs)
    answers = sum(sum(of.shown["generations"].values()) for of in made.runs)
    count = "1 run" if len(made.runs) == 1 else f"{len(made.runs)} runs"
    kind = "model" if len(models) == 1 else "models"
    under = "condition" if len(conditions) == 1 else "conditions"
    return f"{count} with {answers:,} answers: {kind} {listed(list(models))}; {under} {listed(list(conditions))}."


def _provenance(runs: Sequence[RunAsMade]) -> Table:
    """A column for each run, a row for each thing that is recorded of any of them."""
    told = [dict(_recorded(of)) for of in runs]
    aspects = dict.fromkeys(aspect for of in told for aspect in of)
    title = f"Run {runs[0].run_id}" if len(runs) == 1 else f"Runs {listed([str(of.run_id) for of in runs])}"
    return Table(
        title,
        ("recorded", *(f"run {of.run_id}" for of in runs)),
        tuple((aspect, *(of.get(aspect, "–") for of in told)) for aspect in aspects),
        1 + len(runs),
    )


def _recorded(of: RunAsMade) -> Iterator[tuple[str, str]]:
    shown, options, card = of.shown, of.shown["options"], of.shown["model_card"]
    told: tuple[tuple[str, Callable[[], object]], ...] = (
        ("name", lambda: shown["name"]),
        ("experiment", lambda: shown["experiment"]),
        ("model", lambda: card.get("name")),
        ("model address", lambda: shown["model_uri"]),
        ("imported from", lambda: of.imported),
        ("digest of the file" if of.imported else "digest of the model", lambda: shown["model_digest"]),
        ("revision", lambda: card.get("revision")),
        ("quantisation", lambda: card.get("quantisation")),
        ("parameters", lambda: _count(card.get("parameters"))),
        ("context length", lambda: _count(card.get("context_length"))),
        ("version that answered", lambda: listed(of.answered_by)),
        ("notes on the model", lambda: "; ".join(map(str, card.get("notes") or ()))),
        ("prompt", lambda: _prompt(shown["prompt_name"], options.get("prompt_variant"))),
        ("digest of the prompt", lambda: shown["prompt_digest"]),
        ("label scheme", lambda: options.get("scheme")),
        ("condition", lambda: shown["condition"]),
        ("masking", lambda: options.get("masking")),
        ("person pointed out by", lambda: options.get("person")),
        ("sampling", lambda: _sampling(options.get("sampling"))),
        ("longest answer", lambda: f"{options['max_tokens']} tokens" if options.get("max_tokens") else None),
        ("repeats", lambda: options.get("repeats")),
        ("seed", lambda: shown["seed"]),
        (
            "upload allowed",
            lambda: "yes, of pictures that were to stay" if options.get("allow_upload") else None,
        ),
        ("device", lambda: shown["environment"].get("device")),
        ("platform", lambda: shown["environment"].get("platform")),
        ("Python", lambda: shown["environment"].get("python")),
        ("libraries", lambda: _libraries(shown["environment"])),
        ("begun", lambda: _time(shown["started_at"])),
        ("ended", lambda: _time(shown["finished_at"])),
        ("status", lambda: shown["status"]),
        ("planned answers", lambda: _count(shown.get("planned"))),
        (
            "answers by status",
            lambda: ", ".join(f"{count:,} {name}" for name, count in shown["generations"].items()),
        ),
        (
            "asked again for",
            lambda: ", ".join(f"{what} ({count:,})" for what, count in shown["retries"].items()),
        ),
        ("cost", lambda: None if shown["cost_usd"] is None else f"{shown['cost_usd']:.4f} US dollars"),
        ("prices of", lambda: card.get("priced_on")),
    )
    for aspect, read in told:
        value = read()
        if value not in (None, "", ()):
            yield aspect, str(value)


def _about_data(made: SetUp, run_ids: Sequence[int]) -> Iterator[Piece]:
    yield Table(
        "Pictures",
        ("run", "condition", "data set", "split", "pictures", "stimuli"),
        tuple(
            (
                str(of.run_id),
                of.condition,
                of.dataset or "–",
                of.split or "–",
                f"{of.pictures:,}",
                f"{of.stimuli:,}",
            )
            for of in made.data_sets
        ),
        4,
        data_sets_sql(run_ids),
    )
    if not made.label_sources:
        yield "Nobody labelled these pictures."
    else:
        yield Table(
            "Labels, and how far they can be read in the scheme of the answers",
            ("source", "labels of", "answers in", "mapped by", "stimuli", "labels", "mapped", "coverage"),
            tuple(
                (
                    of.source,
                    of.scheme,
                    of.answers_in,
                    of.mapped_by or "nobody",
                    f"{of.stimuli:,}",
                    f"{of.labels:,}",
                    f"{of.mapped:,}",
                    percent(of.mapped / of.labels),
                )
                for of in made.label_sources
            ),
            4,
            label_sources_sql(run_ids),
        )
    if made.audits:
        yield Table(
            "Audits of masks: another detector looked for faces in the masked pictures",
            ("run", "condition", "detector", "pictures", "with a face left"),
            tuple(
                (str(of.run_id), of.condition, of.detector, f"{of.pictures:,}", f"{of.with_face:,}")
                for of in made.audits
            ),
            3,
            audited_masks_sql(run_ids),
        )


def _prompt(name: str, variant: object) -> str:
    return f"{name}, variant {variant}" if variant else name


def _sampling(of: Mapping[str, Any] | None) -> str:
    if not of:
        return _UNKNOWN
    if not of.get("temperature"):
        return "greedy (temperature 0)"
    told = [f"temperature {of['temperature']:g}"]
    told += [f"top-p {of['top_p']:g}"] if of.get("top_p", 1) != 1 else []
    told += [f"top-k {of['top_k']}"] if of.get("top_k") else []
    others = {name: value for name, value in of.items() if name not in ("temperature", "top_p", "top_k")}
    return ", ".join(told) + (f", {json.dumps(others, sort_keys=True)}" if others else "")


def _libraries(environment: Mapping[str, str]) -> str:
    return ", ".join(
        f"{name} {version}" for name, version in environment.items() if name not in _NOT_LIBRARIES
    )


def _count(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None


def _time(of: object) -> str | None:
    return f"{of:%Y-%m-%d %H:%M:%S} UTC" if isinstance(of, datetime) else None
