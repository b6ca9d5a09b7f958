"""Every prompt pack there is, and the choice of one for a model and a condition.

Packs come from the program, from plugins' folders, and from ``prompts/`` in the user's configuration
folder. A user's pack takes the place of any other of its name; between the others a name must be unique.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from elena_wb.core.condition import Condition
from elena_wb.core.prompt import Prompt
from elena_wb.errors import UsageError
from elena_wb.nearest import nearest
from elena_wb.paths import packaged, user_config_dir
from elena_wb.prompts.pack import Pack, load_pack

SHIPPED = "elena-wb"
USER = "user"

Folders = Sequence[tuple[str, Path]]
"""(plugin, folder) pairs, as plugins registered them."""


@dataclass(frozen=True, slots=True)
class Library:
    """Name → pack, name → why a pack of that name cannot be used, and which names are the user's own."""

    packs: dict[str, Pack] = field(default_factory=dict)
    problems: dict[str, UsageError] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)

    def find(self, name: str) -> Pack:
        """The pack called ``name``.

        Raises:
            UsageError: there is none, it is damaged, or two plugins claim the name.
        """
        if name in self.problems:
            raise self.problems[name]
        if name not in self.packs:
            raise UsageError(f"There is no prompt pack `{name}`.", hint=nearest(name, self.packs))
        return self.packs[name]

    def unlike_original(self, pack: Pack) -> tuple[str, ...]:
        """What keeps a pack from being the paraphrase that it says it is; nothing for one that says no such thing."""
        if pack.paraphrase_of is None:
            return ()
        original = self.packs.get(pack.paraphrase_of)
        if original is None:
            return (f"there is no prompt pack `{pack.paraphrase_of}` to be a paraphrase of",)
        if original.paraphrase_of is not None:
            return (f"`{original.name}` is itself a paraphrase; name `{original.paraphrase_of}`",)
        parts = {
            "the labels": (pack.scheme, original.scheme),
            "the output": (pack.output, original.output),
            "the variants": (set(pack.variants), set(original.variants)),
            "max_tokens": (pack.max_tokens, original.max_tokens),
        }
        return tuple(
            f"{what} must be the same as in `{original.name}`"
            for what, (mine, others) in parts.items()
            if mine != others
        )

    def standing_in(self, name: str, model_uri: str, made_for: Collection[str] = ()) -> Pack | None:
        """The pack that is to be used for ``name`` with this model, if one declares so.

        Nothing stands in for a pack that the user wrote.

        Raises:
            UsageError: several do.
        """
        if name in self.own:
            return None
        found = [
            pack
            for pack in self.packs.values()
            if pack.stands_for == name and _fits(pack, model_uri, made_for)
        ]
        if len(found) > 1:
            raise UsageError(
                f"Prompt packs `{found[0].name}` ({found[0].origin}) and `{found[1].name}` ({found[1].origin}) "
                f"both stand for `{name}` with {model_uri}.",
                hint="Name one of them with -p.",
            )
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen prompt, and what its user should know about the choice."""

    prompt: Prompt
    notes: tuple[str, ...] = ()


def user_folder() -> Path:
    """Where a user's own packs lie."""
    return user_config_dir() / "prompts"


def packs(extra_folders: Folders = ()) -> Library:
    """Read every pack; damaged ones and clashing names are kept as problems."""
    library = Library()
    for origin, folder in ((SHIPPED, packaged("prompts")), *extra_folders):
        for path in sorted(folder.glob("*.toml")):
            _shelve(library, path, origin)
    for path in sorted(user_folder().glob("*.toml")):
        library.packs.pop(path.stem, None)
        library.problems.pop(path.stem, None)
        library.own.add(path.stem)
        _shelve(library, path, USER)
    return library


def find_pack(name: str, extra_folders: Folders = ()) -> Pack:
    """The pack called ``name`` (see :meth:`Library.find`)."""
    return packs(extra_folders).find(name)


def choose(
    name: str,
    *,
    model_uri: str,
    condition: Condition,
    made_for: Collection[str] = (),
    variant: str | None = None,
    extra_folders: Folders = (),
) -> Choice:
    """The prompt for ``name`` with this model, made for these datasets if it was, under this condition.

    A pack that stands for ``name`` with this model is preferred, unless the user has a pack called ``name``.
    Without ``variant`` it is ``masked`` where the condition hides the face and the pack has one, and ``default``
    otherwise.

    Raises:
        UsageError: there is no such pack or variant, or it cannot be used.
    """
    library = packs(extra_folders)
    pack = library.standing_in(name, model_uri, made_for) or library.find(name)
    notes = []
    if not _fits(pack, model_uri, made_for):
        notes.append(
            f"Prompt pack `{pack.name}` is meant for {' and '.join(pack.models)}, not for {model_uri}."
        )
    wanted = variant or ("masked" if condition.hides_face else "default")
    if variant is None and wanted not in pack.variants:
        notes.append(
            f"Prompt pack `{pack.name}` has no masked variant: under `{condition}` its text does not say that "
            "the face is hidden."
        )
        wanted = "default"
    return Choice(pack.prompt(wanted), tuple(notes))


def _fits(pack: Pack, model_uri: str, made_for: Collection[str]) -> bool:
    known = any(fnmatchcase(model_uri, pattern) for pattern in pack.models)
    return known or not set(pack.made_for).isdisjoint(made_for)


def _shelve(library: Library, path: Path, origin: str) -> None:
    name = path.stem
    if name in library.problems:
        return
    try:
        pack = load_pack(path, origin)
    except UsageError as error:
        library.packs.pop(name, None)
        library.problems[name] = error
        return
    other = library.packs.get(name)
    if other is None:
        library.packs[name] = pack
        return
    del library.packs[name]
    library.problems[name] = UsageError(
        f"Prompt pack `{name}` is brought by both `{other.origin}` ({other.path}) and `{origin}` ({path}).",
        hint="Uninstall one of the two, or put the one you want into your own prompts folder: "
        f"{user_folder()}.",
    )
