"""What hosts of repositories, contributors and citing authors read, held against the project itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.M))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
PAGES = (
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/releasing.md",
    "docs/examples/README.md",
)
CONTRACTS = DECLARED["tool"]["importlinter"]["contracts"]
LAYERS = [layer.split(" | ") for layer in CONTRACTS[0]["layers"]]
ROOMS = {room for layer in LAYERS for room in layer}
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def read(path: Path) -> Any:
    """YAML 1.1 takes the key `on` for a truth."""
    found = yaml.safe_load(path.read_text("utf-8"))
    return {("on" if key is True else key): value for key, value in found.items()}


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def targets(lines: str) -> list[str]:
    return re.findall(r"\bmake ([a-z][\w-]*)", lines)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_asks_for_little_and_runs_targets_that_exist(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert not {"pull_request_target", "workflow_run"} & set(workflow["on"])
    assert all("timeout-minutes" in job for name, job in workflow["jobs"].items() if name != "publish")
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    called = [target for command in commands for target in targets(command)]
    assert called
    assert set(called) <= TARGETS
    assert not any("${{" in command for command in commands), "what others wrote must not become a command"
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"(actions|pypa)/[\w-]+@(v\d+|release/v1)", step["uses"]), step["uses"]
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"] == {"persist-credentials": False}


def test_only_publishing_may_prove_who_it_is_and_only_where_it_is_wanted() -> None:
    jobs = {(path.stem, name): job for path in WORKFLOWS for name, job in read(path)["jobs"].items()}
    trusted = {name for name, job in jobs.items() if "id-token" in job.get("permissions", {})}
    assert trusted == {("release", "publish")}
    publish = jobs["release", "publish"]
    assert publish["if"] == "vars.PUBLISH == 'yes'"
    assert publish["environment"] == "pypi"
    assert set(read(ROOT / ".github" / "workflows" / "release.yml")["on"]["push"]) == {"tags"}


def test_gitlab_runs_the_same_targets() -> None:
    pipeline = read(ROOT / ".gitlab-ci.yml")
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
    called = {target for job in jobs.values() for target in targets("\n".join(job["script"]))}
    assert called == {"test", "docs", "release"}
    assert called <= TARGETS
    assert {job["stage"] for job in jobs.values() if "stage" in job} <= set(pipeline["stages"])


def test_every_python_that_is_promised_is_tested() -> None:
    lowest = DECLARED["project"]["requires-python"].removeprefix(">=")
    for tested in (
        read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"],
        read(ROOT / ".gitlab-ci.yml")["test"]["parallel"]["matrix"][0]["VERSION"],
    ):
        assert tested[0] == lowest
        assert tested == sorted(tested, key=lambda version: int(version.split(".")[1]))
    promised = {
        one.rsplit(" ", 1)[1] for one in DECLARED["project"]["classifiers"] if re.search(r":: 3\.\d+$", one)
    }
    assert promised <= set(tested)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_is_one_that_can_be_filled_in(path: Path) -> None:
    form = read(path)
    assert {"name", "description", "body"} <= form.keys()
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names)
    for field in fields:
        assert field["type"] in {"input", "textarea", "dropdown", "checkboxes"}
        assert field["attributes"]["label"]
        assert (field["type"] == "dropdown") == ("options" in field["attributes"])
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_citation_is_of_this_version_and_names_the_paper() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == DECLARED["project"]["version"]
    assert citation["license"] == DECLARED["project"]["license"]
    assert citation["authors"] == DECLARED["project"]["authors"]
    (paper,) = citation["references"]
    assert {"type", "title", "authors"} <= paper.keys()
    assert paper["title"] in " ".join((ROOT / "docs" / "index.md").read_text("utf-8").split())
    assert re.fullmatch(r"10\.\d{4,9}/\S+", paper["doi"])


def test_the_architecture_page_has_every_layer_and_no_other() -> None:
    rows = re.findall(r"^\| (\d+) \| `([\w.]+)` \| \w", ARCHITECTURE, re.M)
    shown = [[room for _, room in layer] for _, layer in groupby(rows, key=lambda row: row[0])]
    assert [int(number) for number, _ in groupby(rows, key=lambda row: row[0])] == list(
        range(1, len(LAYERS) + 1)
    )
    assert [sorted(layer) for layer in shown] == [sorted(layer) for layer in LAYERS]


def test_every_module_at_the_top_of_the_host_is_in_a_layer() -> None:
    there = {
        f"elena_wb.{path.stem}"
        for path in (ROOT / "elena_wb").iterdir()
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and not path.stem.startswith("_"))
    }
    assert there == ROOMS


@pytest.mark.parametrize("contract", CONTRACTS[1:], ids=lambda contract: contract["name"])
def test_the_architecture_page_says_what_a_contract_forbids_and_where(contract: dict[str, Any]) -> None:
    section = re.search(rf"^### {re.escape(contract['name'])}\n\n(.+?)\n\n", ARCHITECTURE, re.M | re.S)
    assert section, f"docs/architecture.md has no section `### {contract['name']}`"
    where, _, what = section[1].partition(":")
    assert set(re.findall(r"`([\w.]+)`", what)) == set(contract["forbidden_modules"])
    everywhere = contract["source_modules"] == ["elena_wb"]
    excepted = set() if everywhere else ROOMS - set(contract["source_modules"])
    assert set(re.findall(r"`([\w.]+)`", where)) == excepted


def test_the_architecture_page_has_no_contract_of_its_own() -> None:
    shown = re.findall(r"^### (.+)$", ARCHITECTURE, re.M)
    assert shown == [contract["name"] for contract in CONTRACTS[1:]]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_leads_to_files_and_targets_that_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert link.startswith("https://") or ((ROOT / page).parent / link).exists(), link
    assert set(re.findall(r"`(?:make|\$ make) ([a-z]+)", text)) <= TARGETS
    assert set(re.findall(r"^\$ make ([a-z]+)", text, re.M)) <= TARGETS
    for path in re.findall(r"`((?:docs|tests|elena_wb|store|release|plugins)/[\w./-]*\w)`", text):
        assert "NAME" in path or (ROOT / path).exists(), path
