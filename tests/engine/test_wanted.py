"""The command line that a form gives asks for exactly what the form was planned by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from elena_wb.engine.option_forms import option_fields
from elena_wb.engine.run_options import RunOptions
from elena_wb.engine.study import Request
from elena_wb.engine.wanted import Wanted

EVERYTHING = Wanted(
    sources=("-odd folder", "~/b c/$d", "e'f\"g.png"),
    model="tiny:?batch_size=3&constrained=true",
    prompts=("elena", "naive"),
    conditions=("none", "face:blur,padding=0.2@yunet,score=0.5"),
    prompt_variant="default",
    dataset="table,label=my emotion,path=file",
    person="outline",
    limit=3,
    repeats=2,
    batch_size=7,
    temperature=0.7,
    top_p=0.95,
    top_k=40,
    seed=11,
    max_tokens=99,
    name="-a name with $signs; and 'quotes'",
    max_cost=1.25,
    fresh=True,
    retry_failed=True,
    audit=True,
    attend=True,
    allow_upload=True,
)


def parsed(monkeypatch: pytest.MonkeyPatch, wanted: Wanted) -> tuple[Request, dict[str, object]]:
    """What the real command line makes of ``wanted``, up to where it would begin to plan."""
    from elena_wb.cli import app

    seen: dict[str, object] = {}

    class StopError(Exception):
        pass

    def plan_study(request: Request, *_: object) -> None:
        import inspect

        frame = inspect.currentframe()
        assert frame is not None
        assert frame.f_back is not None
        seen.update(request=request, given=dict(frame.f_back.f_locals))
        raise StopError

    monkeypatch.setattr("elena_wb.engine.study.plan_study", plan_study)
    result = CliRunner().invoke(app, ["--store", "s.duckdb", *wanted.arguments(events=True)])
    assert isinstance(result.exception, StopError), result.output
    return seen["request"], seen["given"]  # type: ignore[return-value]


@pytest.mark.parametrize(
    "wanted",
    [
        EVERYTHING,
        Wanted(sources=("pictures",), model="tiny:"),
        replace(EVERYTHING, sources=("a", "b"), name=None, dataset=None, temperature=1e-05, max_cost=0.0),
        replace(EVERYTHING, sources=("--help",), name="--fresh", fresh=False, seed=2**62),
    ],
)
def test_the_command_line_read_back_is_the_request(monkeypatch: pytest.MonkeyPatch, wanted: Wanted) -> None:
    request, given = parsed(monkeypatch, wanted)
    expected = wanted.request({})
    for name in Request.__dataclass_fields__:
        if name not in ("resumes", "present_only"):
            mine, theirs = getattr(expected, name), getattr(request, name)
            assert (list(mine) if isinstance(mine, tuple) else mine) == (
                list(theirs) if isinstance(theirs, (tuple, list)) else theirs
            ), name
    assert given["events"] == "jsonl"
    for name in ("batch_size", "max_cost", "attend", "dry_run"):
        assert given[name] == getattr(wanted, name, False), name


def test_a_stored_run_gives_the_same_request_again() -> None:
    plain = replace(
        EVERYTHING,
        fresh=False,
        retry_failed=False,
        attend=False,
        allow_upload=False,
        batch_size=None,
        max_cost=None,
    )
    assert Wanted.like(plain.request({})) == plain


def test_every_simple_option_of_the_form_is_one_of_the_command_and_means_the_same_by_default() -> None:
    standard = RunOptions.model_validate({})
    for field in option_fields(RunOptions):
        assert getattr(standard, field.name) == getattr(Wanted(), field.name), field.name
    rest = set(Wanted.__dataclass_fields__) - set(RunOptions.model_fields)
    assert rest == {"sources", "model", "prompts", "conditions", "dataset"}


def test_limits_of_the_form_are_those_of_the_command_line() -> None:
    import inspect

    from elena_wb.cli.run import run

    for name, parameter in inspect.signature(run).parameters.items():
        name = {"repeat": "repeats"}.get(name, name)
        options = [one for one in getattr(parameter.annotation, "__metadata__", ()) if hasattr(one, "min")]
        if name not in RunOptions.model_fields or not options:
            continue
        rules = RunOptions.model_fields[name].metadata
        least = next((rule.ge for rule in rules if hasattr(rule, "ge")), None)
        most = next((rule.le for rule in rules if hasattr(rule, "le")), None)
        assert (least, most) == (options[0].min, options[0].max), name


def test_paths_are_named_as_they_were_typed(tmp_path: Path) -> None:
    assert Wanted(sources=(str(tmp_path),), model="tiny:").arguments()[:2] == ("run", str(tmp_path))
