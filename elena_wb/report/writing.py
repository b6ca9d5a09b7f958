"""From runs to one file: everything is found, shown and written, and what could not be made is said."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elena_wb import __version__
from elena_wb.core import SetupError, UsageError
from elena_wb.findings.words import listed, number, number_interval, percent, percent_interval
from elena_wb.plugins import PluginHost
from elena_wb.remote.redaction import redact
from elena_wb.report.finding import Found, find
from elena_wb.report.methods import paragraphs, sources
from elena_wb.report.options import ReportOptions, Written
from elena_wb.report.page import Keys, ShownChapter, render, shown_chapter
from elena_wb.report.pairs import pairs_told, shown_pair
from elena_wb.report.pictures import Album
from elena_wb.report.repeating import Commands, commands
from elena_wb.store import Store, drain_orphans, show_run
from elena_wb.store.saving import refuse_devices

_MOST_TILES = 8
_QUESTION = (
    "What do the models say about the emotion in these pictures, and what changes when a part is hidden?"
)
_FIXED = (
    "glance",
    "pairs",
    "methods",
    "repeat",
    "main",
    "contents",
    "incomplete",
    "prompts",
    "sources",
    "check",
    "left-out",
)


def write_report(
    store: Store, host: PluginHost, run_ids: Sequence[int], output: Path, options: ReportOptions
) -> Written:
    """Write the report of these runs to ``output``, whole or not at all; an earlier file is replaced.

    What an analysis or a picture fails for is in the report and in ``missing``.

    Raises:
        UsageError: no run is named, one does not exist, ``output`` is the store, or there is no such metric.
        SetupError: the store cannot be read, or the file not be written.
    """
    if not run_ids:
        raise UsageError("A report needs a run.", hint="`elena-wb runs` lists them.")
    check_output(store, output)
    if store.exists():
        drain_orphans(store)
    runs = [show_run(store, run_id) for run_id in dict.fromkeys(run_ids)]
    found = find(store, host, [run["run_id"] for run in runs], options)
    album = Album(store, host, options)
    page = redact(render(_values(store, runs, found, album, options)))
    data = page.encode("utf-8", "backslashreplace")
    _put(data, output)
    return Written(output, len(data), album.shown, tuple(found.missing))


def check_output(store: Store, output: Path) -> None:
    """Look at where the report is to be, before anything is computed.

    Raises:
        UsageError: it is the store itself, or a folder.
    """
    refuse_devices(output)
    if output.resolve() == store.path.resolve():
        raise UsageError(f"{output} is the store itself.", hint="Write to another file.")
    if output.is_dir():
        raise UsageError(f"{output} is a folder.", hint="Name a file in it, such as `report.html`.")


def _values(
    store: Store, runs: Sequence[Mapping[str, Any]], found: Found, album: Album, options: ReportOptions
) -> dict[str, Any]:
    """Everything that the template takes."""
    keys = Keys()
    for name in _FIXED:
        keys.new(name)
    before = [shown_chapter(of.title, (of,), keys) for of in found.set_up]
    before += [shown_chapter(of.title, of.sections, keys) for of in found.chapters]
    after = [shown_chapter(of.title, (of,), keys) for of in found.failures]
    pairs = [shown_pair(told, album, found, options) for told in found.telling]
    run_ids = [run["run_id"] for run in runs]
    again = found.attempt("How to repeat it", lambda: commands(store, run_ids, options), Commands())
    told = [*found.set_up, *(of for chapter in found.chapters for of in chapter.sections), *found.failures]
    return {
        "version": __version__,
        "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "title": options.title or _title(runs),
        "question": options.question or _QUESTION,
        "contents": list(_contents(before, after)),
        "missing": [*options.missing, *found.missing],
        "tiles": list(_tiles(found)),
        "sentences": [of for of in (*before, *after) if of.led],
        "before": before,
        "prompts": _prompts(runs),
        "pairs": pairs,
        "pairs_told": pairs_told(found, options),
        "left_out": sorted(album.left_out.items()),
        "after": after,
        "methods": list(paragraphs(found.kinds, options.resampling)),
        "sources": sources(of.sources for of in told),
        "commands": again.lines,
        "repeat_notes": again.notes,
        "pictures_told": _pictures_told(album, options),
    }


def _title(runs: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(str(run["experiment"] or run["name"] or "") for run in runs))
    if len(names) == 1 and names[0]:
        return names[0]
    numbers = listed([str(run["run_id"]) for run in runs])
    return f"Emotion from the body: {'run' if len(runs) == 1 else 'runs'} {numbers}"


def _contents(before: Sequence[ShownChapter], after: Sequence[ShownChapter]) -> Iterator[dict[str, Any]]:
    yield {"key": "glance", "title": "At a glance", "sections": ()}
    for place, of in enumerate(before):
        yield {"key": of.key, "title": of.title, "sections": of.sections if of.parted else ()}
        if place == 0:
            yield {"key": "prompts", "title": "Prompts", "sections": ()}
    yield {"key": "pairs", "title": "Telling pairs", "sections": ()}
    for of in after:
        yield {"key": of.key, "title": of.title, "sections": ()}
    yield {"key": "methods", "title": "Methods", "sections": ()}
    yield {"key": "repeat", "title": "How to repeat it", "sections": ()}


def _tiles(found: Found) -> Iterator[dict[str, str]]:
    """The main figure of each run: accuracy where one label is true, else the first figure that there is."""
    runs = () if found.scored is None else found.scored.runs
    for of in runs[:_MOST_TILES]:
        for scores in list(of.groups[0].metrics.values())[:1] if of.groups else ():
            name, figure = next(iter(scores.figures.items()))
            share = name in ("accuracy", "hit_rate")
            bounds = percent_interval(figure) if share else number_interval(figure)
            yield {
                "of": f"Run {of.run.run_id}, {of.run.condition}",
                "value": percent(figure.value) if share else number(figure.value),
                "bounds": bounds,
                "what": f"{name.replace('_', ' ')}, {figure.n:,} answers",
            }


def _prompts(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Every prompt once, with the runs that it is of."""
    of: dict[tuple[str, str, str, str], list[int]] = {}
    for run in runs:
        variant = str(run["options"].get("prompt_variant") or "")
        key = (run["prompt_name"], variant, run["prompt_digest"] or "", run["prompt_text"] or "")
        of.setdefault(key, []).append(run["run_id"])
    return [
        {
            "name": f"{name}, variant {variant}" if variant else name,
            "digest": digest,
            "text": text or "(not recorded)",
            "of": f"{'run' if len(numbers) == 1 else 'runs'} {listed(list(map(str, numbers)))}",
        }
        for (name, variant, digest, text), numbers in of.items()
    ]


def _pictures_told(album: Album, options: ReportOptions) -> str:
    if options.pictures == "none":
        return "It shows no pictures (--no-pictures)."
    kept = (
        " Pictures that are to stay where they are were shown by the express word of who made it."
        if options.restricted
        else ""
    )
    if options.pictures == "masked-only":
        return f"Of {album.shown} pictures and maps in it, all are masked, and a detector found no face in them.{kept}"
    return f"Pictures and maps in it: {album.shown}.{kept}"


def _put(data: bytes, output: Path) -> None:
    """Write beside the file and put it in its place, so that a failure leaves an earlier one as it was."""
    draft: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{output.name[:40]}.", suffix=".part", dir=output.parent)
        draft = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        umask = os.umask(0)
        os.umask(umask)
        draft.chmod(0o666 & ~umask)
        draft.replace(output)
    except OSError as problem:
        if draft is not None:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        raise SetupError(f"Cannot write {output}: {problem.strerror or problem}.") from problem
