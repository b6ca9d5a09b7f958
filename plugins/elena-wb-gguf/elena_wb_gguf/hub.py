"""GGUF files of hub repositories: what there is, and fetching it into the hub's cache."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elena_wb import offline
from elena_wb.core import ModelError

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Repository:
    """The GGUF files of a repository at one commit.

    ``digests`` has the sha256 of each file whose storage tells it (large ones on the hub do); ``sizes`` those known.
    """

    name: str
    revision: str | None
    commit: str
    files: tuple[str, ...]
    digests: Mapping[str, str]
    sizes: Mapping[str, int]

    def identity(self, file: str) -> str:
        """What stands for the bytes of ``file``: its sha256, or where it lies."""
        return self.digests.get(file) or f"{self.name}@{self.commit}/{file}"

    def here(self, file: str) -> Path | None:
        """Where ``file`` lies in the cache, if it was fetched."""
        import huggingface_hub

        found = huggingface_hub.try_to_load_from_cache(self.name, file, revision=self.commit)
        return Path(found) if isinstance(found, str) else None


def is_offline() -> bool:
    """Whether the network is forbidden, by the workbench or by the hub's own switch."""
    from huggingface_hub.constants import is_offline_mode

    return offline.is_offline() or is_offline_mode()


def look_up(name: str, revision: str | None) -> Repository:
    """The files of the repository ``name``; those in the cache if there is no network.

    Raises:
        ModelError: no such repository, gated, or out of reach and not in the cache.
    """
    if is_offline():
        with _people_errors(name):
            return _in_cache(name, revision)
    with _people_errors(name):
        try:
            return _on_hub(name, revision)
        except Exception as error:
            if getattr(error, "response", None) is not None:
                raise  # the hub was reached, and refuses
            try:
                return _in_cache(name, revision)
            except Exception:  # noqa: BLE001 - what is wrong is the connection, not the cache
                raise error from None


def fetch(repository: Repository, files: Sequence[str]) -> list[Path]:
    """The files in the cache, downloading those that are not there.

    Raises:
        ModelError: the download failed, or nothing may be downloaded.
    """
    found = [repository.here(file) for file in files]
    if all(found):
        return [path for path in found if path is not None]
    with _people_errors(repository.name):
        folder = _snapshot(repository.name, repository.revision, files)
        if folder.name != repository.commit:
            folder = _snapshot(repository.name, repository.commit, files)
    paths = [folder / file for file in files]
    for path in paths:
        if not path.is_file():
            raise ModelError(
                f"{path.name} of `{repository.name}` is not in the hub's cache, and the network is switched off.",
                hint=f"Fetch it while online: elena-wb models pull gguf:{repository.name}",
            )
    return paths


def _on_hub(name: str, revision: str | None) -> Repository:
    import huggingface_hub

    info: Any = huggingface_hub.HfApi().model_info(name, revision=revision, files_metadata=True)
    siblings = [file for file in info.siblings or () if file.rfilename.lower().endswith(".gguf")]
    digests = {file.rfilename: str(file.lfs.sha256) for file in siblings if file.lfs is not None}
    sizes = {file.rfilename: int(file.size) for file in siblings if file.size is not None}
    return Repository(
        name, revision, str(info.sha), tuple(file.rfilename for file in siblings), digests, sizes
    )


def _in_cache(name: str, revision: str | None) -> Repository:
    """What a snapshot holds; the hub's cache calls the stored bytes by their sha256 where it knows it."""
    import huggingface_hub

    # No file is asked for, so that a snapshot of a part of the repository counts too.
    folder = Path(
        huggingface_hub.snapshot_download(name, revision=revision, local_files_only=True, allow_patterns=[])
    )
    paths = {
        path.relative_to(folder).as_posix(): path
        for pattern in ("*.gguf", "*/*.gguf")
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }
    digests = {
        file: path.resolve().name for file, path in paths.items() if _SHA256.fullmatch(path.resolve().name)
    }
    sizes = {file: path.stat().st_size for file, path in paths.items()}
    return Repository(name, revision, folder.name, tuple(paths), digests, sizes)


def _snapshot(name: str, revision: str | None, files: Sequence[str]) -> Path:
    import huggingface_hub

    return Path(
        huggingface_hub.snapshot_download(
            name,
            revision=revision,
            allow_patterns=[glob.escape(file) for file in files],
            local_files_only=is_offline(),
        )
    )


@contextmanager
def _people_errors(name: str) -> Iterator[None]:
    """Turn what the hub's client raises into what a user can act upon."""
    import huggingface_hub.errors as hub

    try:
        yield
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
            f"There is no file, folder or hub repository `{name}` (or it is private).",
            hint="Check the spelling; for a private repository log in: hf auth login",
        ) from error
    except (hub.LocalEntryNotFoundError, hub.OfflineModeIsEnabled) as error:
        if is_offline():
            raise ModelError(
                f"`{name}` is no file or folder and not in the hub's cache, and the network is switched off.",
                hint=f"Fetch it once while online: elena-wb models pull gguf:{name}",
            ) from error
        raise ModelError(
            f"`{name}` is not in the hub's cache, and the hub cannot be reached: {_brief(error)}",
            hint="Check the connection, or give a file.",
        ) from error
    except hub.HFValidationError as error:
        raise ModelError(
            f"`{name}` is no file, folder or valid hub name.", hint="Give OWNER/NAME."
        ) from error
    except ModelError:
        raise
    except Exception as error:  # whatever the HTTP library of the day raises
        raise ModelError(
            f"`{name}` could not be fetched from the hub: {_brief(error)}",
            hint="Check the connection and the free disk space, or give a file; "
            f"with {offline.VARIABLE}=1 a model that was fetched before is used as it is.",
        ) from error


def _brief(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
