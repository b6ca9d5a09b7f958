"""The demonstration: a whole study of facial bias, from rendering to findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from elena_wb.analysis import Estimate, confusion, proportion
from elena_wb.cli.interrupts import stopping_on_interrupt
from elena_wb.cli.output import say
from elena_wb.cli.progress import watching
from elena_wb.engine.models import describe
from elena_wb.engine.study import Request, plan_study
from elena_wb.errors import ExitCode, WorkbenchError
from elena_wb.plain import plain
from elena_wb.plugins import plugin_host
from elena_wb.store import Store
from elena_wb.vocabulary import facial_mentions
from elena_wb_tiny.stimuli.folder import write_folder

_LEARNT = "-tiny"
"""Ends the names of the prompt packs in whose words the model that was made for these figures learnt to be asked."""
_LAST_WORDS = "Every answer that had arrived is kept; the same command goes on from there."
EMBEDDED = "tiny:"
FIGURES = "stimuli"
PROMPTS = ("elena", "naive")
CONDITIONS = ("none", "face@annotated")
_UNMASKED, _MASKED = CONDITIONS
_ANSWERS = """
    SELECT g.emotion, g.explicit_description, g.implicit_description, g.narrative,
           (SELECT list(b.phrase) FROM body_parts AS b WHERE b.generation_id = g.generation_id) AS parts,
           face.label AS face, body.label AS body, s.path
    FROM generations AS g
    JOIN stimuli AS s USING (stimulus_id)
    JOIN labels AS face ON face.stimulus_id = g.stimulus_id AND face.source = 'face'
    JOIN labels AS body ON body.stimulus_id = g.stimulus_id AND body.source = 'body'
    WHERE g.run_id = ? AND g.repeat = 0 AND list_contains(?::VARCHAR[], g.stimulus_id)
    ORDER BY s.path
"""

Answers = dict[str, dict[str, list[dict[str, Any]]]]
"""Prompt → condition → one row per figure, in the same order throughout."""


def run_demo(store: Store, folder: Path, pictures: int, seed: int, model_uri: str = EMBEDDED) -> None:
    """Render, run and report; going on where an earlier demonstration with this model stopped.

    Raises:
        UsageError: there is no such model.
        WorkbenchError: a run did not finish.
        typer.Exit: Ctrl-C was pressed.
    """
    console = Console()
    card = describe(model_uri, plugin_host())
    suffix = _LEARNT if FIGURES in card.meant_for else ""
    packs = {prompt: prompt + suffix for prompt in PROMPTS}
    sets = {"congruent": pictures, "incongruent": pictures // 2}
    for kind, count in sets.items():
        write_folder(folder / kind, count, seed + (kind == "incongruent"), kind == "incongruent")
    say(f"Rendered {sum(sets.values())} posed figures in {folder}.")
    answers = {kind: _ask(store, folder / kind, f"demo {kind}", model_uri, packs) for kind in sets}
    console.print()
    whose = "the embedded model" if model_uri == EMBEDDED else card.name
    console.print(Text(f"Answers of {plain(whose)} ({plain(card.uri)}).\n"), soft_wrap=True)
    console.print(_accuracy_table(answers["congruent"]))
    console.print(_following_table(answers["incongruent"]))
    console.print(_findings(answers["congruent"]["elena"]))
    _side_by_side(console, answers["congruent"]["elena"])
    _next_steps(console, store, folder)


def _ask(store: Store, figures: Path, name: str, model_uri: str, packs: Mapping[str, str]) -> Answers:
    request = Request(
        sources=[figures],
        model_uri=model_uri,
        prompts=tuple(packs.values()),
        conditions=CONDITIONS,
        name=name,
        retry_failed=True,
    )
    study = plan_study(request, plugin_host(), store)
    with stopping_on_interrupt(_LAST_WORDS) as stop, watching(events=False) as listener:
        results = study.carry_out(store, listener=listener, stop=stop)
    if stop.is_set():
        raise typer.Exit(ExitCode.INTERRUPTED)
    for result in results:
        if result.failed or result.status == "failed":
            raise WorkbenchError(
                f"Run {result.run_id} ended as {result.status}. {result.reason or ''}".rstrip(),
                hint=f"`elena-wb runs show {result.run_id}` says more; the same command asks again what failed.",
            )
    wanted = [stimulus.stimulus_id for stimulus in study.stimuli]
    kept = iter(_answers(store, result.run_id, wanted) for result in results)
    return {prompt: {condition: next(kept) for condition in CONDITIONS} for prompt in PROMPTS}


def _answers(store: Store, run_id: int, stimuli: list[str]) -> list[dict[str, Any]]:
    with store.read() as connection:
        cursor = connection.execute(_ANSWERS, [run_id, stimuli])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _accuracy_table(answers: Answers) -> Table:
    n = len(answers["elena"][_UNMASKED])
    table = _table(f"Does the answer match the posed emotion? ({n} congruent figures, 95 % intervals)")
    for column in ("prompt", "condition", "accuracy", "macro-F1", "flips under mask"):
        table.add_column(column)
    for prompt, conditions in answers.items():
        for condition, rows in conditions.items():
            scored = confusion([row["body"] for row in rows], [row["emotion"] for row in rows])
            flips = str(_flips(conditions)) if condition == _MASKED else ""
            table.add_row(prompt, condition, str(scored.accuracy()), str(scored.macro_f1()), flips)
    return table


def _following_table(answers: Answers) -> Table:
    n = len(answers["elena"][_UNMASKED])
    table = _table(f"Face and body disagree: which does the answer follow? ({n} incongruent figures)")
    for column in ("prompt", "condition", "the face", "the body", "neither"):
        table.add_column(column)
    for prompt, conditions in answers.items():
        for condition, rows in conditions.items():
            face = proportion(sum(row["emotion"] == row["face"] for row in rows), len(rows))
            body = proportion(sum(row["emotion"] == row["body"] for row in rows), len(rows))
            neither = sum(row["emotion"] not in (row["face"], row["body"]) for row in rows)
            table.add_row(prompt, condition, str(face), str(body), str(proportion(neither, len(rows))))
    return table


def _findings(conditions: dict[str, list[dict[str, Any]]]) -> Text:
    unmasked, masked = (_facial(conditions[condition]) for condition in CONDITIONS)
    return Text(
        f"Narratives that mention the face: {unmasked} unmasked, {masked} with the face hidden "
        "(a mention of what cannot be seen is a hallucination).\n"
    )


def _facial(rows: list[dict[str, Any]]) -> Estimate:
    return proportion(sum(bool(facial_mentions(_words(row))) for row in rows), len(rows))


def _words(row: dict[str, Any]) -> str:
    texts = (
        row["explicit_description"],
        row["implicit_description"],
        row["narrative"],
        *(row["parts"] or ()),
    )
    return " ".join(text for text in texts if text)


def _flips(conditions: dict[str, list[dict[str, Any]]]) -> Estimate:
    pairs = list(zip(conditions[_UNMASKED], conditions[_MASKED], strict=True))
    return proportion(sum(a["emotion"] != b["emotion"] for a, b in pairs), len(pairs))


def _side_by_side(console: Console, conditions: dict[str, list[dict[str, Any]]]) -> None:
    """Two figures, as answered with and without the face: first those whose answer flipped."""
    pairs = list(zip(conditions[_UNMASKED], conditions[_MASKED], strict=True))
    flipped = [pair for pair in pairs if pair[0]["emotion"] == pair[0]["body"] != pair[1]["emotion"]]
    same = [pair for pair in pairs if pair[0]["emotion"] == pair[1]["emotion"]]
    for pair in [*flipped[:1], *same[:1]]:
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(ratio=1)
        table.add_column(ratio=1)
        table.add_row(_answer_panel(pair[0], "face shown"), _answer_panel(pair[1], "face hidden"))
        name = Path(pair[0]["path"]).name
        console.print(Text(f"{name}, posed as {pair[0]['body']}", style="bold"))
        console.print(table)


def _answer_panel(row: dict[str, Any], title: str) -> Panel:
    lines = [
        row["emotion"] or "no emotion",
        ", ".join(row["parts"] or ()),
        row["explicit_description"],
        row["implicit_description"],
        row["narrative"],
    ]
    return Panel(Text("\n".join(plain(line) for line in lines if line)), title=title, box=box.ROUNDED)


def _next_steps(console: Console, store: Store, folder: Path) -> None:
    option = f"--store {store.path} "
    steps = (
        ("ask the store", f"elena-wb {option}query --named accuracy-by-condition"),
        ("any question", f'elena-wb {option}query "SELECT emotion, count(*) FROM narratives GROUP BY ALL"'),
        ("other figures", "elena-wb stimuli render figures --count 70 --seed 11 --incongruent"),
        ("your pictures", "elena-wb run FOLDER -m hf:MODEL --mask none --mask face@yunet"),
        ("other models", "elena-wb models"),
    )
    console.print(Text(f"Everything is in {store.path}, the figures in {folder}. Next:", style="bold"))
    for what, command in steps:
        console.print(Text(f"  {what:<14} {command}"), soft_wrap=True)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
