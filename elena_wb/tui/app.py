"""The app: its screens, keys that work everywhere, notices, and a watch over the store's file."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import WorkerFailed

from elena_wb.errors import WorkbenchError
from elena_wb.plain import plain, plain_lines
from elena_wb.store import Store, StoreBusyError
from elena_wb.store.searching import LIMITS
from elena_wb.tui.directory import SCREENS
from elena_wb.tui.graphics import settle
from elena_wb.tui.places import Place
from elena_wb.tui.remembered import Remembered
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.text import Harmless
from elena_wb.tui.themes import HIGH_CONTRAST
from elena_wb.tui.watching import Watch
from elena_wb.tui.widgets.asking import Confirm
from elena_wb.tui.widgets.keys import Keys
from elena_wb.tui.widgets.notices import Notices, Told

if TYPE_CHECKING:
    from elena_wb.config import Settings
    from elena_wb.plugins import PluginHost
    from elena_wb.tui.terminal import Quiet

Images = Literal["auto", "blocks", "none"]
"""How pictures are drawn: the best the terminal can, half-blocks, or not at all."""


def _leading() -> Iterator[Binding]:
    """A digit and a function key for each screen; the latter also where text is being written."""
    for number, (mode, screen) in enumerate(SCREENS.items(), start=1):
        yield Binding(f"{number}", f"show('{mode}')", screen.name, show=False)
        yield Binding(f"f{number}", f"show('{mode}')", screen.name, show=False, priority=True)


_PATIENCE_S = 10.0
_LOAD_AFTER_S = 0.5
_LOOK_EVERY_S = 1.0
_THREADS = 16
"""Of which most wait: for the store, for a picture, for another program."""
_ERROR_S, _NOTICE_S = 30.0, 6.0
_PRINTED_KEPT, _PRINTED_LENGTH = 200, 2_000
_TOLD_KEPT, _SEEN_AT_ONCE = 500, 4
_SAVE_EVERY_S, _ENDING_S = 5.0, 3.0


class WorkbenchApp(App[None]):
    """The whole interface over one store."""

    TITLE = "elena-wb"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen]]] = dict(SCREENS)  # type: ignore[type-arg]
    BINDINGS: ClassVar[list[BindingType]] = [
        *_leading(),
        Binding("question_mark", "show_help", "Keys", key_display="?", tooltip="All keys that work here"),
        Binding(
            "ctrl+p",
            "command_palette",
            "Commands",
            key_display="^p",
            tooltip="Screens, actions, themes by name",
        ),
        Binding("ctrl+n", "notices", "Notices", show=False, tooltip="Notices: all that was told"),
        Binding("q", "quit", "Quit", tooltip="Leave the interface"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, tooltip="Leave the interface"),
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
        for theme in HIGH_CONTRAST:
            self.register_theme(theme)
        self.store = self._open(store.path, min(store.lock_timeout, _PATIENCE_S))
        self.settings = settings
        self.host = host
        self.images: Images = images
        self.graphics = settle(images)
        self.clock = clock
        self.remembered = Remembered(self.store.path)
        self.told: deque[Told] = deque(maxlen=_TOLD_KEPT)
        self._harmless = Harmless()
        self._unfinished = ""
        self.fault: BaseException | None = None
        """What ended the app, where a fault did."""
        self.quiet: Quiet | None = None
        self._printed: deque[Told] = deque(maxlen=_PRINTED_KEPT)
        self._shown_screens: dict[str, WorkbenchScreen] = {}
        self.watch_over_store = Watch(self.store.path)
        self._busy_told = -_ERROR_S
        self._stale = {*SCREENS}
        self._places: dict[str, Place] = {}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line passes on its way to the terminal."""
        return [*super().get_line_filters(), self._harmless]

    def on_mount(self) -> None:
        """Show the screen that was left last; look after the store from now on."""
        theme = self.remembered.get("theme")
        if theme in self.available_themes:
            self.theme = theme
        left = self.remembered.get("screen")
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "work"))
        self.action_show(left if left in SCREENS else "runs")
        self.set_timer(_LOAD_AFTER_S, self._load_screens)
        self.set_interval(_LOOK_EVERY_S, self._look_at_store)
        self.set_interval(_SAVE_EVERY_S, self._save_remembered)
        self.begin_capture_print(self)
        if not self.is_headless:
            self._end_on_signals()
        for failure in self.host.failures:
            self._tell(
                Told(
                    datetime.now(),
                    f"Plugin {failure.plugin} cannot be used: {failure.reason}",
                    "The rest works without it; screen 8 (Plugins) tells more.",
                    error=True,
                )
            )

    def _load_screens(self) -> None:
        """Import the screens that were not shown yet in a thread, so that the first key to each finds it ready."""

        def load() -> None:
            for entry in SCREENS.values():
                entry.load()

        self.run_worker(load, thread=True, group="load", exit_on_error=False)

    def go(self, place: Place) -> None:
        """Show ``place``."""
        self._places[place.screen] = place
        self.action_show(place.screen)

    def action_show(self, mode: str) -> None:
        """Show the screen of ``mode`` as it was left. A page that ``holds`` is left by its own keys only."""
        if any(getattr(screen, "holds", False) for screen in self.screen_stack):
            self.bell()
            return
        self.remembered.set("screen", mode)
        if self.current_mode != mode:
            self.switch_mode(mode)
        self.call_after_refresh(self._shown, mode)

    def _shown(self, mode: str) -> None:
        if not self.screen_stack:  # leaving, or between two modes
            return
        screen = self.screen
        if self.current_mode != mode or not isinstance(screen, WorkbenchScreen):
            return
        self._shown_screens[mode] = screen
        if not screen.is_mounted:  # its widgets are not there yet
            self.call_after_refresh(self._shown, mode)
            return
        if mode in self._stale:
            self._stale.discard(mode)
            self.watch_over_store.begin()
            screen.refresh_data()
        place = self._places.pop(mode, None)
        if place is not None:
            screen.arrive(place)

    def refresh_data(self) -> None:
        """The store was changed from here: screens read anew, this one at once."""
        self._stale = {*SCREENS}
        self._shown(self.current_mode)

    def read_later(self, screen: WorkbenchScreen) -> None:
        """The store could not be had for ``screen``: it is tried again after a while."""
        self._stale.add(screen.mode)

    def tell(self, error: WorkbenchError) -> None:
        """An error meant for people as a notice that stays for a while, and can be read again.

        That the store is busy is not told again while the notice of it stays.
        """
        if isinstance(error, StoreBusyError):
            if time.monotonic() - self._busy_told < _ERROR_S:
                return
            self._busy_told = time.monotonic()
        self._tell(Told(datetime.now(), error.message, error.hint, error=True))

    def say(self, message: str, hint: str | None = None) -> None:
        """A notice."""
        self._tell(Told(datetime.now(), message, hint, error=False))

    def _tell(self, told: Told) -> None:
        self.told.append(told)
        text = plain_lines(told.message if told.hint is None else f"{told.message}\n{told.hint}")
        text = text[:1500]
        seen = list(self._notifications)
        crowd = len(seen) + 1 - _SEEN_AT_ONCE
        for index, one in enumerate(seen):
            if index < crowd or one.message == text:  # the new one takes its place; all can be read again
                self._unnotify(one, refresh=False)
        self.notify(
            text,
            title="Error" if told.error else "",
            severity="error" if told.error else "information",
            timeout=_ERROR_S if told.error else _NOTICE_S,
            markup=False,
        )

    def copy_to_clipboard(self, text: str) -> None:
        """Put ``text`` on the clipboard; bytes of a file name that are no text become question marks."""
        super().copy_to_clipboard(text.encode("utf-8", "replace").decode())

    def hear(self, text: str) -> None:
        """Keep what code of others printed among the notices. May be called in any thread."""
        for one in text.splitlines():
            if one.strip():
                self._printed.append(
                    Told(datetime.now(), plain(one[:_PRINTED_LENGTH]), None, error=False, printed=True)
                )

    def on_print(self, event: events.Print) -> None:
        """Python code of others printed something, which may be part of a line."""
        *whole, self._unfinished = (self._unfinished + event.text).split("\n")
        self.hear("\n".join(whole))

    def action_notices(self) -> None:
        """Everything that was told, to be read again."""
        self.push_screen(Notices([*self.told, *self._printed]))

    def action_show_help(self) -> None:
        """All keys that work here."""
        self.push_screen(Keys(self.screen))

    async def action_quit(self) -> None:
        """Leave, at once unless something that is being written would be lost."""
        lost = [
            f"{screen.name_of}: {screen.unsaved}" for screen in self._shown_screens.values() if screen.unsaved
        ]
        if not lost:
            self.exit()
            return

        def leave(sure: bool | None) -> None:
            if sure:
                self.exit()

        question = "\n".join(["Leave? This would be lost:", *map(plain, lost)])
        await self.push_screen(Confirm(question, yes="Leave"), leave)

    def get_system_commands(self, screen: Screen) -> Iterable[SystemCommand]:  # type: ignore[type-arg]
        """The commands of the palette: what this screen can do, every screen, and what works everywhere."""
        for active in screen.active_bindings.values():
            binding = active.binding
            if active.node is screen and binding.description and active.enabled and "." not in binding.action:
                keys = f"{screen.app.get_key_display(binding)} on this screen"
                run = partial(screen.run_action, binding.action)
                yield SystemCommand(binding.tooltip or binding.description, keys, run)
        for mode, one in SCREENS.items():
            yield SystemCommand(one.name, one.about, partial(self.action_show, mode))
        yield SystemCommand("Theme", "Choose colours: dark, light, high contrast.", self.action_change_theme)
        yield SystemCommand("Notices", "Read again what was told.", self.action_notices)
        yield SystemCommand("Keys", "All keys that work here.", self.action_show_help)
        yield SystemCommand("Quit", "Leave the interface; runs go on.", self.action_quit)

    def watch_theme(self, theme: str) -> None:
        """Remember the choice."""
        self.remembered.set("theme", theme)

    def on_unmount(self) -> None:
        """Remember for the next day; whoever waits for a store that others hold gives up."""
        self.store.give_up_waiting()
        self.remembered.save()

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Give the terminal to another program for a while, what it prints included."""
        with super().suspend():
            if self.quiet is None:
                yield
                return
            with self.quiet.off():
                yield

    def _save_remembered(self) -> None:
        if self.remembered.changed:
            self.run_worker(self.remembered.save, thread=True, group="remembered", exit_on_error=False)

    def _end_on_signals(self) -> None:
        """A closed terminal or a kill ends the app as ``q`` does: what is to be remembered is."""
        loop = asyncio.get_running_loop()

        def end(number: int) -> None:
            self.remembered.save()
            patience = threading.Timer(_ENDING_S, os._exit, (128 + number,))
            patience.daemon = True  # a terminal that is gone can hold up whoever writes to it
            patience.start()
            self.exit(return_code=128 + number)

        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                with suppress(NotImplementedError, RuntimeError, ValueError):
                    loop.add_signal_handler(number, end, number)

    def _handle_exception(self, error: Exception) -> None:
        """Keep the fault for whoever runs the app, who tells it in words."""
        if self.fault is None:
            self.fault = error.error if isinstance(error, WorkerFailed) else error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End; the traceback that Textual would draw here shows the values of variables, keys among them."""
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Nothing but what no fault explains."""
        if self.fault is not None:
            self._exit_renderables.clear()
        super()._print_error_renderables()

    @staticmethod
    def _open(path: Path, patience: float) -> Store:
        """The store for reading beside a run: it waits a little while, and leaves memory to others."""
        return Store(path, lock_timeout=patience, reading=LIMITS)

    def _look_at_store(self) -> None:
        """Once a second: what is shown is read again after the store has changed, as often as is polite."""
        if self.watch_over_store.changed():
            self._stale = {*SCREENS}
            if self.watch_over_store.replaced():
                self.store = self._open(self.store.path, self.store.lock_timeout)
        if self.current_mode in self._stale and self.watch_over_store.may_begin():
            self._shown(self.current_mode)
