"""``elena-wb occlude``: which answers change when a part is hidden, beside as much hidden elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from elena_wb.cli import run
from elena_wb.cli.options import AsJson, open_store, settings
from elena_wb.cli.output import say
from elena_wb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from elena_wb.config import Settings
    from elena_wb.core import Choice
    from elena_wb.engine.study import Request
    from elena_wb.plugins import PluginHost

_FROM_RUN = {
    *("model", "prompt", "dataset", "person", "limit", "repeat", "temperature", "top_p", "top_k", "seed"),
    *("max_tokens", "name"),
}


def occlude(
    ctx: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE…|RUN", help="Pictures or folders, or a run of unmasked ones."),
    ],
    model: Annotated[str | None, typer.Option("-m", "--model", help="Model URI or alias.")] = None,
    prompt: Annotated[str | None, typer.Option("-p", "--prompt", help="Prompt pack.")] = None,
    parts: Annotated[
        str | None,
        typer.Option(
            metavar="PART[@LOCATOR],…",
            help="Parts to hide, each for itself; several joined with + are one.",
            show_default="those that the data has, else face",
        ),
    ] = None,
    style: Annotated[
        str, typer.Option(metavar="STYLE[,OPTION=VALUE]…", help="How they are hidden, and the control too.")
    ] = "box",
    knock_out: Annotated[
        bool,
        typer.Option(
            "--knock-out", help="Hide no pixel: forbid the model to attend to them (`hf:`, `tiny:`)."
        ),
    ] = False,
    layers: Annotated[
        str, typer.Option(metavar="all|N|N-M", help="Layers in which --knock-out forbids it, from 0.")
    ] = "all",
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME[,OPTION=VALUE]…", help="Read the sources as this dataset.")
    ] = None,
    person: Annotated[
        Literal["crop", "outline", "whole"], typer.Option(help="How a labelled person is pointed out.")
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
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again what failed.")] = False,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="USD", help="Stop before the call that could exceed this."),
    ] = None,
    allow_upload: Annotated[
        bool, typer.Option("--allow-upload", help="Send also pictures that are to stay on this machine.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    events: Annotated[
        Literal["jsonl"] | None, typer.Option(help="Print events as JSON lines, and the result as the last.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hide each part, and as much elsewhere as control, and count which answers change.

    An experiment of ordinary runs (`none`, PART and its control), so that the same command goes on where it stopped,
    and only prints the result where nothing is missing. All are asked with the prompt for whole pictures: one that
    says that something is covered would be a difference of its own.

    With a RUN its pictures, model, prompt and sampling are taken, and its answers are the unmasked side.
    """
    from elena_wb.cli.attend_sources import meant_by
    from elena_wb.cli.occlude_tables import show
    from elena_wb.engine.occluding import plan_occlusion, unmasked_request
    from elena_wb.plugins import plugin_host

    if as_json and events:
        raise UsageError("--json and --events both take stdout.", hint="Give one of the two.")
    chosen_style = hidden_by(style, layers, knock_out=knock_out, styled=_given(ctx, "style"))
    host, chosen, store = plugin_host(), settings(ctx), open_store(ctx)
    meant = meant_by(store, sources)
    if meant.runs:
        _refuse_changes(ctx, sources)
        request = unmasked_request(
            store,
            sources[0],
            retry_failed=retry_failed,
            allow_upload=allow_upload,
            uploads=chosen.uploads,
        )
    else:
        request = _request(
            meant.pictures,
            model,
            chosen,
            host,
            prompts=[prompt or chosen.prompt],
            dataset=dataset,
            person=person,
            limit=limit,
            repeats=repeat,
            sampling=(temperature, top_p, top_k),
            seed=chosen.seed if seed is None else seed,
            max_tokens=max_tokens,
            name=name,
            retry_failed=retry_failed,
            allow_upload=allow_upload,
        )
    wanted = None if parts is None else parts_of(parts)
    occlusion = plan_occlusion(request, host, store, parts=wanted or (), style=chosen_style)
    run.tell(occlusion.study)
    if dry_run:
        run.print_plan(occlusion.study, as_json=as_json or events == "jsonl")
        return
    code = run.carry_out(
        occlusion.study,
        store,
        batch_size=batch_size,
        max_cost_usd=max_cost,
        events=events == "jsonl",
        retries=chosen.retries,
        table=False,
    )
    if code in (ExitCode.OK, ExitCode.PARTIAL, ExitCode.INTERRUPTED):
        if code != ExitCode.OK:
            say("Not everything that was to be asked has its answer: the figures are of what is there.")
        show(occlusion, store, how="event" if events else "json" if as_json else "table")
    raise typer.Exit(code)


def _request(
    pictures: tuple[str, ...],
    model: str | None,
    chosen: Settings,
    host: PluginHost,
    *,
    sampling: tuple[float, float, int],
    **fields: object,
) -> Request:
    from elena_wb.config import resolve_model
    from elena_wb.core import Sampling
    from elena_wb.engine.study import Request

    temperature, top_p, top_k = sampling
    return Request(
        sources=pictures,
        model_uri=resolve_model(model, chosen, host.claims["models"]),
        sampling=Sampling(temperature=temperature, top_p=top_p, top_k=top_k),
        uploads=chosen.uploads,
        **fields,  # type: ignore[arg-type]
    )


def hidden_by(style: str, layers: str, *, knock_out: bool, styled: bool) -> Choice:
    """How parts are hidden.

    Raises:
        UsageError: the options contradict each other, or the style is itself a control.
    """
    from elena_wb.core import Choice
    from elena_wb.core.condition import CONTROL, KNOCK_OUT, KNOCK_OUT_CONTROL

    if knock_out:
        if styled:
            raise UsageError(
                "--knock-out hides no pixel, so that --style has nothing to do.", hint="Give one."
            )
        return Choice(KNOCK_OUT, () if layers.strip().lower() == "all" else (("layers", layers.strip()),))
    if layers != "all":
        raise UsageError("--layers is for --knock-out: hidden pixels are hidden from every layer.")
    try:
        choice = Choice.parse(style.lower())
    except ValueError as error:
        raise UsageError(f"`{style}` is no style: {error}.", hint="STYLE[,OPTION=VALUE]…") from error
    if choice.name in (CONTROL, KNOCK_OUT, KNOCK_OUT_CONTROL):
        hint = "`--knock-out` forbids attention; the control of each style is asked in any case."
        raise UsageError(f"`{choice.name}` hides no part.", hint=hint)
    return choice


def parts_of(text: str) -> tuple[str, ...]:
    """The parts that ``text`` names, each once.

    Raises:
        UsageError: there is none.
    """
    parts = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not parts:
        raise UsageError("--parts names none.", hint="Such as `--parts face,hands`.")
    return parts


def _given(ctx: typer.Context, name: str) -> bool:
    return str(ctx.get_parameter_source(name)).endswith("COMMANDLINE")


def _refuse_changes(ctx: typer.Context, sources: list[str]) -> None:
    """A run's answers are one side of the comparison: what would make the other sides differ is refused."""
    if len(sources) > 1:
        raise UsageError("Occlusion takes one run.", hint="Name one, or pictures and folders.")
    given = sorted(name for name in _FROM_RUN if _given(ctx, name))
    if given:
        raise UsageError(
            f"These are taken from run {sources[0]} itself: {', '.join(given).replace('_', '-')}.",
            hint="Leave them out, or name the pictures in place of the run.",
        )
