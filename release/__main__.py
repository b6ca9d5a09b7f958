"""Build, check and try sdist and wheel of every distribution; what is built is the last commit."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from release import checking, trying
from release.building import Built, ReleaseError, build, committed_tree, run
from release.distributions import ROOT, all_distributions


def main() -> int:
    """0 if everything holds, 1 with what does not."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="where the archives go (emptied first; default: dist)"
    )
    parser.add_argument(
        "--final", action="store_true", help="the changelog must have a dated section (implied by a tag v…)"
    )
    parser.add_argument("--no-trial", action="store_true", help="build and check only; install nothing")
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="elena-wb-release-") as scratch:
            release(
                given.out.resolve(), Path(scratch), final=given.final or _tagged(), trial=not given.no_trial
            )
    except ReleaseError as error:
        _say(f"\nNo release: {error}")
        return 1
    return 0


def release(out: Path, scratch: Path, *, final: bool, trial: bool) -> None:
    """Build, check, install and try.

    Raises:
        ReleaseError: one of these failed.
    """
    started = time.monotonic()
    if changed := run("git", "-C", str(ROOT), "status", "--porcelain").splitlines():
        _say(f"{len(changed)} files differ from the last commit; what is built is the commit.")
    tree = committed_tree(ROOT, scratch / "tree")
    distributions = all_distributions(tree)
    _empty(out)
    _say(f"Building {', '.join(f'{made.name} {made.version}' for made in distributions)} …")
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda one: build(one, out, scratch / "from-tree"), distributions))
    changelog = (tree / "CHANGELOG.md").read_text("utf-8")
    paths = checking.machine_paths(ROOT, scratch)
    _must(
        [
            *checking.check_versions(distributions, changelog, final=final),
            *(problem for one in made for problem in checking.check(one, paths)),
        ]
    )
    run(
        sys.executable,
        "-m",
        "twine",
        "check",
        "--strict",
        *(str(path) for one in made for path in (one.sdist, one.wheel)),
    )
    _say(f"Built and checked in {time.monotonic() - started:.0f} s.")
    if trial:
        _try(made, tree / "constraints.txt", scratch / "fresh")
    print(_written(made, out))
    if not final:
        _say("A rehearsal: for a release, date the section of CHANGELOG.md and tag the commit v<version>.")


def _try(made: Iterable[Built], constraints: Path, folder: Path) -> None:
    started = time.monotonic()
    _say("Installing the wheels, and what they need, into a fresh environment …")
    fresh = trying.Fresh(folder)
    fresh.install([one.wheel for one in made], constraints)
    _must(trying.check(fresh, [one.distribution.name for one in made if one.distribution.name != "elena-wb"]))
    _say(f"Installed in {time.monotonic() - started:.0f} s. The demo, from the wheels:")
    started = time.monotonic()
    fresh.show("elena-wb", "--offline", "demo")
    _say(f"The demo took {time.monotonic() - started:.0f} s.")


def _written(made: Iterable[Built], out: Path) -> str:
    """The table of archives; their digests are written beside them too."""
    files = sorted(path for one in made for path in (one.sdist, one.wheel))
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    (out / "SHA256SUMS").write_text(
        "".join(f"{digest}  {name}\n" for name, digest in digests.items()), "utf-8"
    )
    rows = [f"{path.stat().st_size / 1e6:6.2f} MB  {digests[path.name][:16]}…  {path.name}" for path in files]
    return "\n".join([*rows, f"in {out}"])


def _empty(out: Path) -> None:
    """Only a folder of archives is emptied."""
    if out.is_dir():
        if odd := [
            path.name for path in out.iterdir() if not path.name.endswith((".whl", ".tar.gz", "SHA256SUMS"))
        ]:
            raise ReleaseError(f"{out} holds what is no archive ({', '.join(odd[:3])}); it would be emptied.")
        shutil.rmtree(out)
    out.mkdir(parents=True)


def _tagged() -> bool:
    tags = run("git", "-C", str(ROOT), "tag", "--points-at", "HEAD").split()
    return any(tag.startswith("v") for tag in tags)


def _must(problems: Iterable[str]) -> None:
    if found := list(problems):
        raise ReleaseError("\n".join(["", *(f"- {problem}" for problem in found)]))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
