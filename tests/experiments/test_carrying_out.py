"""Declared studies with real pictures, a real store and scripted models."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import BaseModel

from elena_wb import builtin
from elena_wb.cli.experiment_plan import print_plan
from elena_wb.config import Settings
from elena_wb.core import ModelCard, UsageError, WorkbenchError
from elena_wb.data.policy import MARKER
from elena_wb.engine import Answered, Attended, Event
from elena_wb.engine.pace import Patience
from elena_wb.engine.study import Request, plan_study
from elena_wb.experiments import Carried, ExperimentPlan, Terms, carry_out, plan, read
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store, list_runs
from tests import attentive, scripted

Pictures = Callable[..., Path]
QUICK = Patience(first_wait_s=0.001, first_pause_s=0.001, longest_wait_s=0.01)
OPENED: list[str] = []


class BrokenProvider(scripted.ScriptedProvider):
    """Its weights cannot be loaded."""

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        found = super().describe(reference, options)
        return ModelCard(f"broken:{reference}", "broken", f"broken {found.digest}")

    def open(self, reference: str, options: BaseModel) -> scripted.ScriptedModel:
        OPENED.append(f"broken:{reference}")
        raise RuntimeError("the weights are cut short")


class CountedProvider(scripted.ScriptedProvider):
    """Notes each time that it is opened."""

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        found = super().describe(reference, options)
        return ModelCard(f"counted:{reference}", "counted", f"counted {found.digest}")

    def open(self, reference: str, options: BaseModel) -> scripted.ScriptedModel:
        OPENED.append(f"counted:{reference}")
        return super().open(reference, options)


class ElsewhereOptions(scripted.ScriptedOptions):
    server: str = "models.example"


class ElsewhereProvider(scripted.ScriptedProvider):
    """A model whose URI may name the server."""

    options_model = ElsewhereOptions

    def destination(self, reference: str, options: BaseModel) -> str | None:
        assert isinstance(options, ElsewhereOptions)
        return options.server


class Plugin:
    @staticmethod
    @builtin.hookimpl
    def register_models(register) -> None:  # type: ignore[no-untyped-def]
        register("broken", BrokenProvider)
        register("counted", CountedProvider)
        register("elsewhere", ElsewhereProvider)


@dataclass
class Desk:
    """Where studies are declared and carried out; keeps the events."""

    folder: Path
    host: PluginHost
    store: Store
    settings: Settings = field(default_factory=lambda: Settings.model_validate({}))
    events: list[Event] = field(default_factory=list)

    def plan(self, text: str, **terms: object) -> ExperimentPlan:
        path = self.folder / "study.toml"
        path.write_text(text, "utf-8")
        return plan(read(path), path, self.host, self.store, self.settings, Terms(**terms))  # type: ignore[arg-type]

    def __call__(
        self,
        text: str,
        *,
        max_cost: float | None = None,
        stop: threading.Event | None = None,
        **terms: object,
    ) -> Carried:
        self.events.clear()
        return carry_out(
            self.plan(text, **terms),
            self.host,
            self.store,
            listener=self.events.append,
            max_cost_usd=max_cost,
            stop=stop,
            patience=QUICK,
        )

    @property
    def asked(self) -> int:
        return sum(isinstance(event, Answered) for event in self.events)

    def sql(self, sql: str) -> Sequence[tuple[object, ...]]:
        with self.store.read() as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    OPENED.clear()
    host = build_host(
        [], [("builtin", builtin), ("scripted", scripted), ("attentive", attentive), ("more", Plugin)]
    )
    return Desk(tmp_path, host, Store(tmp_path / "store.duckdb"))


WHOLE = """
prompts = ["naive"]
conditions = ["none"]
repeats = 2
seeds = [0, 100]
[[datasets]]
name = "small"
sources = ["pictures"]
[[datasets]]
name = "more"
sources = ["others"]
limit = 1
[[models]]
model = "counted:a"
batch_size = 3
[[models]]
model = "counted:b"
max_tokens = 17
"""


def test_everything_is_asked_once_with_each_model_loaded_once_and_again_nothing(
    desk: Desk, pictures: Pictures
) -> None:
    pictures(2)
    pictures(3, "others", seed=1)
    carried = desk(WHOLE)
    assert carried.complete
    assert desk.asked == (2 + 1) * 2 * 2 * 2  # pictures, repeats, seeds, models
    assert OPENED == ["counted:a", "counted:b"]
    assert desk.sql("SELECT DISTINCT name FROM runs ORDER BY 1") == [("study more",), ("study small",)]
    assert desk.sql("SELECT DISTINCT seed FROM runs ORDER BY 1") == [(0,), (100,)]
    assert desk.sql("SELECT DISTINCT options->>'max_tokens' FROM runs WHERE model_uri = 'counted:b'") == [
        ("17",)
    ]
    again = desk(WHOLE)
    assert again.complete
    assert again.run_ids == carried.run_ids
    assert desk.asked == 0
    assert OPENED == ["counted:a", "counted:b"]
    desk(WHOLE.replace("limit = 1", "limit = 2").replace(", 100]", "]"))
    assert desk.asked == 1 * 2 * 2  # one more picture, with one seed


def test_its_runs_are_those_of_the_same_words_typed_after_run(desk: Desk, pictures: Pictures) -> None:
    folder = pictures(3)
    request = Request(
        [folder], "scripted:", ["naive"], ["none", "face:blur@squares"], repeats=2, seed=5, name="study mine"
    )
    plan_study(request, desk.host, desk.store).carry_out(desk.store, listener=lambda event: None)
    planned = desk.plan(
        """
        prompts = ["naive"]
        conditions = ["none", "face:blur@squares"]
        repeats = 2
        seeds = [5]
        datasets = [{ name = "mine", sources = ["pictures"] }]
        models = ["scripted:"]
        """
    )
    assert planned.to_ask == 0
    assert planned.run_ids(desk.store) == (1, 2)


def test_a_model_that_does_not_load_and_data_that_are_not_there_leave_the_rest_as_it_is(
    desk: Desk, pictures: Pictures
) -> None:
    pictures(3)
    text = """
    prompts = ["naive"]
    conditions = ["none"]
    models = ["broken:", "scripted:"]
    [[datasets]]
    sources = ["pictures"]
    [[datasets]]
    name = "gone"
    sources = ["nowhere"]
    [[datasets]]
    name = "again"
    sources = ["pictures"]
    """
    carried = desk(text)
    assert not carried.complete
    assert OPENED == ["broken:"]  # not tried again with the next data
    troubles = {one.part.title: one.trouble and one.trouble.message for one in carried.outcomes}
    assert "cut short" in (troubles["study · broken:"] or "")
    assert troubles["study again · broken:"] == troubles["study · broken:"]
    assert "nowhere" in (troubles["study gone · scripted:"] or "")
    assert troubles["study · scripted:"] is None
    assert desk.asked == 6
    (desk.folder / "nowhere").symlink_to(pictures(1, "found", seed=2))
    assert {one.part.title: one.complete for one in desk(text).outcomes}["study gone · scripted:"]
    assert desk.asked == 1


def test_a_study_of_nothing_that_can_be_asked_says_why(desk: Desk) -> None:
    with pytest.raises(WorkbenchError, match="nowhere"):
        desk.plan('datasets = ["nowhere"]\nmodels = ["scripted:"]')


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('prompts = ["elenna"]', "no prompt pack `elenna`"),
        ('metrics = ["acuracy"]', "no metric `acuracy`"),
        ('models = ["scriptd:"]', "`scriptd:` is no model"),
        ('models = ["scripted:?bach=3"]', "have no option `bach`"),
        ('models = ["scripted:", "same"]', "two of its models are one"),
        ('datasets = [{ sources = ["pictures"], dataset = "emotik" }]', "no dataset `emotik`"),
        ('datasets = [{ sources = ["pictures"], dataset = "heco", options = { image = "x" } }]', "image"),
        ('models = ["elsewhere:?server=evil.example"]', "names a server of its own, evil.example"),
    ],
)
def test_names_that_nobody_knows_are_told_with_the_file_before_anything_is_asked(
    desk: Desk, pictures: Pictures, line: str, said: str
) -> None:
    pictures(1)
    desk.settings = Settings.model_validate({"aliases": {"same": "scripted:"}})
    lines = {"datasets": 'datasets = ["pictures"]', "models": 'models = ["scripted:"]'}
    lines[line.partition(" ")[0]] = line
    with pytest.raises(UsageError, match=said) as caught:
        desk.plan("\n".join(lines.values()))
    assert "study.toml" in caught.value.message
    assert not desk.store.exists()


def test_a_server_of_the_users_own_goes_by_an_alias_or_the_command_line(
    desk: Desk, pictures: Pictures
) -> None:
    pictures(1)
    uri = "elsewhere:?server=lab.example"
    desk.settings = Settings.model_validate({"aliases": {"lab": uri}})
    text = 'datasets = ["pictures"]\nmodels = ["lab"]\nconditions = ["none"]'
    assert desk.plan(text).planned[0].request.model_uri == uri
    assert desk.plan(text.replace("lab", "scripted:"), models=(uri,)).planned[0].request.model_uri == uri


def test_pictures_that_are_to_stay_are_sent_only_by_the_users_word(desk: Desk, pictures: Pictures) -> None:
    (pictures(2) / MARKER).write_text("local-only\n", "utf-8")
    text = 'conditions = ["none"]\ndatasets = ["pictures"]\nmodels = ["distant:", "scripted:"]'
    carried = desk(text)
    assert "must not leave this machine" in str(carried.outcomes[0].trouble)
    assert desk.sql("SELECT model_uri, count(*) FROM runs JOIN generations USING (run_id) GROUP BY 1") == [
        ("scripted:", 2)
    ]
    assert desk(text, allow_upload=True).complete
    assert desk.asked == 2


def test_the_limit_of_cost_holds_over_all_models_and_all_sittings(desk: Desk, pictures: Pictures) -> None:
    pictures(6)
    text = """
    max_cost = 1.0
    prompts = ["naive"]
    conditions = ["none"]
    datasets = ["pictures"]
    models = ["priced:a?cost=0.1&most_cost=0.1", "priced:b?cost=0.1&most_cost=0.1"]
    """
    first = desk(text)
    assert desk.asked == 10
    assert not first.complete
    assert first.spent_usd == pytest.approx(1.0)
    assert "could exceed" in (first.outcomes[1].results[0].reason or "")
    again = desk(text)
    assert desk.asked == 0
    assert again.spent_usd == pytest.approx(1.0)
    assert desk(text, max_cost=1.1).spent_usd == pytest.approx(1.1)
    assert desk(text, max_cost=0.5).spent_usd == pytest.approx(1.1)
    assert desk(text, max_cost=2.0).complete


def test_failures_are_asked_again_only_by_the_users_word_and_a_stop_leaves_what_is_there(
    desk: Desk, pictures: Pictures
) -> None:
    pictures(6)
    text = (
        'prompts = ["naive"]\nconditions = ["none"]\ndatasets = ["pictures"]\nmodels = ["scripted:?fail=2"]'
    )
    first = desk(text)
    failed = sum(result.failed for one in first.outcomes for result in one.results)
    assert failed
    assert not first.complete
    desk(text)
    assert desk.asked == 0
    desk(text, retry_failed=True)
    assert desk.asked == failed
    stop = threading.Event()
    stop.set()
    stopped = desk(text.replace("scripted:?fail=2", "counted:"), stop=stop)
    assert stopped.interrupted
    assert not stopped.complete
    assert desk.asked == 0


def test_a_trial_of_the_first_pictures_counts_later(desk: Desk, pictures: Pictures) -> None:
    pictures(5)
    text = 'prompts = ["naive"]\nconditions = ["none"]\ndatasets = ["pictures"]\nmodels = ["scripted:"]'
    assert desk.plan(text, limit=2).to_ask == 2
    desk(text, limit=2)
    desk(text)
    assert desk.asked == 3
    assert len(list_runs(desk.store)) == 1


def test_attention_is_looked_at_where_it_is_asked_for_and_where_anybody_can(
    desk: Desk, pictures: Pictures
) -> None:
    folder = pictures(2)
    faces = [f"{path.name},face,2,2,8,8" for path in sorted(folder.glob("*.png"))]
    (folder / "regions.csv").write_text("\n".join(["path,part,x,y,w,h", *faces]), "utf-8")
    text = """
    prompts = ["elena", "naive"]
    conditions = ["none", "face@annotated"]
    datasets = ["pictures"]
    models = ["attentive:", "scripted:blind", "distant:"]
    [attention]
    prompts = ["elena"]
    conditions = ["none"]
    tokens = "emotion"
    layers = "0-1"
    limit = 1
    """
    carried = desk(text)
    seen, blind = carried.looked
    assert seen.complete
    assert [result.extracted for result in seen.results] == [1]
    assert "attention" in str(blind.trouble)
    assert not carried.complete
    looked_at = """SELECT DISTINCT prompt_name, condition, tokens, layers
                   FROM extractions JOIN generations USING (generation_id) JOIN runs USING (run_id)"""
    assert desk.sql(looked_at) == [("elena", "none", "emotion", "0,1")]
    desk(text)
    assert not any(isinstance(event, Attended) for event in desk.events)


def test_the_plan_is_data_for_programs_with_what_is_refused_and_what_it_may_cost(
    desk: Desk, pictures: Pictures, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(4)
    planned = desk.plan(
        """
        max_cost = 1
        prompts = ["naive"]
        conditions = ["none"]
        datasets = ["pictures", { name = "gone", sources = "nowhere" }]
        models = ["scripted:", "priced:x?cost=0.001&most_cost=0.002&most_tokens=30"]
        """
    )
    print_plan(planned, limit_usd=1.0, as_json=True)
    plan = json.loads(capsys.readouterr().out)
    assert (plan["calls"], plan["max_cost"], plan["spent_usd"]) == (8, 1.0, 0.0)
    assert plan["at_most"] == {"tokens": 120, "cost_usd": pytest.approx(0.008)}
    assert [(run["model"], run["to ask"]) for run in plan["runs"]] == [
        ("scripted:", 4),
        (planned.parts[2].request.model_uri, 4),
    ]
    assert ["nowhere" in one["reason"] for one in plan["refused"]] == [True, True]
    assert not desk.store.exists()
