"""The app: its screens, keys that work everywhere, notices, and a watch over the store's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from elena_wb.errors import WorkbenchError
from elena_wb.plain import plain_lines
from elena_wb.store import Store
from elena_wb.tui.places import Place
from elena_wb.tui.remembered import Remembered
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.screens.attention import AttentionScreen
from elena_wb.tui.screens.compare import CompareScreen
from elena_wb.tui.screens.narratives import NarrativesScreen
from elena_wb.tui.screens.new_run import NewRunScreen
from elena_wb.tui.screens.plugins import PluginsScreen
from elena_wb.tui.screens.rate import RateScreen
from elena_wb.tui.screens.runs import RunsScreen
from elena_wb.tui.screens.sql import SqlScreen
from elena_wb.tui.widgets.notices import Notices, Told

if TYPE_CHECKING:
    from elena_wb.config import Settings
    from elena_wb.plugins import PluginHost

Images = Literal["auto", "blocks", "none"]
"""How pictures are drawn: the best the terminal can, half-blocks, or not at all."""

SCREENS: Mapping[str, type[WorkbenchScreen]] = {
    "runs": RunsScreen,
    "narratives": NarrativesScreen,
    "compare": CompareScreen,
    "attention": AttentionScreen,
    "rate": RateScreen,
    "sql": SqlScreen,
    "new_run": NewRunScreen,
    "plugins": PluginsScreen,
}
"""By the name of their mode, in the order of the bar."""

_PATIENCE_S = 10.0
_LOOK_EVERY_S = 1.0
_ERROR_S, _NOTICE_S = 30.0, 6.0


class WorkbenchApp(App[None]):
    """The whole interface over one store."""

    TITLE = "elena-wb"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen]]] = dict(SCREENS)  # type: ignore[type-arg]
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(f"{number},f{number}", f"show('{mode}')", screen.name_of, show=False)
            for number, (mode, screen) in enumerate(SCREENS.items(), start=1)
        ),
        Binding("question_mark", "show_help", "Keys", key_display="?"),
        Binding("ctrl+p", "command_palette", "Commands", key_display="^p"),
        Binding("ctrl+n", "notices", "Notices", show=False),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self,
        store: Store,
        settings: Settings,
        host: PluginHost,
        *,
        images: Images = "auto",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
    ) -> None:
        """``clock`` gives the time in UTC, naive as the store's columns are; ages are told by it."""
        super().__init__()
        self.store = Store(store.path, lock_timeout=min(store.lock_timeout, _PATIENCE_S))
        self.settings = settings
        self.host = host
        self.images: Images = images
        self.clock = clock
        self.remembered = Remembered(self.store.path)
        self.told: list[Told] = []
        self._seen = self._state_of_store()
        self._stale = {*SCREENS}
        self._places: dict[str, Place] = {}

    def on_mount(self) -> None:
        """Show the screen that was left last; look after the store from now on."""
        theme = self.remembered.get("theme")
        if theme in self.available_themes:
            self.theme = theme
        left = self.remembered.get("screen")
        self.action_show(left if left in SCREENS else "runs")
        self.set_interval(_LOOK_EVERY_S, self._look_at_store)

    def go(self, place: Place) -> None:
        """Show ``place``."""
        self._places[place.screen] = place
        self.action_show(place.screen)

    def action_show(self, mode: str) -> None:
        """Show the screen of ``mode`` as it was left."""
        self.remembered.set("screen", mode)
        if self.current_mode != mode:
            self.switch_mode(mode)
        self.call_after_refresh(self._shown, mode)

    def _shown(self, mode: str) -> None:
        screen = self.screen
        if self.current_mode != mode or not isinstance(screen, WorkbenchScreen):
            return
        if mode in self._stale:
            self._stale.discard(mode)
            screen.refresh_data()
        place = self._places.pop(mode, None)
        if place is not None:
            screen.arrive(place)

    def refresh_data(self) -> None:
        """The store was changed from here: screens read anew, this one at once."""
        self._stale = {*SCREENS}
        self._shown(self.current_mode)

    def tell(self, error: WorkbenchError) -> None:
        """An error meant for people as a notice that stays for a while, and can be read again."""
        self._tell(Told(datetime.now(), error.message, error.hint, error=True))

    def say(self, message: str, hint: str | None = None) -> None:
        """A notice."""
        self._tell(Told(datetime.now(), message, hint, error=False))

    def _tell(self, told: Told) -> None:
        self.told.append(told)
        text = plain_lines(told.message if told.hint is None else f"{told.message}\n{told.hint}")
        self.notify(
            text[:1500],
            severity="error" if told.error else "information",
            timeout=_ERROR_S if told.error else _NOTICE_S,
            markup=False,
        )

    def action_notices(self) -> None:
        """Everything that was told, to be read again."""
        self.push_screen(Notices(self.told))

    def action_show_help(self) -> None:
        """Open or close the list of all keys that work here."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def get_system_commands(self, screen: Screen) -> Iterable[SystemCommand]:  # type: ignore[type-arg]
        """The commands of the palette: every screen, then what Textual brings."""
        for mode, one in SCREENS.items():
            yield SystemCommand(one.name_of, one.about, partial(self.action_show, mode))
        yield SystemCommand("Notices", "Read again what was told.", self.action_notices)
        yield from super().get_system_commands(screen)

    def watch_theme(self, theme: str) -> None:
        """Remember the choice."""
        self.remembered.set("theme", theme)

    def on_unmount(self) -> None:
        """Remember for the next day."""
        self.remembered.save()

    def _look_at_store(self) -> None:
        state = self._state_of_store()
        if state != self._seen:
            self._seen = state
            self.refresh_data()

    def _state_of_store(self) -> tuple[int, int] | None:
        try:
            found = self.store.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
