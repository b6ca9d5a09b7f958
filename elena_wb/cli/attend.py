"""``elena-wb attend``: where a model looked when it wrote its answers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from elena_wb.cli import run
from elena_wb.cli.attend_work import carry_out, plan_work
from elena_wb.cli.options import AsJson, open_store, settings
from elena_wb.cli.output import print_json, print_table, say
from elena_wb.engine.open_models import OpenModels
from elena_wb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from elena_wb.cli.attend_work import Work
    from elena_wb.engine.attending import Wanted
    from elena_wb.engine.study import Study
    from elena_wb.findings.gazes import Gazes
    from elena_wb.store import Store
    from elena_wb.store.selection import Choice, Chosen

Method = Literal["raw", "value-norm", "rollout", "gradient"]


def attend(
    ctx: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…|IMAGE…",
            help="Numbers or names of runs; or pictures and folders, which are asked about first.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None, typer.Option("-m", "--model", help="Model URI or alias, for pictures.")
    ] = None,
    prompt: Annotated[str | None, typer.Option("-p", "--prompt", help="Prompt pack, for pictures.")] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option("--mask", metavar="SPEC", help="Condition, for pictures; several make several runs."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="SQL",
            help="Only answers of which this holds: a condition over the columns of the view narratives.",
        ),
    ] = None,
    flips: Annotated[
        bool,
        typer.Option("--flips", help="Only answers whose emotion changed with the mask, on both sides."),
    ] = False,
    layers: Annotated[str, typer.Option(help="`all`, `last`, or numbers from 0: `3,8,13`, `0-11`.")] = "all",
    tokens: Annotated[
        str,
        typer.Option(
            help="Words whose attention is wanted, separated by commas: emotion, narrative, explicit, implicit, "
            "parts, answer, or a pattern such as /hand\\w*/."
        ),
    ] = "emotion,parts,narrative",
    heads: Annotated[
        Literal["mean", "max", "each"], typer.Option(help="How the heads of a layer become one map.")
    ] = "mean",
    method: Annotated[Method, typer.Option(help="What a weight is (docs/attention.md).")] = "raw",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N answers of each run.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw heat maps over the pictures into this folder.")
    ] = None,
    maps: Annotated[
        bool, typer.Option("--maps/--no-maps", help="Keep the maps, or only what fell on each part.")
    ] = True,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Look again at answers that were looked at in this way.")
    ] = False,
    as_json: AsJson = False,
    events: Annotated[
        Literal["jsonl"] | None, typer.Option(help="Print events as JSON lines on stdout.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
) -> None:
    """Look at the attention that answers paid to the picture, part by part and layer by layer.

    Each stored answer is read once more by the model that gave it, which writes nothing new. The same command again
    looks at what is missing and tells what is in the store; if nothing is missing, no model is loaded. What is found
    is in the tables extractions and attention.

    Attention is no cause: that a model looked at a part does not say that it answered because of it. `elena-wb
    occlude`, and runs with `--mask PART:knock-out`, test that.
    """
    from elena_wb.cli.attend_sources import meant_by
    from elena_wb.engine.attending import Wanted
    from elena_wb.parsing.layers import parse_layers
    from elena_wb.parsing.tokens import parse_tokens
    from elena_wb.plugins import plugin_host
    from elena_wb.store.selection import Choice, choose_answers

    if as_json and events:
        raise UsageError("--json and --events both write to stdout.", hint="Give one of them.")
    wanted = Wanted(
        tokens=parse_tokens(tokens),
        layers=parse_layers(layers),
        heads=heads,
        method=method,
        keep_maps=maps,
    )
    store = open_store(ctx)
    with store.read() if store.exists() else nullcontext():
        meant = meant_by(store, what)
    code = ExitCode.OK
    with OpenModels() as models:
        if meant.runs:
            _refuse_for_runs(model, prompt, mask)
            chosen: Mapping[int, Sequence[Chosen]] = choose_answers(
                store, meant.runs, Choice(where, flips, limit)
            )
        else:
            study = _study_of(ctx, store, meant.pictures, model, prompt, mask, limit)
            if dry_run:
                _print_study(study, as_json=as_json or events == "jsonl")
                return
            code = _ask(ctx, store, study, models, events=events == "jsonl")
            chosen = _of_study(store, study, Choice(where, flips))
        _told_if_none(chosen, where, flips=flips)
        work, album = plan_work(
            chosen, wanted, plugin_host(), store, fresh=fresh, out=out, uploads=settings(ctx).uploads
        )
        if dry_run:
            _print_plan(work, chosen, as_json=as_json or events == "jsonl")
            return
        code = worse(code, carry_out(work, store, models, events=events == "jsonl", album=album))
    if not events:
        _show(store, chosen, wanted, as_json=as_json)
    raise typer.Exit(code)


def after_run(store: Store, study: Study, models: OpenModels, *, before: ExitCode, events: bool) -> ExitCode:
    """Look at the answers that ``study`` is about, in the way that is the default, and print what is found.

    ``before`` is how the asking went; returns how both went.
    """
    from elena_wb.engine.attending import Wanted
    from elena_wb.plugins import plugin_host
    from elena_wb.store.selection import Choice

    wanted = Wanted()
    chosen = _of_study(store, study, Choice())
    work, _ = plan_work(chosen, wanted, plugin_host(), store, fresh=False, out=None, uploads={})
    code = worse(before, carry_out(work, store, models, events=events))
    if not events:
        _show(store, chosen, wanted, as_json=False)
    return code


def _refuse_for_runs(model: str | None, prompt: str | None, mask: Sequence[str] | None) -> None:
    given = [name for name, of in (("--model", model), ("--prompt", prompt), ("--mask", mask)) if of]
    if given:
        raise UsageError(
            f"{' and '.join(given)} cannot be given with a run: a stored answer is explained by the model that gave "
            "it, asked as it was asked.",
            hint="Leave it out; or ask anew with `elena-wb run`, and look at that run.",
        )


def _study_of(
    ctx: typer.Context,
    store: Store,
    pictures: Sequence[str],
    model: str | None,
    prompt: str | None,
    mask: Sequence[str] | None,
    limit: int | None,
) -> Study:
    """The questions about ``pictures`` that come before their answers can be looked at."""
    from elena_wb.config import resolve_model
    from elena_wb.engine.study import Request, plan_study
    from elena_wb.plugins import plugin_host

    chosen = settings(ctx)
    host = plugin_host()
    study = plan_study(
        Request(
            sources=pictures,
            model_uri=resolve_model(model, chosen, host.claims["models"]),
            prompts=[prompt or chosen.prompt],
            conditions=mask or chosen.mask,
            limit=limit,
            seed=chosen.seed,
            uploads=chosen.uploads,
        ),
        host,
        store,
    )
    run.tell(study)
    return study


def _ask(ctx: typer.Context, store: Store, study: Study, models: OpenModels, *, events: bool) -> ExitCode:
    """Ask what is missing; Ctrl-C and failures of all end the command.

    Raises:
        typer.Exit: there is nothing to look at.
    """
    if not study.to_ask:
        return ExitCode.OK
    code = run.carry_out(
        study,
        store,
        events=events,
        retries=settings(ctx).retries,
        open_model=models.opener(study.address, study.card.digest),
        table=False,
    )
    if code not in (ExitCode.OK, ExitCode.PARTIAL):
        raise typer.Exit(code)
    return code


def _of_study(store: Store, study: Study, choice: Choice) -> Mapping[int, Sequence[Chosen]]:
    """The answers to the questions of ``study``, and no others of the runs that they belong to."""
    from elena_wb.engine.plan import generation_id
    from elena_wb.engine.prefetch import Item
    from elena_wb.store import find_run
    from elena_wb.store.selection import choose_answers

    runs = {find_run(store, plan.spec.run_key): plan for plan in study.plans}
    meant = {
        generation_id(plan.spec.run_key, Item(stimulus, repeat))
        for plan in study.plans
        for stimulus in plan.stimuli
        for repeat in range(plan.spec.options["repeats"])
    }
    chosen = choose_answers(store, [run_id for run_id in runs if run_id is not None], choice)
    return {
        run_id: [one for one in answers if one.generation_id in meant or run_id not in runs]
        for run_id, answers in chosen.items()
    }


def _told_if_none(chosen: Mapping[int, Sequence[Chosen]], where: str | None, *, flips: bool) -> None:
    if any(chosen.values()):
        return
    if where is None and not flips:
        raise UsageError("These runs have no answers.", hint="`elena-wb runs` shows how far they came.")
    what = " and ".join(filter(None, ["--flips" if flips else "", f"--where {where}" if where else ""]))
    raise UsageError(f"No answer is left by {what}.", hint="Nothing was looked at.")


def _print_study(study: Study, *, as_json: bool) -> None:
    run.print_plan(study, as_json=as_json)
    if not as_json:
        say("Then every answer would be looked at.")


def _print_plan(work: Work, chosen: Mapping[int, Sequence[Chosen]], *, as_json: bool) -> None:
    rows = [
        {
            "run": plan.run_id,
            "model": plan.card.uri,
            "condition": plan.condition,
            "answers": len(chosen[plan.run_id]),
            "looked at": plan.done,
            "to look at": len(plan.to_do),
        }
        for plan in work.plans
    ]
    if as_json:
        print_json({"to_do": work.to_do, "runs": rows})
        return
    print_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    say(f"{work.to_do} answers to look at. No model was loaded, and nothing written.")


def _show(store: Store, chosen: Mapping[int, Sequence[Chosen]], wanted: Wanted, *, as_json: bool) -> None:
    """What the store knows of the answers chosen, on stdout."""
    from elena_wb.cli import attend_tables
    from elena_wb.cli.attend_plot import profile_plot
    from elena_wb.cli.written import drawn
    from elena_wb.findings.gazes import gather_gazes

    def gathered(target: str | None) -> Gazes:
        return gather_gazes(
            store, chosen, method=wanted.method, heads=wanted.heads, layers=wanted.layers, target=target
        )

    found = gathered("emotion" if "emotion" in wanted.tokens and not as_json else None)
    if not as_json and not any(run.gazes for run in found.runs):
        found = gathered(None)
    if as_json:
        print_json({**attend_tables.about(wanted), **attend_tables.as_data(found)})
        return
    target = attend_tables.main_target(found, wanted.tokens)
    sys.stdout.write(drawn(attend_tables.pieces(found, target), plots=False))
    if sys.stdout.isatty():
        from rich.console import Console

        part, lines = attend_tables.face_profiles(found, target)
        title = f"Attention of `{target}` to the {part} over its area, by layer"
        sys.stdout.write(profile_plot(title, lines, Console().width))
    sys.stdout.flush()


def worse(first: ExitCode, second: ExitCode) -> ExitCode:
    """What the process tells its caller after two works."""
    return second if first == ExitCode.OK or second in (ExitCode.FAILED, ExitCode.INTERRUPTED) else first
