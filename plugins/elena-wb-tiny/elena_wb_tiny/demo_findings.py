"""What the demonstration tells of its answers: figures of `elena-wb bias` in two tables, and two pictures in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from elena_wb.experiments import ExperimentPlan
from elena_wb.findings.bias import Tried, facial_bias
from elena_wb.plain import plain
from elena_wb.store import Store

_ANSWERS = """
    SELECT g.emotion, g.explicit_description, g.implicit_description, g.narrative,
           (SELECT list(b.phrase) FROM body_parts AS b WHERE b.generation_id = g.generation_id) AS parts,
           l.label AS posed, s.path, g.stimulus_id
    FROM generations AS g JOIN stimuli AS s USING (stimulus_id)
    JOIN labels AS l ON l.stimulus_id = g.stimulus_id AND l.source = 'body'
    WHERE g.run_id = ? AND g.repeat = 0
    ORDER BY s.path
"""
_EMBEDDED = "tiny:"

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Findings:
    """Prints them; ``planned`` is the demonstration's study."""

    planned: ExperimentPlan

    def __call__(self, store: Store, run_ids: tuple[int, ...]) -> None:
        """Write to stdout what the runs ``run_ids`` say."""
        with store.read():  # opened once for all
            self._tell(store, run_ids)

    def _tell(self, store: Store, run_ids: tuple[int, ...]) -> None:
        console = Console()
        tried = sorted(facial_bias(store, run_ids).tried, key=lambda one: one.trial.about.run_id)
        agreeing = [one for one in tried if one.followed == (None, None)]
        differing = [one for one in tried if one.followed != (None, None)]
        console.print()
        console.print(Text(f"Answers of {self._whose()}.\n"), soft_wrap=True)
        if agreeing:
            console.print(_accuracy_table(agreeing))
        if differing:
            console.print(_following_table(differing))
        told = next((one for one in agreeing if one.words.stimuli), None)
        if told is not None:
            console.print(_mentions(told))
            _side_by_side(console, store, told)

    def tell_next_steps(self, store: Store, folder: Path, report: Path | None) -> None:
        """Write to stdout where everything is and what to do next."""
        option = f"--store {store.path} "
        steps = (
            *([("the report", str(report))] if report is not None else []),
            ("this study", f"elena-wb {option}experiment {folder / 'demo.toml'}"),
            ("the face", f"elena-wb {option}bias 'demo congruent'"),
            ("ask the store", f"elena-wb {option}query --named accuracy-by-condition"),
            ("other figures", "elena-wb stimuli render figures --count 70 --seed 11 --incongruent"),
            ("your pictures", "elena-wb run FOLDER -m hf:MODEL --mask none --mask face@yunet"),
            ("other models", "elena-wb models"),
        )
        console = Console()
        console.print(Text(f"Everything is in {store.path}, the figures in {folder}. Next:", style="bold"))
        for what, command in steps:
            console.print(Text(f"  {what:<14} {command}"), soft_wrap=True)

    def _whose(self) -> str:
        (part, *_) = self.planned.planned
        assert part.study is not None
        card = part.study.card
        name = "the embedded model" if part.request.model_uri == _EMBEDDED else card.name
        return f"{plain(name)} ({plain(card.uri)})"


def _accuracy_table(tried: Sequence[Tried]) -> Table:
    n = max(one.labelled for one in tried)
    table = _table(f"Does the answer match the posed emotion? ({n} figures, 95 % intervals)")
    for column in ("prompt", "face", "accuracy", "macro-F1", "flips"):
        table.add_column(column)
    for one in tried:
        found = one.dependence
        if found is None:
            continue
        prompt, accuracy, f1 = one.trial.about.prompt, found.accuracy, found.macro_f1
        table.add_row(prompt, "shown", str(accuracy.unmasked), str(f1.unmasked), "")
        table.add_row(prompt, "hidden", str(accuracy.hidden), str(f1.hidden), str(found.flips.hidden))
    return table


def _following_table(tried: Sequence[Tried]) -> Table:
    n = max(one.questions for one in tried)
    table = _table(f"Face and body disagree: which does the answer follow? ({n} figures)")
    for column in ("prompt", "face", "the face", "the body", "neither"):
        table.add_column(column)
    for one in tried:
        for face, followed in zip(("shown", "hidden"), one.followed, strict=True):
            if followed is not None:
                shares = (followed.face, followed.body, followed.neither)
                table.add_row(one.trial.about.prompt, face, *map(str, shares))
    return table


def _mentions(tried: Tried) -> Text:
    return Text(
        f"Answers that speak of the face: {tried.words.unmasked} unmasked, {tried.words.hidden} with the face hidden "
        "(a mention of what cannot be seen is a hallucination).\n"
    )


def _side_by_side(console: Console, store: Store, tried: Tried) -> None:
    """Two figures, as answered with and without the face: one whose answer flipped, and one whose answer did not."""
    unmasked, hidden = tried.trial.unmasked, tried.trial.hidden
    if unmasked is None or hidden is None:
        return
    seen = {row["stimulus_id"]: row for row in _answers(store, unmasked.run_id)}
    pairs = [
        (seen[row["stimulus_id"]], row)
        for row in _answers(store, hidden.run_id)
        if row["stimulus_id"] in seen
    ]
    flipped = [pair for pair in pairs if pair[0]["emotion"] == pair[0]["posed"] != pair[1]["emotion"]]
    same = [pair for pair in pairs if pair[0]["emotion"] == pair[1]["emotion"]]
    for pair in [*flipped[:1], *same[:1]]:
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(ratio=1)
        table.add_column(ratio=1)
        table.add_row(_answer_panel(pair[0], "face shown"), _answer_panel(pair[1], "face hidden"))
        name = Path(pair[0]["path"]).name
        console.print(Text(f"{plain(name)}, posed as {pair[0]['posed']}", style="bold"))
        console.print(table)


def _answers(store: Store, run_id: int) -> list[Answer]:
    with store.read() as connection:
        cursor = connection.execute(_ANSWERS, [run_id])
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _answer_panel(row: Answer, title: str) -> Panel:
    lines = [
        row["emotion"] or "no emotion",
        ", ".join(row["parts"] or ()),
        row["explicit_description"],
        row["implicit_description"],
        row["narrative"],
    ]
    return Panel(Text("\n".join(plain(line) for line in lines if line)), title=title, box=box.ROUNDED)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
