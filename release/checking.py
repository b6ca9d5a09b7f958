"""What must be true of archives before anybody is given them. Each check gives its problems, in words."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from functools import lru_cache
from pathlib import Path

from release.building import Built
from release.distributions import Distribution

AUTHOR = "elena-wb contributors"
_NEEDED = (
    "Name",
    "Version",
    "Summary",
    "Author",
    "License-Expression",
    "License-File",
    "Requires-Python",
    "Keywords",
)
_STAGE = "Development Status ::"
_NO_HOST = re.compile(
    r"https?://(?:[\w.-]*\.)?(?:example\.\w+|localhost|127\.0\.0\.1|invalid|test)(?:[:/]|$)", re.I
)


def check(built: Built, not_to_name: Sequence[str] = ()) -> Iterator[str]:
    """Problems of one distribution's archives, none of which may name the paths ``not_to_name``."""
    made = built.distribution
    wheel, sdist = in_wheel(built.wheel), in_sdist(built.sdist)
    info = f"{made.stem}.dist-info/"
    yield from _metadata(made, message_from_bytes(wheel[f"{info}METADATA"]), wheel, info)
    yield from _contents(made, {name for name in wheel if not name.startswith(info)})
    if made.name != "elena-wb" and b"[elena_wb]" not in wheel.get(f"{info}entry_points.txt", b""):
        yield f"{made.name}: the wheel has no entry point in the group `elena_wb`, so nothing will find it"
    yield from _same(made, wheel, in_wheel(built.from_tree))
    for name in ("pyproject.toml", "README.md", "LICENSE", "PKG-INFO"):
        if f"{made.stem}/{name}" not in sdist:
            yield f"{made.name}: the sdist lacks {name}"
    for archive in (wheel, sdist):
        yield from _machine(made, archive, not_to_name)


def check_versions(distributions: Sequence[Distribution], changelog: str, *, final: bool) -> Iterator[str]:
    """All carry one version; a ``final`` one has a dated section of the changelog, and nothing is unreleased."""
    versions = {made.version for made in distributions}
    if len(versions) > 1:
        told = ", ".join(f"{made.name} {made.version}" for made in distributions)
        yield f"the distributions differ in version: {told}"
    sections = re.findall(r"^## \[([^]]+)\](?: - (\S+))?\s*$", changelog, re.M)
    if not sections:
        yield "CHANGELOG.md has no section `## [VERSION] - DATE` and none `## [Unreleased]`"
        return
    unreleased = [
        text for text in re.split(r"^## ", changelog, flags=re.M) if text.startswith("[Unreleased]")
    ]
    if final:
        dated = {version for version, date in sections if re.fullmatch(r"\d{4}-\d{2}-\d{2}", date)}
        yield from (
            f"CHANGELOG.md has no dated section for {version}" for version in sorted(versions - dated)
        )
        if any(re.search(r"^- ", text, re.M) for text in unreleased):
            yield "CHANGELOG.md still holds changes under Unreleased"
    elif not unreleased and not versions & {version for version, _ in sections}:
        yield "CHANGELOG.md has neither a section for this version nor one for what is unreleased"


@lru_cache(maxsize=32)
def in_wheel(path: Path) -> Mapping[str, bytes]:
    """Name → bytes of each file in a wheel."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


@lru_cache(maxsize=32)
def in_sdist(path: Path) -> Mapping[str, bytes]:
    """Name → bytes of each file in an sdist."""
    with tarfile.open(path) as archive:
        members = [member for member in archive if member.isfile()]
        return {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def _metadata(made: Distribution, told: Message, wheel: Mapping[str, bytes], info: str) -> Iterator[str]:
    for field in _NEEDED:
        if not told.get(field):
            yield f"{made.name}: the metadata has no {field}"
    if told.get("Author") not in (None, AUTHOR):
        yield f"{made.name}: the author is {told['Author']!r}, not {AUTHOR!r}"
    if len(str(told.get_payload()).strip()) < 200:
        yield f"{made.name}: the README says next to nothing"
    classifiers = told.get_all("Classifier", [])
    if not any(one.startswith(_STAGE) for one in classifiers):
        yield f"{made.name}: no classifier tells its stage (`{_STAGE} …`)"
    for licence in told.get_all("License-File", []):
        if f"{info}licenses/{licence}" not in wheel:
            yield f"{made.name}: the licence file {licence} is not in the wheel"
    for url in told.get_all("Project-URL", []) + told.get_all("Home-page", []):
        if "https://" not in url or _NO_HOST.search(url):
            yield f"{made.name}: `{url}` is no address that anybody can open"


def _contents(made: Distribution, held: set[str]) -> Iterator[str]:
    expected = made.files()
    if missing := sorted(expected - held):
        yield f"{made.name}: the wheel lacks {_some(missing)}"
    if extra := sorted(held - expected):
        yield f"{made.name}: the wheel holds what its folder does not: {_some(extra)}"
    if tests := sorted(name for name in held if "tests" in name.split("/")[:-1]):
        yield f"{made.name}: the wheel holds tests: {_some(tests)}"


def _same(made: Distribution, one: Mapping[str, bytes], other: Mapping[str, bytes]) -> Iterator[str]:
    if differing := sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)):
        yield f"{made.name}: the wheels made from the sdist and from the folder differ in {_some(differing)}"


def _machine(made: Distribution, archive: Mapping[str, bytes], not_to_name: Sequence[str]) -> Iterator[str]:
    for path in not_to_name:
        if naming := sorted(name for name, data in archive.items() if path.encode() in data):
            yield f"{made.name}: {_some(naming)} tells of the folder {path} of this machine"


def machine_paths(*folders: Path) -> list[str]:
    """Folders of this machine that no archive may name: those given, the user's home and the environment's."""
    found = {str(folder) for folder in (*folders, Path.home(), Path(sys.prefix))}
    return sorted(path for path in found if path.count("/") + path.count("\\") > 1)


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
