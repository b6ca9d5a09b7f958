"""``elena-wb mask``: masked copies of pictures, without a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.interrupts import stopping_on_interrupt
from elena_wb.cli.options import open_store, settings
from elena_wb.cli.output import print_table, say, warn
from elena_wb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from elena_wb.engine.copies.audits import AuditKeeper
    from elena_wb.engine.copies.making import Copy, CopyReport
    from elena_wb.engine.copies.plan import CopyPlan, Treatment

_SHOWN = 20
_LAST_WORDS = "Every copy that is there is whole; hidden files that end in .tmp may be deleted."


def mask(
    ctx: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="IN", help="Pictures, or folders of pictures.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder for the copies.")],
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            "--mask",
            metavar="SPEC",
            help="Condition: PARTS[:STYLE][@LOCATOR]; several make a folder each.",
            show_default="face",
        ),
    ] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Let another detector look for faces that are left.")
    ] = False,
    image_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="jpeg, png, webp, tiff, bmp or avif.",
            show_default="as the original where it is JPEG, PNG or WebP, else png",
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Read the sources as this dataset.")] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Also replace files in OUT that are no copies of ours, or of other pictures."
        ),
    ] = False,
) -> None:
    """Write masked copies of pictures that hold nothing but the masked pixels: no metadata, no thumbnail.

    The folders below IN are kept below OUT; of several INs, each folder's below its own name. OUT/masks.csv
    lists what each copy is of and what is hidden in it. A copy in which nothing was found to hide is made too,
    and counted. Originals are never written to.
    """
    from elena_wb.engine.copies.audits import AuditKeeper
    from elena_wb.engine.copies.plan import CopyOrder, plan_copies
    from elena_wb.plugins import plugin_host

    if not all(name.strip() for name in (*sources, out)):
        raise UsageError(
            "A name is empty, which would mean the current folder.",
            hint="Name IN and OUT; a shell puts nothing in place of a variable that is not set.",
        )
    store = open_store(ctx)
    order = CopyOrder(
        sources,
        Path(out).expanduser(),
        tuple(conditions or ("face",)),
        dataset=dataset,
        format=None if image_format is None else image_format.lower(),
        audit=audit,
        overwrite=overwrite,
        uploads=settings(ctx).uploads,
    )
    plan = plan_copies(order, plugin_host(), store)
    _tell(plan)
    keeper = AuditKeeper(store)
    try:
        report = _made(plan, keeper)
        _report(plan, report)
    finally:
        keeper.flush()
    raise typer.Exit(_exit_code(plan, report))


def _made(plan: CopyPlan, keeper: AuditKeeper) -> CopyReport:
    from elena_wb.cli.progress import counting
    from elena_wb.engine.copies.making import make_copies

    with (
        stopping_on_interrupt(_LAST_WORDS) as stop,
        counting("Pictures to mask", len(plan.pictures)) as advance,
    ):

        def listen(made: Sequence[Copy]) -> None:
            keeper.hear(made)
            if made:
                advance(any(copy.status == "failed" for copy in made))

        return make_copies(plan, listener=listen, stop=stop)


def _tell(plan: CopyPlan) -> None:
    for note in plan.notes:
        warn(note)
    for problem in plan.problems:
        warn(f"{problem.where}: {problem.reason}")


def _report(plan: CopyPlan, report: CopyReport) -> None:
    """The conditions on stdout; what failed, what shows something and what to look at on stderr."""
    failures = [copy for copy in report.copies if copy.status == "failed"]
    often = Counter((copy.picture.source, copy.error) for copy in failures)
    lines = dict.fromkeys(  # a picture that cannot be read fails under every condition for one reason
        f"Failed: {source if often[source, copy.error] == len(plan.treatments) else _named(copy, plan)}: {copy.error}"
        for copy in failures
        for source in [copy.picture.source]
    )
    _list(list(lines), style="red")
    shown = [copy for copy in report.copies if copy.shows_something]
    if shown:
        warn(
            f"{len(shown)} of {len(report.copies) - len(failures)} copies show something that the condition should "
            "hide: no such region was found."
        )
        _list([f"  {_named(copy, plan)}: {'; '.join(copy.notes)}" for copy in shown])
    _list_worst(plan, report)
    print_table(
        ("condition", "pictures", "masked", "nothing found", "failed", "residual faces", "detector"),
        [_row(treatment, report) for treatment in plan.treatments],
    )
    done = len({copy.picture.name for copy in report.copies})
    rate = done / report.seconds if report.seconds else 0.0
    say(
        f"{len(report.copies) - len(failures)} copies of {done} pictures are in {plan.folder.root} "
        f"({report.seconds:.1f} s, {rate:.1f} pictures/s)."
    )
    if report.interrupted:
        say(f"Stopped before the other {len(plan.files) - done}; the same command makes all.")


def _list_worst(plan: CopyPlan, report: CopyReport) -> None:
    left = [(copy, copy.audit) for copy in report.copies if copy.audit and copy.audit.residual_faces]
    if not left:
        return
    audited = sum(copy.audit is not None for copy in report.copies)
    warn(f"A face is left in {len(left)} of {audited} copies audited. The worst first:")
    left.sort(key=lambda pair: (-pair[1].residual_faces, -max((f.score for f in pair[1].faces), default=0.0)))
    lines = []
    for copy, audit in left:
        scores = ", ".join(f"{face.score:.2f}" for face in sorted(audit.faces, key=lambda face: -face.score))
        known = f"; {audit.uncovered} known from the data not covered" if audit.uncovered else ""
        seen = f"{audit.detector} sees {scores}" if scores else f"{audit.detector} sees none"
        lines.append(f"  {_named(copy, plan)}: {audit.residual_faces} ({seen}{known})")
    _list(lines)


def _list(lines: Sequence[str], *, style: str | None = None) -> None:
    for line in lines[:_SHOWN]:
        say(line, style=style)
    if len(lines) > _SHOWN:
        say(f"  … and {len(lines) - _SHOWN} more; masks.csv lists all.")


def _named(copy: Copy, plan: CopyPlan) -> str:
    return copy.picture.source + (f" ({copy.treatment.condition})" if len(plan.treatments) > 1 else "")


def _row(treatment: Treatment, report: CopyReport) -> Sequence[object]:
    copies = [copy for copy in report.copies if copy.treatment is treatment]
    audits = [copy.audit for copy in copies if copy.audit]
    return (
        str(treatment.condition),
        len(copies),
        sum(copy.status == "masked" for copy in copies),
        sum(copy.shows_something for copy in copies),
        sum(copy.status == "failed" for copy in copies),
        sum(audit.residual_faces for audit in audits) if treatment.auditor else None,
        treatment.auditor[0] if treatment.auditor else None,
    )


def _exit_code(plan: CopyPlan, report: CopyReport) -> ExitCode:
    failed = sum(copy.status == "failed" for copy in report.copies)
    if report.interrupted:
        return ExitCode.INTERRUPTED
    if failed == len(report.copies):
        return ExitCode.FAILED
    unusable = any(problem.excludes for problem in plan.problems)
    left = any(copy.audit and copy.audit.residual_faces for copy in report.copies)
    return ExitCode.PARTIAL if failed or unusable or left else ExitCode.OK
