"""The results of a session of blind rating as a page to read; `elena-wb ratings` has them in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

from elena_wb.core import Estimate
from elena_wb.findings.rating import RatedSession, ratings
from elena_wb.findings.rating_agreement import Agreement
from elena_wb.findings.rating_judged import Whose
from elena_wb.findings.words import p_value
from elena_wb.plain import plain
from elena_wb.store import Store
from elena_wb.store.rating_sessions import Session
from elena_wb.tui.widgets.reading import Reading


def results_page(store: Store, session: Session) -> Reading:
    """What was said in ``session``, by scale and run."""
    (found,) = ratings(store, session.session_id)
    return Reading(f"Results of {session.name}", told(session, found))


def told(session: Session, found: RatedSession) -> str:
    """The page's text."""
    parts = [_raters(session)]
    whose = {run.run_id: run for run in found.runs}
    parts += [_means(found, whose)] if found.means else []
    parts += [_preferences(found, whose)] if found.preferences else []
    if not found.rated:
        parts.append("Nothing was rated yet.")
    parts += [_agreement("Two raters about the same item", found.between)] if found.between else []
    parts += [_agreement("One rater, asked twice", found.again)] if found.again else []
    if found.skipped:
        parts.append(
            "\n".join(["Skipped", *(f"  {times:>4} x  {plain(reason)}" for reason, times in found.skipped)])
        )
    if found.rated:
        parts.append(
            "In brackets: 95 % intervals over pictures, for these raters; p is corrected by Holm. With intervals over "
            f"raters and what goes with it: elena-wb ratings {found.session_id}"
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


def _means(found: RatedSession, whose: Mapping[int, Whose]) -> str:
    lines = ["Mean (standard deviation) by scale"]
    for scale, _ in found.questions:
        lines.append(f"  {scale}")
        for row in (row for row in found.means if row.scale == scale):
            run = whose[row.run_id]
            sd = "-" if isnan(row.sd) else f"{row.sd:.2f}"
            named = f"run {row.run_id}, {plain(run.condition)}"
            mean = f"{row.mean.value:5.2f} ({sd}){_limits(row.mean.pictures)}"
            lines.append(
                f"    {named:<32.60} {mean}  {row.ratings} ratings by {row.raters}  {plain(run.model)}"
            )
        for change in (one for one in found.differences if one.scale == scale):
            named = f"run {change.first} to run {change.second}"
            lines.append(
                f"    {named:<32} {change.change.value:+5.2f}{_limits(change.change.pictures)}  "
                + p_value(change.p_holm)
            )
    return "\n".join(lines)


def _preferences(found: RatedSession, whose: Mapping[int, Whose]) -> str:
    lines = ["Preferred"]
    for question, _ in found.questions:
        lines.append(f"  {question}")
        for row in (row for row in found.preferences if row.question == question):
            first, second = (plain(whose[run].condition) for run in (row.first, row.second))
            lines.append(
                f"    run {row.first} ({first}) {row.prefer_first} : {row.prefer_second} run {row.second} ({second}), "
                f"equal {row.equal}; {p_value(row.p_holm)}"
            )
        for side in (side for side in found.sides if side.question == question):
            lines.append(
                f"    the left one {side.left} times of {side.left + side.right} decided; {p_value(side.p)}"
            )
    return "\n".join(lines)


def _agreement(title: str, rows: Sequence[Agreement]) -> str:
    lines = [f"{title} (Krippendorff's α: 1 full agreement, 0 as by chance)"]
    for row in rows:
        apart = "" if isnan(row.apart) else f", {row.apart:.2f} apart on average"
        alpha = "not defined" if isnan(row.alpha.value) else f"{row.alpha.value:.3f}{_limits(row.alpha, 3)}"
        lines.append(
            f"  {row.question:<24} α {alpha}; the same in {round(row.same * row.compared)} of {row.compared}{apart}"
        )
    return "\n".join(lines)


def _limits(of: Estimate, decimals: int = 2) -> str:
    return "" if isnan(of.low) else f" [{of.low:.{decimals}f}, {of.high:.{decimals}f}]"
