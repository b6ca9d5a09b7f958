"""What is installed and what it provides; what works on this machine, and the command that mends what does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from elena_wb.plain import plain
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.text import block

if TYPE_CHECKING:
    from elena_wb.engine.health import Finding
    from elena_wb.engine.installed import Installed

_DEVICE_PATIENCE_S = 9.0
_SIGNS = {"ok": ("✓", "$text-success"), "warn": ("!", "$text-warning"), "fail": ("✗", "$text-error")}
_CUT = 400
_ORDER = ("fail", "warn", "ok")


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list, and all there is to say about it."""

    name: str
    state: str
    says: str
    whole: str
    mend: str | None = None


class PluginsScreen(WorkbenchScreen):
    """Plugins above, the machine below, and the whole of what the cursor is on beside them."""

    mode = "plugins"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as the toolkit declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy command"),
        Binding("r", "examine", "Look again"),
        Binding("tab", "app.focus_next", "Next list", show=False),
    ]
    DEFAULT_CSS = """
    PluginsScreen #lists { width: 1fr; }
    PluginsScreen .head { text-style: bold; padding: 0 1; background: $panel; }
    PluginsScreen OptionList { border: none; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    PluginsScreen OptionList:focus { border: none; background-tint: $foreground 0%; }
    PluginsScreen #plugins { height: auto; max-height: 40%; }
    PluginsScreen #machine { height: 1fr; }
    PluginsScreen #whole { padding: 0 1; }
    PluginsScreen.-wide #whole { width: 42%; border-left: vkey $panel; }
    PluginsScreen.-narrow #both { layout: vertical; }
    PluginsScreen.-narrow #lists { height: 1fr; }
    PluginsScreen.-narrow #whole { height: 8; border-top: hkey $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[str, list[Item]] = {"plugins": [], "machine": []}
        self._at: Item | None = None
        self._examined = False

    def content(self) -> ComposeResult:
        """Two lists, and the whole of one thing."""
        with Horizontal(id="both"):
            with Vertical(id="lists"):
                yield Static("Plugins", classes="head", markup=False)
                yield OptionList(id="plugins")
                yield Static("This machine", id="machine-head", classes="head", markup=False)
                yield OptionList(id="machine")
            with VerticalScroll(id="whole"):
                yield Static(id="words")

    def refresh_data(self) -> None:
        """Look the first time; what the store does later changes nothing here."""
        if not self._examined:
            self._examined = True
            self.query_one("#machine").focus()
            self.action_examine()

    def action_examine(self) -> None:
        """Look at everything again."""
        from elena_wb.engine.health import examine
        from elena_wb.engine.installed import installed_plugins

        self.query_one("#machine-head", Static).update("This machine: looking …")
        app = self.workbench

        def work() -> tuple[Sequence[Installed], Sequence[Finding]]:
            pictures, patience = app.graphics.method, _DEVICE_PATIENCE_S
            found = examine(app.settings, app.host, pictures=pictures, device_patience=patience)
            return installed_plugins(app.host), found

        self.fetch(work, lambda found: self._show(*found), group="doctor")

    def action_copy(self) -> None:
        """Put the command that mends what the cursor is on onto the clipboard."""
        if self._at is None or self._at.mend is None:
            self.workbench.say("There is no command for this.", "Those that have one show it after a $.")
            return
        self.app.copy_to_clipboard(self._at.mend)
        self.workbench.say(f"Copied: {self._at.mend}")

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        items = self._items[event.option_list.id or ""]
        if event.option_list.has_focus and event.option_index < len(items):
            self._tell(items[event.option_index])

    def on_descendant_focus(self) -> None:
        """The words follow the list that has the keys."""
        focused = self.focused
        if isinstance(focused, OptionList) and focused.id in self._items and focused.highlighted is not None:
            self._tell(self._items[focused.id][focused.highlighted])

    def _show(self, plugins: Sequence[Installed], findings: Sequence[Finding]) -> None:
        of_plugins = {one.name: one for one in findings if one.area == "plugins"}
        self._items = {
            "plugins": [_plugin(one, of_plugins.get(one.plugin)) for one in plugins],
            "machine": sorted(
                (_finding(one) for one in findings if one.area != "plugins"),
                key=lambda one: _ORDER.index(one.state),
            ),
        }
        counted = ", ".join(
            f"{sum(one.state == state for one in findings)} {words}"
            for state, words in (("ok", "ok"), ("warn", "to look at"), ("fail", "failed"))
        )
        self.query_one("#machine-head", Static).update(f"This machine ({counted}; r looks again)")
        for name, items in self._items.items():
            self._fill(self.query_one(f"#{name}", OptionList), items)
        self.on_descendant_focus()

    def _fill(self, list_: OptionList, items: Sequence[Item]) -> None:
        at = list_.highlighted
        width = max((len(one.name) for one in items), default=0)
        list_.set_options([Option(_line(one, width)) for one in items])
        if not items:
            list_.add_option(Option("None.", disabled=True))
            return
        first = next((number for number, one in enumerate(items) if one.state != "ok"), 0)
        list_.highlighted = first if at is None or at >= len(items) else at
        self.call_after_refresh(list_.scroll_to_highlight)

    def _tell(self, item: Item) -> None:
        self._at = item
        sign, colour = _SIGNS[item.state]
        text = Content.assemble(
            (f"{sign} {item.state}", f"bold {colour}"), "  ", (plain(item.name), "bold"), "\n"
        )
        text += block(item.whole)
        if item.mend is not None:
            text += Content.assemble("\n\n", (f"$ {plain(item.mend)}", "bold"), ("  (c copies it)", "dim"))
        self.query_one("#words", Static).update(text)
        self.query_one("#whole", VerticalScroll).scroll_home(animate=False)


def _plugin(one: Installed, finding: Finding | None) -> Item:
    """A plugin, with what the examination says of it."""
    given = [f"{kind}: {', '.join(names)}" for kind, names in one.provides.items()]
    state = "ok" if finding is None else str(finding.state)
    trouble = [*one.troubles] or ([finding.says] if finding is not None and state != "ok" else [])
    says = "; ".join(trouble or given) or "provides nothing"
    whole = [
        one.label,
        *trouble,
        "Provides" if given else "Provides nothing.",
        *(f"  {line}" for line in given),
    ]
    if finding is not None and state == "ok" and " It uses " in finding.says:
        whole.append("Uses " + finding.says.partition(" It uses ")[2])
    return Item(
        one.plugin, state, f"{one.label}  {says}", "\n".join(whole), finding.mend if finding else None
    )


def _finding(one: Finding) -> Item:
    name = one.area if one.name == one.area else f"{one.area} {one.name}"
    return Item(name, str(one.state), one.says, one.says, one.mend)


def _line(one: Item, width: int) -> Content:
    """One line of a list; the state is a sign and a word before it is a colour."""
    sign, colour = _SIGNS[one.state]
    return Content.assemble(
        (f"{sign} {one.state:<4} ", colour), (f"{plain(one.name):<{width}}  ", "bold"), plain(one.says[:_CUT])
    )
