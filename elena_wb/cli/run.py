"""``elena-wb run``: ask a model about pictures, masked and unmasked, and store every answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from elena_wb.cli.executors import ExecutorOption, chosen_executor, opened_by
from elena_wb.cli.interrupts import stopping_on_interrupt
from elena_wb.cli.options import open_store, settings
from elena_wb.cli.output import dollars, print_json, print_table, say, warn
from elena_wb.engine.open_models import OpenModels
from elena_wb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from elena_wb.core import Model
    from elena_wb.engine import Answered, Event, Listener, RunFinished
    from elena_wb.engine.estimating import Estimate
    from elena_wb.engine.study import Study
    from elena_wb.store import Store

_SHOWN_FAILURES = 20
LAST_WORDS = "Every answer that had arrived is kept and will be in the store at the next command."


def run(
    ctx: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="Pictures, or folders of pictures.")] = None,
    model: Annotated[str | None, typer.Option("-m", "--model", help="Model URI or alias.")] = None,
    prompt: Annotated[
        list[str] | None, typer.Option("-p", "--prompt", help="Prompt pack; several make several runs.")
    ] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option("--mask", help="Condition: none or PARTS[:STYLE][@LOCATOR]; several make several runs."),
    ] = None,
    prompt_variant: Annotated[
        str | None, typer.Option(help="Variant of the prompt, instead of the one that fits the condition.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME[,OPTION=VALUE]…", help="Read the sources as this dataset."),
    ] = None,
    person: Annotated[
        Literal["crop", "outline", "whole"],
        typer.Option(help="How a labelled person is pointed out: cut out, outlined in red, or not at all."),
    ] = "crop",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N pictures.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Ask each picture N times, each with its own seed.")] = 1,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Requests per call of the model.")] = None,
    temperature: Annotated[float, typer.Option(min=0.0, help="0 always takes the likeliest token.")] = 0.0,
    top_p: Annotated[float, typer.Option(min=0.0, max=1.0, help="Nucleus sampling; 1 is off.")] = 1.0,
    top_k: Annotated[int, typer.Option(min=0, help="Sample among the K likeliest tokens; 0 is off.")] = 0,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**62, help="Seed of sampling.", show_default="configured, else 0"),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Longest answer.", show_default="the prompt pack's")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A name for the runs of this command.")] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a run (number or name) as it was started.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start another run of the same specification.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again what failed.")] = False,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="USD", help="Stop before the call that could exceed this."),
    ] = None,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="Let another detector look for faces left in the masked pictures."),
    ] = False,
    allow_upload: Annotated[
        bool,
        typer.Option(
            "--allow-upload",
            help="Send also pictures that are to stay on this machine; recorded with the run.",
        ),
    ] = False,
    attend: Annotated[
        bool,
        typer.Option(
            "--attend",
            help="Look at where the model looked, too, as `elena-wb attend` does for a finished run.",
        ),
    ] = False,
    executor: ExecutorOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    events: Annotated[
        Literal["jsonl"] | None, typer.Option(help="Print events as JSON lines on stdout.")
    ] = None,
) -> None:
    """Ask a model about pictures under one or more masking conditions; every answer goes into the store.

    The same command again continues where it stopped: answers that are there are not asked for again,
    failed ones only with --retry-failed, and new pictures extend the run.

    A model on a server is asked as fast as it lets us: what fails for a while is asked again (setting
    `retries`), and limits by the minute are waited for. A limit by the day, a server that asks to be left alone
    for long or stays away, and answers still being made elsewhere end the run as partial, with exit code 4;
    the same command goes on from there.
    """
    from elena_wb.config import resolve_model
    from elena_wb.core import Sampling
    from elena_wb.engine.study import Request, plan_study
    from elena_wb.plugins import plugin_host

    host = plugin_host()
    chosen = settings(ctx)
    store = open_store(ctx)
    spreading = chosen_executor(executor, host)
    if resume is not None:
        _refuse_changes(ctx)
        from elena_wb.engine.resume import request_of

        request = request_of(
            store, resume, retry_failed=retry_failed, allow_upload=allow_upload, uploads=chosen.uploads
        )
    else:
        if not sources:
            raise UsageError(
                "No pictures are named.", hint="Name files or folders: `elena-wb run FOLDER -m MODEL`."
            )
        request = Request(
            sources=sources,
            model_uri=resolve_model(model, chosen, host.claims["models"]),
            prompts=prompt or [chosen.prompt],
            conditions=mask or chosen.mask,
            prompt_variant=prompt_variant,
            dataset=dataset,
            limit=limit,
            repeats=repeat,
            sampling=Sampling(temperature=temperature, top_p=top_p, top_k=top_k),
            seed=chosen.seed if seed is None else seed,
            max_tokens=max_tokens,
            name=name,
            fresh=fresh,
            retry_failed=retry_failed,
            person=person,
            audit=audit,
            allow_upload=allow_upload,
            uploads=chosen.uploads,
        )
    study = plan_study(request, host, store)
    elsewhere = opened_by(spreading, study)
    tell(study)
    if dry_run:
        print_plan(study, as_json=events == "jsonl", executor=executor)
        return
    with OpenModels() as models:
        code = carry_out(
            study,
            store,
            batch_size=batch_size,
            max_cost_usd=max_cost,
            events=events == "jsonl",
            retries=chosen.retries,
            open_model=models.opener(study.address, study.card.digest, elsewhere)
            if attend or elsewhere
            else None,
        )
        if attend and code in (ExitCode.OK, ExitCode.PARTIAL):
            from elena_wb.cli.attend import after_run

            code = after_run(store, study, models, before=code, events=events == "jsonl")
    raise typer.Exit(code)


_WITH_RESUME = {
    *(
        "resume",
        "retry_failed",
        "allow_upload",
        "batch_size",
        "max_cost",
        "attend",
        "executor",
        "dry_run",
        "events",
    ),
}


def _refuse_changes(ctx: typer.Context) -> None:
    """A run is gone on with as it was started: options that would change it are refused, not ignored."""
    given = [
        name
        for name in ctx.params
        if name not in _WITH_RESUME and str(ctx.get_parameter_source(name)).endswith("COMMANDLINE")
    ]
    if given:
        raise UsageError(
            f"--resume takes these from the run itself: {', '.join(sorted(given)).replace('_', '-')}.",
            hint="Leave them out, or give the original command again without --resume.",
        )


def carry_out(
    study: Study,
    store: Store,
    *,
    batch_size: int | None = None,
    max_cost_usd: float | None = None,
    events: bool = False,
    retries: int | None = None,
    open_model: Callable[[], Model] | None = None,
    table: bool = True,
) -> ExitCode:
    """Carry the study out with progress on stderr and Ctrl-C as designed; print the runs; the exit code.

    ``retries`` is how often a question is asked again when the model fails for a while (default: the engine's). A
    model that ``open_model`` gives is left open. Without ``table``, and with ``events``, the runs are not printed.
    """
    from elena_wb.cli.progress import watching
    from elena_wb.engine import Patience

    if not study.to_ask and study.to_audit:
        say(f"Nothing new to ask; {study.to_audit} masked pictures are looked at again for the audit.")
    elif not study.to_ask and any(plan.failed for plan in study.plans):
        say("Nothing new to ask.")
    elif not study.to_ask:
        say("Nothing is missing: every picture has its answer in the store.")
    with stopping_on_interrupt(LAST_WORDS) as stop, watching(events=events) as listener:
        heard = Heard(listener)
        results = study.carry_out(
            store,
            listener=heard,
            stop=stop,
            batch_size=batch_size,
            max_cost_usd=max_cost_usd,
            open_model=open_model,
            keep_open=open_model is not None,
            patience=None if retries is None else Patience(retries=retries),
        )
    heard.tell_unhidden(study.to_ask)
    tell_audit(study, results, store)
    heard.tell_failures()
    tell_ends(results)
    earlier = sum(plan.failed for plan in study.plans)
    if earlier:
        say(f"{earlier} failed in an earlier sitting; --retry-failed asks them again.")
    elif heard.failures:
        say("The same command with --retry-failed asks the failed ones again.")
    if table and not events:
        _print_results(study, results)
    return _exit_code(study, results, interrupted=stop.is_set())


class Heard:
    """Passes events on and keeps those that are told of when all is done."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.failures: list[Answered] = []
        self._unhidden = 0

    def __call__(self, event: Event) -> None:
        """Pass the event on."""
        from elena_wb.engine import Answered
        from elena_wb.masking import NOTHING_HIDDEN

        if isinstance(event, Answered):
            if event.status == "error":
                self.failures.append(event)
            self._unhidden += any(NOTHING_HIDDEN in note for note in event.notes)
        self._listener(event)

    def tell_unhidden(self, asked: int) -> None:
        """Warn of masks that hid nothing."""
        if self._unhidden:
            warn(
                f"In {self._unhidden} of {asked} answers the picture shows something that the condition should "
                "hide: no such region was found. The column `notes` of `generations` says where."
            )

    def tell_failures(self) -> None:
        """The first pictures that failed, and why."""
        for failed in self.failures[:_SHOWN_FAILURES]:
            say(f"Failed: {failed.path}: {failed.error}", style="red")
        if len(self.failures) > _SHOWN_FAILURES:
            say(f"… and {len(self.failures) - _SHOWN_FAILURES} more.")


def tell(study: Study) -> None:
    """What was left out of a study and why, on stderr."""
    for note in (*study.card.notes, *study.notes):
        warn(note)
    for problem in study.problems:
        warn(f"{problem.where}: {problem.reason}")


def print_plan(study: Study, *, as_json: bool, executor: str | None = None) -> None:
    """What would be asked, on stdout, and where it would answer."""
    rows = [
        {
            "run": plan.spec.name or "",
            "prompt": f"{plan.spec.prompt_name} ({plan.setting.prompt.variant})",
            "condition": plan.spec.condition,
            "pictures": len(plan.stimuli),
            "answered": plan.answered,
            "failed": plan.failed,
            "to ask": len(plan.items),
        }
        for plan in study.plans
    ]
    found = study.estimate()
    if as_json:
        plan: dict[str, Any] = {
            "model": study.card.uri,
            "executor": executor or "local",
            "calls": study.to_ask,
            "runs": rows,
        }
        if found is not None:
            plan["at_most"] = {
                "tokens": found.tokens,
                "cost_usd": found.cost_usd,
                "priced_on": study.card.priced_on,
            }
        print_json(plan)
        return
    print_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    where = f", answered by `{executor}`" if executor else ""
    say(f"{study.to_ask} calls of {study.card.uri}{where}. Nothing was asked or written.")
    if found is not None and study.to_ask:
        say(_at_most(found, study))


def _at_most(found: Estimate, study: Study) -> str:
    cost = ""
    if found.cost_usd is not None:
        of = f" at the prices of {study.card.priced_on}" if study.card.priced_on else ""
        cost = f" and {dollars(found.cost_usd)}{of}"
    elif study.address.destination is not None:
        cost = "; what they cost is not known"
    return f"At most {found.tokens:,} tokens{cost}, if all pictures are like the first and nothing is asked twice."


def tell_audit(study: Study, results: Sequence[RunFinished], store: Store) -> None:
    """What the audit of each run found, and the worst pictures."""
    from elena_wb.store import summarise_audit

    for result, plan in zip(results, study.plans, strict=False):
        auditor = plan.setting.auditor
        if auditor is None:
            continue
        summary = summarise_audit(store, result.run_id, auditor.name)
        unseen = f", {result.unaudited} could not be looked at" if result.unaudited else ""
        text = (
            f"Audit of run {result.run_id} ({plan.spec.condition}) by {auditor.name}: {summary.audited} pictures"
            f"{unseen}, {summary.residual_faces} faces left"
        )
        if not summary.residual_faces:
            say(f"{text}.")
            continue
        warn(
            f"{text} in {summary.with_residual} of them. The column `residual_faces` of the view `narratives` marks "
            "the answers; the worst:"
        )
        for face in summary.worst:
            score = "known from the data" if face.worst_score is None else f"score {face.worst_score:.2f}"
            say(f"  {face.path}: {face.residual_faces} ({score})")


def tell_ends(results: Sequence[RunFinished]) -> None:
    """Why runs ended before their end, and how often calls were repeated."""
    for result in results:
        if result.reason:
            warn(f"Run {result.run_id}: {result.reason}")
    retries = sum((Counter(result.retries) for result in results), Counter[str]())
    if retries:
        kinds = ", ".join(f"{count} {kind}" for kind, count in retries.most_common())
        say(f"retries: {retries.total()} ({kinds})")


def _print_results(study: Study, results: Sequence[RunFinished]) -> None:
    columns = ["run", "prompt", "condition", "status", "ok", "unparsed", "refused", "failed", "there before"]
    rows: list[list[object]] = [
        [
            result.run_id,
            plan.spec.prompt_name,
            plan.spec.condition,
            result.status,
            result.ok,
            result.unparsed,
            result.refused,
            result.failed,
            plan.answered,
        ]
        for result, plan in zip(results, study.plans, strict=False)
    ]
    if any(result.cost_usd for result in results):
        columns.append("cost")
        for row, result in zip(rows, results, strict=True):
            row.append(dollars(result.cost_usd))
    print_table(columns, rows)


def _exit_code(study: Study, results: Sequence[RunFinished], *, interrupted: bool) -> ExitCode:
    if interrupted:
        return ExitCode.INTERRUPTED
    gave_up = len(results) < len(study.plans)
    if gave_up or (study.to_ask and all(result.status == "failed" for result in results)):
        return ExitCode.FAILED
    short = any(
        result.failed or result.unaudited or result.asked < len(plan.items)
        for result, plan in zip(results, study.plans, strict=True)
    )
    unusable = study.to_ask > 0 and any(problem.excludes for problem in study.problems)
    return ExitCode.PARTIAL if short or unusable else ExitCode.OK
