"""Failures and exclusions, in tables."""

from __future__ import annotations

from elena_wb.findings.failures import MOST_REASONS, Failures
from elena_wb.findings.pieces import Piece, Section, Table
from elena_wb.findings.words import listed
from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.plain import plain
from elena_wb.store.failing import losses_sql, reasons_sql

_NAMED = 10
"""So many files that are gone are named."""


def sections(found: Failures) -> tuple[Section, ...]:
    """One section; nothing without a run."""
    if not found.losses.rows:
        return ()
    pieces: list[Piece] = [
        Table(
            "Answers that are missing or left out, by run",
            found.losses.columns,
            tuple(
                (*map(str, row[:2]), *("–" if cell is None else f"{cell:,}" for cell in row[2:]))
                for row in found.losses.rows
            ),
            2,
            losses_sql(found.run_ids, NOTHING_HIDDEN),
        )
    ]
    if found.reasons:
        pieces.append(
            Table(
                "Why calls failed"
                + (" (the most frequent reasons)" if len(found.reasons) == MOST_REASONS else ""),
                ("run", "reason", "times"),
                tuple((str(one.run_id), plain(one.why), f"{one.times:,}") for one in found.reasons),
                2,
                reasons_sql(found.run_ids, MOST_REASONS),
            )
        )
    pieces.append(_files(found))
    return (
        Section(
            name="failures",
            title="Failures and exclusions",
            shows=_shown(found),
            pieces=tuple(pieces),
            not_shown="Refused and unread answers and abstentions stay in the scores, as wrong. Failed calls, pictures "
            "without a label, and those whose label has no counterpart in the scheme or that have several true labels "
            "are not in single-label scores. Pictures with nothing hidden, or with a face left, are in the scores of "
            "their condition unless a table says otherwise.",
        ),
    )


def _shown(found: Failures) -> str:
    at = {name: place for place, name in enumerate(found.losses.columns)}
    total = {name: sum(row[at[name]] or 0 for row in found.losses.rows) for name in at if at[name] >= 2}
    whole = total["answered"] + total["failed"]
    told = [
        f"{total[name]:,} {words}"
        for name, words in (
            ("failed", "failed"),
            ("refused", "were refused"),
            ("unread", "could not be read"),
            ("abstained", "name no emotion of the scheme"),
        )
        if total[name]
    ]
    missing = max(total["planned"] - whole, 0)
    told += [f"{missing:,} were planned and never asked"] if missing else []
    return (
        f"Of {whole:,} calls, {listed(told)}."
        if told
        else f"All {whole:,} calls gave an answer that names an emotion."
    )


def _files(found: Failures) -> str:
    if not found.files:
        return "No picture of these runs is linked to a file, so that none can be shown or looked for."
    of = f"{found.looked_for:,}" + (
        "" if found.looked_for == found.files else f" that were looked for, of {found.files:,}"
    )
    if not found.gone:
        return f"Pictures ({of}): all are where they were."
    named = ", ".join(map(plain, found.gone[:_NAMED])) + (" …" if len(found.gone) > _NAMED else "")
    return f"Pictures that are not where they were: {len(found.gone):,} of {of} ({named})."
