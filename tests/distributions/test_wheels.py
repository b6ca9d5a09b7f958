"""What is built holds all it needs and nothing else, and works where the checkout cannot help it."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from release import checking
from release.building import Built, build, run
from release.distributions import ROOT, Distribution, all_distributions
from tests.distributions.environment import Installed
from tests.docs import comparing, pages

EXAMPLES = ROOT / "docs" / "examples"
BUILT = ("elena-wb", "elena-wb-tiny")
GUIDE = pages.read(EXAMPLES / "README.md")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    out, scratch = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("from-tree")
    ours = [made for made in all_distributions() if made.name in BUILT]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda one: build(one, out, scratch), ours))
    return {one.distribution.name: one for one in made}


@pytest.fixture(scope="module")
def installed(built: dict[str, Built], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    wheels = tmp_path_factory.mktemp("wheels")
    for folder in (ROOT / "plugins" / "elena-wb-hf", *EXAMPLES.glob("elena-wb-*")):
        run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(wheels), str(folder))
    return Installed(
        tmp_path_factory.mktemp("installed"), [*(one.wheel for one in built.values()), *wheels.iterdir()]
    )


def elena_wb(installed: Installed, arguments: str) -> str:
    done = installed.run(f"elena-wb {arguments}")
    assert done.status == 0, f"elena-wb {arguments}\n{done.out}\n{done.err}"
    return done.out


@pytest.mark.parametrize("name", BUILT)
def test_archives_hold_all_that_is_needed_and_nothing_else(built: dict[str, Built], name: str) -> None:
    problems = list(checking.check(built[name], checking.machine_paths(ROOT)))
    assert not problems, "\n".join(problems)


def test_the_hosts_wheel_holds_every_kind_of_data(built: dict[str, Built]) -> None:
    held = checking.in_wheel(built["elena-wb"].wheel).keys()
    for kind in (
        "elena_wb/_prompts/elena.toml",
        "elena_wb/_scales/elena.toml",
        "elena_wb/_store/migrations/",
        "elena_wb/_store/queries/",
        "elena_wb/plugins/skeletons/",
        "elena_wb/report/templates/",
        "elena_wb/tui/app.tcss",
        "elena_wb/vocabulary/ekman7.toml",
    ):
        assert any(name.startswith(kind) for name in held), kind
    tiny = checking.in_wheel(built["elena-wb-tiny"].wheel).keys()
    assert {"elena_wb_tiny/demo.toml", "elena_wb_tiny/weights/README.md"} <= tiny
    assert any(name.endswith(".safetensors") for name in tiny)


def without(built: Built, folder: Path, change: Callable[[dict[str, bytes]], object]) -> Built:
    """The same, with a wheel that ``change`` has spoilt."""
    files = dict(checking.in_wheel(built.wheel))
    change(files)
    spoilt = folder / built.wheel.name
    with zipfile.ZipFile(spoilt, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return replace(built, wheel=spoilt)


METADATA = "elena_wb_tiny-0.1.0.dist-info/METADATA"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda files: files.pop("elena_wb_tiny/demo.toml"), "lacks elena_wb_tiny/demo.toml"),
        (lambda files: files.update({"elena_wb_tiny/tests/test_it.py": b""}), "holds tests"),
        (lambda files: files.update({"elena_wb_tiny/left.txt": b""}), "holds what its folder does not"),
        (lambda files: files.update({"elena_wb_tiny/demo.toml": b"/srv/checkout/x"}), "tells of the folder"),
        (lambda files: files.pop("elena_wb_tiny-0.1.0.dist-info/licenses/LICENSE"), "licence file"),
        (lambda files: files.pop("elena_wb_tiny-0.1.0.dist-info/entry_points.txt"), "no entry point"),
        (lambda files: files.update({METADATA: b"Name: elena-wb-tiny\n\nShort."}), "no License-Expression"),
        (
            lambda files: files.update({METADATA: b"Project-URL: Home, https://elena.example.org/\n\n."}),
            "no address that anybody can open",
        ),
    ],
)
def test_a_wheel_that_is_not_as_it_should_be_is_told_of(
    built: dict[str, Built], tmp_path: Path, change: Callable[[dict[str, bytes]], object], said: str
) -> None:
    spoilt = without(built["elena-wb-tiny"], tmp_path, change)
    assert any(said in problem for problem in checking.check(spoilt, ["/srv/checkout"]))


def test_every_distribution_has_the_version_of_the_changelog_and_the_licence_of_the_project() -> None:
    every = all_distributions()
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert not list(checking.check_versions(every, changelog, final=False))
    for made in (*every, *(Distribution.at(path.parent) for path in EXAMPLES.glob("*/pyproject.toml"))):
        assert (made.folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes(), made.name
        assert made.declared["project"]["readme"] == "README.md", made.name


def test_a_final_release_needs_a_dated_section_and_nothing_unreleased() -> None:
    host = all_distributions()[0]
    dated = f"## [{host.version}] - 2027-01-31\n\n- Things.\n"
    assert not list(checking.check_versions([host], dated, final=True))
    for changelog in ("", "## [Unreleased]\n\n- Things.\n", f"## [Unreleased]\n\n- More.\n\n{dated}"):
        assert list(checking.check_versions([host], changelog, final=True)), changelog
    other = Distribution(host.folder, {"project": {"name": "elena-wb-other", "version": "9"}})
    assert any(
        "differ in version" in one for one in checking.check_versions([host, other], dated, final=False)
    )


def test_the_program_works_from_its_wheels_alone(installed: Installed) -> None:
    code = (
        "import elena_wb, elena_wb_tiny; from elena_wb.paths import packaged; "
        "print(elena_wb.__file__, elena_wb_tiny.__file__, *map(packaged, ('prompts', 'scales', 'store')), sep='\\n')"
    )
    done = installed.run(f'python -c "{code}"')
    assert done.status == 0, done.err
    for path in done.out.splitlines():
        assert Path(path).is_relative_to(installed.place), path
        assert Path(path).exists(), path
    listed = json.loads(elena_wb(installed, "plugins list --json"))
    assert {one["plugin"]: one["health"] for one in listed} == dict.fromkeys(
        ("builtin", "backdrop", "hf", "people", "tiny"), "ok"
    )


def test_the_guide_to_the_examples_shows_what_they_do(installed: Installed) -> None:
    """The commands that need both plugins, and those only; with the output that the page shows."""
    for block in GUIDE.blocks:
        if block.file:
            (installed.work / block.file).write_text(block.text, "utf-8")
        if block.language != "console" or "both plugins" not in (block.not_run or ""):
            continue
        for command in pages.commands(block):
            done = installed.run(command.text)
            told = f"$ {command.text}\n{done.out}{done.err}"
            assert done.status == command.exits, f"exits with {done.status}: {told}"
            out, err = (comparing.plain(text, str(installed.home)) for text in (done.out, done.err))
            unlike = comparing.difference(command.shown, out, err) if any(command.shown) else None
            assert unlike is None, f"{unlike}\n{told}"


def test_the_tests_of_the_examples_pass_where_they_are_installed(
    installed: Installed, tmp_path: Path
) -> None:
    for folder in EXAMPLES.glob("elena-wb-*"):
        shutil.copytree(folder / "tests", tmp_path / folder.name)
    done = installed.run(f"cd {tmp_path} && python -m pytest -q -p no:cacheprovider .")
    assert done.status == 0, done.out
    assert "skipped" not in done.out
