"""The form for a new run: its fields, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Collapsible, Input, Select, Static

from elena_wb.core import Condition, WorkbenchError
from elena_wb.engine.option_forms import option_fields, problems_of
from elena_wb.engine.run_options import RunOptions
from elena_wb.engine.wanted import WrittenModel
from elena_wb.tui.new_run.choices import Choices, Schema
from elena_wb.tui.new_run.completing import Conditions, Paths
from elena_wb.tui.new_run.fields import Labelled, OptionEntry, Several, Tick
from elena_wb.tui.new_run.state import PRESETS, FormState
from elena_wb.tui.text import line

_FIRST_OPTIONS = ("name", "limit", "repeats", "max_cost", "attend", "audit", "allow_upload")


class Prompts(VerticalGroup):
    """The prompt packs, of which several make several runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "read", "Text"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
    ]
    DEFAULT_CSS = "Prompts { width: 1fr; }"

    class Read(Message):
        """The text of a pack is to be shown."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, packs: Mapping[str, str], chosen: Sequence[str], *, id: str) -> None:
        """``packs`` maps names to what they are about."""
        super().__init__(id=id)
        self._packs, self._chosen = packs, chosen

    def compose(self) -> ComposeResult:
        """A tick for each."""
        for name, about in self._packs.items():
            yield Tick(name in self._chosen, label=line(f"{name}: {about}"))

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names that are ticked."""
        return tuple(name for name, tick in zip(self._packs, self.query(Tick), strict=False) if tick.on_)

    def action_read(self) -> None:
        """Show the text of the pack that has the focus."""
        for name, tick in zip(self._packs, self.query(Tick), strict=False):
            if tick.has_focus:
                self.post_message(self.Read(name))

    def action_move(self, by: int) -> None:
        """Go to the next pack, or to the one before."""
        ticks = list(self.query(Tick))
        at = next((index for index, tick in enumerate(ticks) if tick.has_focus), 0)
        ticks[max(0, min(len(ticks) - 1, at + by))].focus()


class NewRunForm(VerticalScroll):
    """Shows a :class:`FormState`, lets it be changed, and says so by :class:`Changed`."""

    DEFAULT_CSS = """
    NewRunForm { padding: 0 1; }
    NewRunForm .heading { text-style: bold; color: $text-accent; margin-top: 1; }
    NewRunForm .heading:first-child { margin-top: 0; }
    NewRunForm #presets { height: 1; padding-left: 18; }
    NewRunForm #presets Button { min-width: 8; margin-right: 1; }
    NewRunForm Collapsible { border: none; padding: 0; margin: 0; background: transparent; }
    NewRunForm Collapsible > Contents { padding: 0; }
    NewRunForm .loading { padding-left: 18; color: $text-muted; }
    """

    class Changed(Message):
        """Something was changed."""

    class WantsSchema(Message):
        """The options of a model scheme or a dataset are to be read and given to :meth:`show_options`."""

        def __init__(self, kind: str, name: str) -> None:
            super().__init__()
            self.kind, self.name = kind, name

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, can_focus=False)
        self._choices = Choices()
        self._state = FormState()
        self._schemas: dict[str, Schema] = {}
        self._entered: dict[str, Mapping[str, str]] = {"model": {}, "dataset": {}}
        self.is_ready = False

    async def fill(self, choices: Choices, state: FormState) -> None:
        """Offer ``choices`` and show ``state``."""
        self.is_ready = False
        self._choices, self._state = choices, state
        self._schemas = {}
        self._entered = {"model": dict(state.model_options), "dataset": dict(state.dataset_options)}
        await self.recompose()
        self.is_ready = True
        for kind, name in (("model", state.scheme), ("dataset", state.dataset)):
            if name:
                self._want(kind, name)

    def compose(self) -> ComposeResult:
        """Every field, as the state has it."""
        choices, state = self._choices, self._state
        yield Static("Pictures", classes="heading")
        yield Labelled(
            "folders, files",
            Several(state.sources, placeholder="a folder or a file", suggester=Paths(), id="sources"),
            "→ completes a path. Several are read one after the other.",
            id="field-sources",
        )
        yield Labelled(
            "dataset",
            Select(
                [(_item(name), name) for name in _with(choices.datasets, state.dataset)],
                value=state.dataset or Select.NULL,
                prompt="recognised by itself",
                compact=True,
                id="dataset",
            ),
            "How the pictures are read, with their labels and regions.",
        )
        yield VerticalGroup(id="dataset-options")
        yield Static("Model", classes="heading")
        yield Labelled(
            "model",
            Select(
                list(_models(choices, state.scheme)),
                value=f"scheme {state.scheme}" if state.scheme else Select.NULL,
                prompt="to be chosen",
                compact=True,
                id="model",
            ),
            "A kind of model, one of your aliases, or a model that lies on this machine.",
        )
        yield Labelled(
            "reference",
            Input(
                state.reference,
                placeholder="what stands after the colon",
                compact=True,
                suggester=Paths(),
                id="reference",
            ),
            "Which one: a repository, a file, a folder, a name; see `elena-wb models info`.",
        )
        yield VerticalGroup(id="model-options")
        yield Static("Prompts", classes="heading")
        yield Labelled(
            "packs",
            Prompts(
                {name: self._about_pack(name) for name in _with(tuple(choices.packs), *state.prompts)},
                state.prompts,
                id="prompts",
            ),
            "space chooses one or several, t shows the text.",
        )
        yield Static("Conditions", classes="heading")
        yield Labelled(
            "masking",
            Several(
                state.conditions,
                placeholder="none, or PARTS[:STYLE][@LOCATOR]",
                suggester=Conditions(choices.parts, choices.styles, choices.locators),
                id="conditions",
            ),
            f"Each makes a run. Styles: {', '.join(choices.styles)}. Locators: {', '.join(choices.locators)}. "
            "→ completes.",
        )
        with Horizontal(id="presets"):
            for number, preset in enumerate(PRESETS):
                yield Button(f"+ {preset}", compact=True, id=f"preset-{number}")
        yield Static("How", classes="heading")
        fields = {one.name: one for one in option_fields(RunOptions)}
        for name in (*_FIRST_OPTIONS, *(name for name in fields if name not in _FIRST_OPTIONS)):
            yield OptionEntry(fields[name], state.options.get(name, ""))

    @property
    def state(self) -> FormState:
        """What is written now."""
        if not self.is_ready:
            return self._state
        model = self.query_one("#model", Select).value
        return FormState(
            sources=self.query_one("#sources", Several).values,
            scheme="" if model is Select.NULL else str(model).removeprefix("scheme "),
            reference=self.query_one("#reference", Input).value.strip(),
            model_options=self._options("model"),
            dataset=_text(self.query_one("#dataset", Select)),
            dataset_options=self._options("dataset"),
            prompts=self.query_one(Prompts).chosen,
            conditions=self.query_one("#conditions", Several).values,
            options={
                one.field.name: value
                for one in self.query(OptionEntry)
                if _is_own(one) and (value := one.value)
            },
        )

    @property
    def is_naming_sources(self) -> bool:
        """Whether somebody is at the lines of the pictures."""
        return self.is_ready and self.query_one("#sources").has_focus_within

    async def show_options(self, kind: str, schema: Schema) -> None:
        """Show the options of the model scheme or dataset, unless another was chosen meanwhile."""
        if self._chosen(kind) != schema.name:
            return
        group = self.query_one(f"#{kind}-options", VerticalGroup)
        given = self._entered[kind]
        unknown = set(given) - {one.name for one in schema.fields}
        self._entered[kind] = {name: value for name, value in given.items() if name not in unknown}
        entries = [
            OptionEntry(one, given.get(one.name, ""), names=self._choices.key_names) for one in schema.fields
        ]
        await group.remove_children()
        if entries:
            title = f"{len(entries)} options of this {kind}"
            await group.mount(Collapsible(*entries, title=title, collapsed=not self._entered[kind]))
        self._schemas[kind] = schema
        self.check()
        self.post_message(self.Changed())

    def say_instead(self, kind: str, text: str) -> None:
        """Say in the place of the options why there are none."""
        group = self.query_one(f"#{kind}-options", VerticalGroup)
        group.remove_children()
        group.mount(Static(line(text), classes="loading"))

    def check(self) -> None:
        """Say beside each field what is wrong with it."""
        state = self.state
        for entry in self.query(OptionEntry):
            if _is_own(entry):
                entry.complain(problems_of(RunOptions, state.options).get(entry.field.name))
        schema = self._schemas.get("model")
        if schema is not None and schema.model is not None:
            found = dict(problems_of(schema.model, state.model_options))
            for entry in self.query("#model-options OptionEntry").results(OptionEntry):
                entry.complain(found.pop(entry.field.name, None))
            if found:  # what concerns no field of its own stands at the last
                for entry in list(self.query("#model-options OptionEntry").results(OptionEntry))[-1:]:
                    entry.complain(" ".join(found.values()))
        self.query_one("#conditions", Several).note([self._about(one) for one in state.conditions])

    def _about(self, written: str) -> tuple[str, bool]:
        try:
            condition = Condition.parse(written)
        except WorkbenchError as error:
            return error.message, True
        for kind, choice, known in (
            ("style", condition.style, self._choices.styles),
            ("locator", condition.locator, self._choices.locators),
        ):
            if choice is not None and choice.name not in known:
                return f"there is no {kind} `{choice.name}`", True
        return "", False

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Several.Changed)
    @on(Tick.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        if not self.is_ready:
            return
        if isinstance(event, Select.Changed) and event.select.id == "model":
            self._model_chosen(event.select)
        if isinstance(event, Select.Changed) and event.select.id == "dataset":
            self._entered["dataset"] = {}
            self._want("dataset", _text(event.select))
        self.check()
        self.post_message(self.Changed())

    @on(Button.Pressed)
    def _preset(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id and event.button.id.startswith("preset-"):
            preset = PRESETS[int(event.button.id.removeprefix("preset-"))]
            self.query_one("#conditions", Several).add(preset)

    def _model_chosen(self, select: Select[Any]) -> None:
        """A scheme shows its options; an alias or a model of this machine fills in everything that it stands for."""
        value = _text(select)
        kind, _, name = value.partition(" ")
        if kind == "scheme":
            if name == self._state.scheme and "model" not in self._schemas:
                return  # as it was filled in
            self._entered["model"] = {}
        elif value:
            written = WrittenModel.parse(self._choices.aliases[name] if kind == "alias" else name)
            self._entered["model"] = dict(written.options)
            name = written.scheme
            with self.prevent(Select.Changed, Input.Changed):
                select.value = f"scheme {name}"
                self.query_one("#reference", Input).value = written.reference
        self._want("model", name)

    def _want(self, kind: str, name: str) -> None:
        self._schemas.pop(kind, None)
        if not name:
            self.query_one(f"#{kind}-options", VerticalGroup).remove_children()
            return
        self.say_instead(kind, "loading the options …")
        self.post_message(self.WantsSchema(kind, name))

    def _chosen(self, kind: str) -> str:
        return _text(self.query_one(f"#{kind}", Select)).removeprefix("scheme ")

    def _options(self, kind: str) -> Mapping[str, str]:
        """The options that were entered; until their fields are there, those to be filled in."""
        if kind not in self._schemas:
            return self._entered[kind]
        entries = self.query(f"#{kind}-options OptionEntry").results(OptionEntry)
        return {one.field.name: value for one in entries if (value := one.value)}

    def _about_pack(self, name: str) -> str:
        pack = self._choices.packs.get(name)
        return (
            pack.title if pack is not None else self._choices.broken_packs.get(name, "is not there any more")
        )


def _models(choices: Choices, scheme: str) -> Iterator[tuple[Text, str]]:
    for name, uri in choices.aliases.items():
        yield _item(f"{name} = {uri}"), f"alias {name}"
    for name in _with(choices.schemes, scheme):
        yield _item(f"{name}:"), f"scheme {name}"
    for uri, name in choices.local.items():
        yield _item(f"{uri} ({name})"), f"local {uri}"


def _item(text: str) -> Text:
    return Text(line(text, longest=80).plain)


def _with(names: Sequence[str], *more: str) -> list[str]:
    """``names`` and those of ``more`` that are no longer among them."""
    return list(dict.fromkeys([*names, *(one for one in more if one)]))


def _text(select: Select[Any]) -> str:
    return "" if select.value is Select.NULL else str(select.value)


def _is_own(entry: Widget) -> bool:
    """Whether an option is one of the run itself, not of its model or dataset."""
    return isinstance(entry.parent, NewRunForm)
