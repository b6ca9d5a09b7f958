"""What a model was shown for a stored answer: its picture, hidden, cut and marked again as it was then.

The pixels come from the recipe of the answer's run and are held against the digest that was stored with the answer.
Nothing is planned and no model is opened, so that it works for models asked over the network too.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from elena_wb.core import Box, Condition, ImageError, Pixels, Prompt, Sampling, UsageError, WorkbenchError
from elena_wb.engine.attending_parts import parts_of
from elena_wb.engine.imports.importing import IMPORTED
from elena_wb.engine.pointing import DEFAULT, shown_of
from elena_wb.engine.prefetch import Item, Picture, Prepared, Recipe
from elena_wb.masking import resolve
from elena_wb.masking.parts import GROUPS
from elena_wb.plugins import PluginHost
from elena_wb.prompts import choose
from elena_wb.store import Store
from elena_wb.store.asked import Asked, AskedRun, asked

_RUNS_KEPT = 8


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The picture of one answer, as it is and as the model was given it.

    ``original`` is the whole picture as displayed, uint8 ``[height, width, 3]`` RGB; ``None`` where ``problem`` says
    why. ``seen`` are the pixels that the model was given, which show ``seen_box`` of the whole picture; ``None`` where
    they cannot be made again: a note says why, and the original must not be taken for them. ``regions`` are the parts
    known, by name, and ``hidden`` the boxes that were covered but for ``spared`` within them; where ``attended`` is
    false they were not covered, but kept from the model's attention. ``person`` is the one who was asked about, where
    that is labelled. All boxes are in pixels of the whole picture.
    """

    generation_id: str
    path: Path
    original: Pixels | None
    problem: str | None
    seen: Pixels | None
    seen_box: Box | None
    regions: Mapping[str, tuple[Box, ...]]
    hidden: tuple[Box, ...] = ()
    spared: tuple[Box, ...] = ()
    attended: bool = True
    notes: tuple[str, ...] = ()
    person: Box | None = None


@dataclass(frozen=True, slots=True)
class _Making:
    """How the requests of a run are made. ``same_mask`` is false where hiding works in another way by now.

    ``prompt_known`` is false where the prompt is not what it was, so that digests cannot be compared.
    """

    recipe: Recipe
    same_mask: bool
    prompt_known: bool


_makings: OrderedDict[tuple[Path, str], tuple[PluginHost, _Making]] = OrderedDict()
_guard = threading.Lock()


def shown(store: Store, host: PluginHost, generation_id: str) -> Shown:
    """What the model was shown as it gave the answer. May be called from several threads.

    Raises:
        UsageError: the answer is gone.
        SetupError: the store cannot be read.
    """
    question = asked(store, generation_id)
    if question is None:
        raise UsageError("This answer is not in the store any more.", hint="Its run was deleted.")
    path, problem = _file_of(question)
    person = question.stimulus.person_box
    found = Shown(generation_id, path, None, problem, None, None, _regions(question), person=person)
    if problem is not None:
        return found
    picture = Picture(path)
    try:
        image = picture.load()
    except ImageError as error:
        return replace(found, problem=error.message)
    found = replace(found, original=image.pixels)
    try:
        making = _making(store, host, question.run)
    except WorkbenchError as error:
        return replace(found, notes=(*image.notes, f"What the model saw cannot be shown: {error.message}"))
    item = Item(replace(question.stimulus, path=path), question.repeat)
    (prepared,) = making.recipe.prepare([item], picture)
    why_not, notes = _judged(question, making, prepared)
    found = replace(
        found,
        hidden=prepared.hidden,
        spared=prepared.spared,
        attended=not making.recipe.masking.knocks_out,
        notes=(*prepared.notes, *notes),
    )
    if why_not is not None or prepared.request is None:
        return replace(
            found,
            hidden=(),
            spared=(),
            notes=(*image.notes, f"What the model saw cannot be shown: {why_not}"),
        )
    box = shown_of(image.width, image.height, question.stimulus.person_box, making.recipe.person)
    return replace(found, seen=prepared.request.image, seen_box=box)


def _judged(question: Asked, making: _Making, prepared: Prepared) -> tuple[str | None, tuple[str, ...]]:
    """Why what was prepared may not be taken for what the model saw, if it may not; and what is to be said of it."""
    request, masking = prepared.request, making.recipe.masking
    if request is None:
        return prepared.error or "it cannot be prepared.", ()
    if question.content_digest is None:
        return "no picture was sent for this answer.", ()
    if making.prompt_known:
        if making.recipe.content_digest(request, question.run.model_digest) == question.content_digest:
            return None, ()
        doubt = "These are not quite the pixels of then: the regions, the picture or a library have changed since."
    else:
        doubt = (
            f"Whether these are the very pixels of then cannot be told: the prompt pack "
            f"`{question.run.prompt_name}` has changed or is gone."
        )
    if not making.same_mask:
        return f"`{masking.condition}` hides in another way here than it did in the run.", ()
    if masking.condition.masked and not prepared.hidden:
        return (
            f"nothing is found to hide for `{masking.condition}`, and that may have been otherwise then.",
            (),
        )
    return None, (doubt,)


def _file_of(question: Asked) -> tuple[Path, str | None]:
    """Where the picture of then is, or the first place where it should be and what is wrong there."""
    content = question.stimulus.picture_id
    if len(content) != 64:
        name = question.stimulus.path
        return name, f"{name.name}: only its name is known; the answer is linked to no picture."
    changed: Path | None = None
    for path in question.paths:
        try:
            found = path.stat()
            if question.sizes.get(path) == (content, found.st_size, found.st_mtime_ns):
                return path, None
            if not path.is_file():
                continue
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == content:
                    return path, None
        except (OSError, ValueError):
            continue
        changed = changed or path
    if changed is not None:
        return changed, f"{changed.name}: the file has changed; it is not the picture that was asked about."
    first = question.paths[0]
    return first, f"{first.name}: the file is no longer there, or cannot be read."


def _regions(question: Asked) -> dict[str, tuple[Box, ...]]:
    """The boxes of each part known; a group (``hands``) stands beside its members only if it is a region itself."""
    parts = parts_of(question.stimulus, question.found)
    named = {region.part.replace("-", "_") for of in question.found.values() for region in of}
    return {part: boxes for part, boxes in parts.items() if part not in GROUPS or part in named}


def _making(store: Store, host: PluginHost, run: AskedRun) -> _Making:
    """How the requests of ``run`` are made, kept for the next answer of it.

    Raises:
        WorkbenchError: the answers were imported, or the locator or the style of the condition cannot be had.
    """
    key = (store.path, run.run_key)
    with _guard:
        kept = _makings.get(key)
        if kept is not None and kept[0] is host:
            _makings.move_to_end(key)
            return kept[1]
    making = _made(host, run)
    with _guard:
        _makings[key] = (host, making)
        while len(_makings) > _RUNS_KEPT:
            _makings.popitem(last=False)
    return making


def _made(host: PluginHost, run: AskedRun) -> _Making:
    options = run.options
    if options.get("provenance") == IMPORTED:
        raise UsageError(f"the answer was imported, and nobody knows how `{run.condition}` was made.")
    condition = Condition.parse(run.condition)
    masking = resolve(condition, locators=host.makers("locators"), maskers=host.makers("maskers"))
    prompt = _prompt(host, run, condition)
    known = prompt is not None and prompt.digest == run.prompt_digest
    recipe = Recipe(
        prompt or Prompt(run.prompt_name, "", "", "", None, "", 0),
        masking,
        Sampling(**options.get("sampling", {})),
        run.seed,
        int(options.get("max_tokens") or 0),
        options.get("person") or DEFAULT,
    )
    return _Making(recipe, masking.identity == options.get("masking"), known)


def _prompt(host: PluginHost, run: AskedRun, condition: Condition) -> Prompt | None:
    try:
        return choose(
            run.prompt_name,
            model_uri=run.model_uri,
            condition=condition,
            made_for=run.meant_for,
            variant=run.options.get("prompt_variant"),
            extra_folders=host.prompt_folders,
        ).prompt
    except WorkbenchError:
        return None
