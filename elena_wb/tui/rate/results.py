"""The results of a session of blind rating as a page to read."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.plain import plain
from elena_wb.store import Store
from elena_wb.store.rating_results import Agreement, Chosen, Rated, Results, results
from elena_wb.store.rating_sessions import Session
from elena_wb.tui.widgets.reading import Reading


def results_page(store: Store, session: Session) -> Reading:
    """What was said in ``session``, by scale and run."""
    return Reading(f"Results of {session.name}", told(session, results(store, session.session_id)))


def told(session: Session, found: Results) -> str:
    """The page's text."""
    parts = [_raters(session)]
    parts += [_rated(found.rated)] if found.rated else []
    parts += [_chosen(found.chosen)] if found.chosen else []
    if not found.rated and not found.chosen:
        parts.append("Nothing was rated yet.")
    for same, title in ((False, "Two raters about the same item"), (True, "One rater, asked twice")):
        of = [one for one in found.agreement if one.same_rater is same]
        parts += [_agreement(title, of)] if of else []
    if found.skipped:
        parts.append(
            "\n".join(["Skipped", *(f"  {count:>4} x  {plain(reason)}" for reason, count in found.skipped)])
        )
    view = "preferences" if session.kind == "pairs" else "ratings"
    parts.append(
        f"All of it, with position, side and seconds: the view {view} (screen 6, or `elena-wb query`)."
    )
    return "\n\n".join(parts)


def _raters(session: Session) -> str:
    lines = [f"  {plain(one.rater):<24} {one.done} of {one.total}" + (f", {one.skipped} skipped" if one.skipped else "")
             for one in session.sittings]  # fmt: skip
    return "\n".join(["Raters", *(lines or ["  nobody yet"])])


def _rated(rows: Sequence[Rated]) -> str:
    lines = ["Mean (standard deviation) by scale"]
    for scale in dict.fromkeys(row.scale for row in rows):
        lines.append(f"  {plain(scale)}")
        for row in (row for row in rows if row.scale == scale):
            sd = "-" if row.sd is None else f"{row.sd:.2f}"
            whose = f"run {row.run_id}, {plain(row.condition)}"
            lines.append(
                f"    {whose:<32.60} {row.mean:5.2f} ({sd})  {row.ratings} ratings by {row.raters}  {plain(row.model)}"
            )
    return "\n".join(lines)


def _chosen(rows: Sequence[Chosen]) -> str:
    lines = ["Preferred"]
    for scale in dict.fromkeys(row.scale for row in rows):
        lines.append(f"  {plain(scale)}")
        for row in (row for row in rows if row.scale == scale):
            lines.append(
                f"    run {row.run_a} ({plain(row.condition_a)}) {row.prefer_a} : {row.prefer_b} run {row.run_b} "
                f"({plain(row.condition_b)}), equal {row.equal}; the left one {row.left} times of {row.choices}"
            )
    return "\n".join(lines)


def _agreement(title: str, rows: Sequence[Agreement]) -> str:
    lines = [title]
    for row in rows:
        apart = "" if row.apart is None else f", {row.apart:.2f} apart on average"
        lines.append(f"  {plain(row.scale):<24} the same in {row.equal} of {row.compared}{apart}")
    return "\n".join(lines)
