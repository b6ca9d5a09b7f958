"""Published answers into the store, as runs that nobody has to repeat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elena_wb.core import Condition, Problem, ReadsNames, Upload, UsageError
from elena_wb.data.published import Published, read_published
from elena_wb.engine.events import RunStatus
from elena_wb.engine.imports.linking import Links, Pictures, Source, find_source, link
from elena_wb.engine.imports.records import SCHEME, items_of, records_of
from elena_wb.plugins import PluginHost
from elena_wb.store import (
    GenerationRecord,
    Outbox,
    RunSpec,
    Store,
    answered,
    begin_run,
    drain_orphans,
    find_run,
    finish_run,
    settle_run,
    show_run,
    storable,
    working_on,
)
from elena_wb.store.lookup import count_abstained, count_labelled, count_linked

PROMPT = "elena-published"

IMPORTED = "imported"
"""The provenance of a run whose answers were published by somebody else."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a user asks for. ``dataset`` is ``NAME[,OPTION=VALUE]…``, ``condition`` a spec as typed.

    ``uploads`` are the user's settings of where the pictures of folders may go.
    """

    files: Sequence[Path]
    dataset: str | None = None
    pictures: Sequence[Path] = ()
    model: str | None = None
    condition: str = "none"
    name: str | None = None
    uploads: Mapping[str, Upload] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file. ``new`` is false where the store had the run already: then nothing was changed.

    ``counts`` are answers by status; ``abstained`` of those that are ``ok`` name no emotion, and ``labelled`` of
    all are about stimuli with a true label. ``linked`` are about pictures: of the folders given, or known to the
    store; the others are known by name only. ``bad_entries`` could not be imported and are among ``problems``.
    """

    file: Path
    run_id: int
    new: bool
    model: str
    dataset: str
    status: RunStatus
    counts: Mapping[str, int]
    abstained: int
    labelled: int
    linked: int
    bad_entries: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def import_answers(request: ImportRequest, host: PluginHost, store: Store) -> list[Imported]:
    """Bring every file into the store as one run each. Nothing is written unless all files can be read.

    Raises:
        UsageError: a file holds no answers, a dataset or folder does not exist, or no name is found in the folders.
    """
    if request.model is not None and not request.model.strip():
        raise UsageError("The model's name is empty.", hint="Leave `--model` out where it is not known.")
    condition = str(Condition.parse(request.condition))
    files = [read_published(path) for path in dict.fromkeys(request.files)]
    sources = [
        find_source(request.dataset, [answer.name for answer in file.answers], host, file.path.stem)
        for file in files
    ]
    if store.exists():
        drain_orphans(store, patient=True)
    pictures = None
    if request.pictures:
        pictures = Pictures.load(request.pictures, request.dataset, host, store, request.uploads)
    linked = [
        _linked(file, source, pictures, request, store) for file, source in zip(files, sources, strict=True)
    ]
    return [
        _enter(file, source, links, request, condition, store)
        for file, source, links in zip(files, sources, linked, strict=True)
    ]


def _linked(
    file: Published, source: Source, pictures: Pictures | None, request: ImportRequest, store: Store
) -> Links:
    links = link([answer.name for answer in file.answers], source, pictures, store)
    if pictures is not None and not links.linked:
        first = f"The first is about `{file.answers[0].name}`."
        namesakes = f" {links.namesakes} are called as pictures in other folders, or several, are."
        raise UsageError(
            f"No answer in {file.path} is about a picture in {', '.join(map(str, request.pictures))}.",
            hint=f"{first}{namesakes if links.namesakes else ''} Without `--pictures` the names alone are used.",
        )
    return links


def _enter(
    file: Published, source: Source, links: Links, request: ImportRequest, condition: str, store: Store
) -> Imported:
    """Put the run into the store, unless it is there."""
    spec = _spec(file, links, request, condition)
    items = items_of(file, links.stimuli)
    with working_on(store, spec.run_key):
        run_id = find_run(store, spec.run_key)
        stored = answered(store, spec.run_key)
        moved = bool(stored) and not stored.keys() <= {
            (item.stimulus.stimulus_id, item.repeat) for item in items
        }
        new = run_id is None or len(stored) < len(items)
        if new:
            if moved:
                raise UsageError(
                    f"Run {run_id} is an unfinished import of {file.path} with other links to pictures.",
                    hint=f"Delete it first: `elena-wb runs delete {run_id}`.",
                )
            records = records_of(file, items, spec.run_key)
            with Outbox(store) as outbox:
                run_id = begin_run(store, spec, links.new, planned=len(records))
                outbox.append(*records)
                outbox.drain(patient=True)
            finish_run(store, run_id, _status(file, records))
        elif run_id is not None:
            settle_run(store, run_id)
    assert run_id is not None
    shown = show_run(store, run_id)
    linked = count_linked(store, run_id)
    told = () if moved else links.problems
    notes = (
        _notes(source, links, request)
        if new
        else _differences(shown, spec, request, links, linked, moved=moved)
    )
    return Imported(
        file=file.path,
        run_id=run_id,
        new=new,
        model=shown["model_uri"],
        dataset=shown["dataset"],
        status=shown["status"],
        counts=shown["generations"],
        abstained=count_abstained(store, run_id),
        labelled=count_labelled(store, run_id),
        linked=linked,
        bad_entries=sum(problem.excludes for problem in file.problems),
        problems=(*file.problems, *told),
        notes=tuple(notes),
    )


def _spec(file: Published, links: Links, request: ImportRequest, condition: str) -> RunSpec:
    name = storable(file.path.name)
    model = request.model.strip() if request.model else f"{IMPORTED}:{storable(file.path.stem)}"
    prompt = _digest([PROMPT, file.form])
    return RunSpec(
        run_key=_digest([IMPORTED, request.name, file.sha256]),
        name=request.name,
        spec_digest=_digest([IMPORTED, file.sha256, model, condition]),
        experiment=request.name,
        model_uri=model,
        model_digest=file.sha256,
        model_card={
            "uri": model,
            "name": model,
            "digest": file.sha256,
            "notes": ["Its answers were imported: the digest is that of their file, not of weights."],
        },
        prompt_name=PROMPT,
        prompt_digest=prompt,
        prompt_text="",
        condition=condition,
        dataset=", ".join(sorted({stimulus.dataset for stimulus in links.stimuli.values()})),
        options={
            "provenance": IMPORTED,
            "importer": "elena",
            "file": name,
            "sha256": file.sha256,
            "form": file.form,
            "scheme": SCHEME,
            "dataset": request.dataset,
            "pictures": [storable(folder.expanduser().absolute()) for folder in request.pictures],
        },
    )


def _status(file: Published, records: Sequence[GenerationRecord]) -> RunStatus:
    failed = sum(record.status == "error" for record in records)
    if failed == len(records):
        return "failed"
    return "partial" if failed or any(problem.excludes for problem in file.problems) else "done"


def _notes(source: Source, links: Links, request: ImportRequest) -> list[str]:
    """What a user should know of a run that was just imported."""
    notes = []
    foreign = source.foreign(links.stimuli)
    if foreign and not links.linked:
        notes.append(
            f"{foreign} of {len(links.stimuli)} pictures are not called as those of {source.dataset} are."
        )
    if request.dataset is None and source.reader is not None and not request.pictures:
        notes.append(f"The names are those of the dataset {source.dataset}; the labels are read from them.")
    if not request.pictures and source.reader is None:
        notes.append(
            "No dataset has such names, so that nothing is known about the pictures. "
            "`--dataset NAME --pictures FOLDER` links the answers to them."
        )
    elif not request.pictures and not isinstance(source.reader, ReadsNames) and not links.linked:
        notes.append(
            f"The names of {source.dataset} state no labels. `--pictures FOLDER` links the answers to its pictures."
        )
    return notes


def _differences(
    shown: Mapping[str, Any],
    spec: RunSpec,
    request: ImportRequest,
    links: Links,
    linked: int,
    *,
    moved: bool,
) -> list[str]:
    """Where the command says something else of the answers than the run that the store has.

    ``linked`` of that run are about pictures; ``moved`` is whether these are others than ``links`` has.
    """
    others = f"{links.linked} others" if links.linked == linked else links.linked
    asked = {
        "model": (request.model, shown["model_uri"], spec.model_uri),
        "condition": (request.condition != "none", shown["condition"], spec.condition),
        "dataset": (request.dataset or request.pictures, shown["dataset"], spec.dataset),
        "links to pictures:": (moved and (request.pictures or links.linked > linked), linked, others),
    }
    differing = [
        f"{what} {there} (not {now})" for what, (given, there, now) in asked.items() if given and there != now
    ]
    if not differing:
        return []
    run_id = shown["run_id"]
    return [
        f"It keeps its {', '.join(differing)}. To import it so, delete it first: `elena-wb runs delete {run_id}`."
    ]


def _digest(body: object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
