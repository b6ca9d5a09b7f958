"""From a reference to a folder of files: a local one as it is, a hub repository through its cache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elena_wb.core import ModelError
from elena_wb.offline import VARIABLE, NetworkForbiddenError
from elena_wb.offline import is_offline as is_forbidden

_DESCRIBING = ("*.json", "*.jinja", "*.model", "*.tiktoken", "merges.txt", "vocab.txt")
_WEIGHTS = ("*.safetensors",)
_NOT_WEIGHTS = ("consolidated*.safetensors", "original/*", "*/*")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model's files are.

    ``folder`` holds its configuration and, for a local folder, its weights; those of a hub repository
    arrive with :func:`fetch_weights`. ``files`` names everything at the top level of the repository or
    folder, fetched or not. ``commit`` is ``None`` for a local folder. ``parameters`` counts the weights by
    stored number format (``BF16``) as the hub tells it, and is empty for a folder.
    """

    name: str
    folder: Path
    files: frozenset[str]
    commit: str | None = None
    parameters: Mapping[str, int] = field(default_factory=dict)


def find_source(reference: str, revision: str | None) -> Source:
    """Locate ``reference``, fetching no more than the configuration of a hub repository.

    An existing folder wins over a hub repository of the same name. A local folder, the variable
    ``ELENA_WB_OFFLINE`` or ``HF_HUB_OFFLINE`` keeps everything off the network.

    Raises:
        ModelError: no such folder or repository, gated, or out of reach.
    """
    if not reference.strip():
        raise ModelError("`hf:` names no model.", hint="Give a hub name or a folder: hf:google/gemma-3-4b-it")
    path = Path(reference).expanduser()
    if path.is_dir():
        if revision is not None:
            raise ModelError(
                f"`revision={revision}` was given with the folder {path}, which has no revisions.",
                hint="Leave the option out, or name a hub repository.",
            )
        return Source(str(path), path, frozenset(entry.name for entry in path.iterdir()))
    if path.is_file():
        raise ModelError(f"{path} is a file; an `hf:` model is a folder.", hint=_hint_for_file(path))
    if not _HUB_ID.fullmatch(reference) or reference.startswith(("./", "../")):
        raise ModelError(
            f"There is no folder {path}.", hint="Check the path, or give a hub name such as ORG/NAME."
        )
    return _from_cache(reference, revision) if is_offline() else _from_hub(reference, revision)


def fetch_weights(source: Source) -> Path:
    """The folder with everything in it, downloading what is missing of a hub repository.

    Raises:
        ModelError: the download failed, or nothing may be downloaded.
    """
    if source.commit is None:
        return source.folder
    import huggingface_hub

    with _people_errors(source.name):
        folder = huggingface_hub.snapshot_download(
            source.name,
            revision=source.commit,
            allow_patterns=[*_DESCRIBING, *_WEIGHTS],
            ignore_patterns=list(_NOT_WEIGHTS),
            local_files_only=is_offline(),
        )
    return Path(folder)


def is_offline() -> bool:
    """Whether the network is forbidden by either switch."""
    from huggingface_hub.constants import is_offline_mode

    return is_forbidden() or is_offline_mode()


def _from_hub(name: str, revision: str | None) -> Source:
    import huggingface_hub

    with _people_errors(name):
        folder = _small_files(name, revision)
        info: Any = huggingface_hub.HfApi().model_info(name, revision=folder.name)
    files = frozenset(sibling.rfilename for sibling in info.siblings or ())
    parameters = dict(info.safetensors.parameters) if info.safetensors else {}
    return Source(name, folder, files, commit=folder.name, parameters=parameters)


def _from_cache(name: str, revision: str | None) -> Source:
    with _people_errors(name):
        folder = _small_files(name, revision)
    return Source(name, folder, frozenset(entry.name for entry in folder.iterdir()), commit=folder.name)


def _small_files(name: str, revision: str | None) -> Path:
    """The snapshot's folder, called after its commit; the branch that led there is remembered for offline use."""
    import huggingface_hub

    return Path(
        huggingface_hub.snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(_DESCRIBING),
            ignore_patterns=list(_NOT_WEIGHTS),
            local_files_only=is_offline(),
        )
    )


@contextmanager
def _people_errors(name: str) -> Iterator[None]:
    """Turn what the hub's client raises into what a user can act upon."""
    import huggingface_hub.errors as hub

    try:
        yield
    except NetworkForbiddenError:
        raise
    except hub.GatedRepoError as error:
        raise ModelError(
            f"`{name}` is gated: its owner wants you to accept terms first.",
            hint=f"Accept them at https://huggingface.co/{name}, then log in here: hf auth login",
        ) from error
    except hub.RevisionNotFoundError as error:
        raise ModelError(
            f"`{name}` has no such revision.", hint="Give a branch, a tag or a commit."
        ) from error
    except hub.RepositoryNotFoundError as error:
        raise ModelError(
            f"There is no folder and no hub repository `{name}` (or it is private).",
            hint="Check the spelling; for a private repository log in: hf auth login",
        ) from error
    except (hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled) as error:
        if is_offline():
            hint = f"Fetch it once while online (hf download {name}), or give a local folder."
            raise ModelError(
                f"`{name}` is no folder and not in the hub's cache, and the network is switched off.",
                hint=hint,
            ) from error
        raise ModelError(
            f"`{name}` is not in the hub's cache, and the hub cannot be reached: {_brief(error)}",
            hint="Check the connection, or give a local folder.",
        ) from error
    except hub.HFValidationError as error:
        raise ModelError(
            f"`{name}` is no folder and no valid hub name.", hint="Give ORG/NAME or a path."
        ) from error
    except Exception as error:  # whatever the HTTP library of the day raises
        raise ModelError(
            f"`{name}` could not be fetched from the hub: {_brief(error)}",
            hint="Check the connection and the free disk space, or give a local folder; "
            f"with {VARIABLE}=1 a model that was fetched before is used as it is.",
        ) from error


def _brief(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _hint_for_file(path: Path) -> str:
    if path.suffix.lower() == ".gguf":
        return f"GGUF files are for the gguf plugin: gguf:{path}"
    return f"Give the folder that holds config.json; perhaps {path.parent}"
