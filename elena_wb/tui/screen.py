"""What all screens are: a bar that leads to the others, their content, a footer; work in threads; notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer
from textual.worker import get_current_worker

from elena_wb.errors import WorkbenchError
from elena_wb.store.database import StoreBusyError, told_of
from elena_wb.store.stopping import NotWantedError, Stop, stoppable
from elena_wb.tui.directory import SCREENS
from elena_wb.tui.widgets.bar import NavigationBar

if TYPE_CHECKING:
    from elena_wb.store import Store
    from elena_wb.tui.app import WorkbenchApp
    from elena_wb.tui.places import Place
    from elena_wb.tui.widgets.paged import PagedTable

T = TypeVar("T")


class WorkbenchScreen(Screen[None]):
    """One of the screens of the bar.

    A screen fills in ``content``, may take ``arrive`` (it is sent somewhere) and ``refresh_data`` (the store has
    changed, or the screen is shown for the first time), and does everything slow by ``fetch``.
    """

    mode: ClassVar[str]
    """Its entry in :data:`elena_wb.tui.directory.SCREENS`."""

    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self._stops: dict[str, Stop] = {}

    @property
    def name_of(self) -> str:
        """What the bar and the palette call it."""
        return SCREENS[self.mode].name

    @property
    def about(self) -> str:
        """What it is for, in a sentence."""
        return SCREENS[self.mode].about

    def compose(self) -> ComposeResult:
        """Bar, content, footer."""
        yield NavigationBar(self)
        with Vertical(id="content"):
            yield from self.content()
        yield Footer(show_command_palette=False, compact=True)

    def content(self) -> ComposeResult:
        """The widgets between bar and footer."""
        raise NotImplementedError

    def arrive(self, place: Place) -> None:
        """Show what ``place`` (one of this screen's) names. The screen is mounted by then."""

    def refresh_data(self) -> None:
        """Read again what is shown, keeping cursor and scrolling: the store has changed."""

    @property
    def unsaved(self) -> str | None:
        """What would be lost if the interface were left now, in a few words; ``None`` where nothing would."""
        return None

    @property
    def workbench(self) -> WorkbenchApp:
        """The app, with store, settings and plugins."""
        return cast("WorkbenchApp", self.app)

    @property
    def store(self) -> Store:
        """The store, with a short patience: read it within ``fetch`` only."""
        return self.workbench.store

    def fetch(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        *,
        group: str = "fetch",
        failed: Callable[[WorkbenchError], None] | None = None,
    ) -> None:
        """Run ``work`` in a thread, then ``then`` with its result in the interface's thread.

        A later fetch of the same ``group`` takes the place of this one: its result alone counts. Errors meant for
        people go to ``failed``, or are told as a notice; others end the app with a traceback, as faults should.
        """

        def once() -> Iterator[T]:
            yield work()

        self._in_thread(once, then, group, failed, None)

    def follow(
        self,
        work: Callable[[], Iterable[T]],
        each: Callable[[T], None],
        *,
        group: str = "fetch",
        failed: Callable[[WorkbenchError], None] | None = None,
    ) -> None:
        """As :meth:`fetch` for work that only reads the store: ``each`` is called with everything that it gives.

        Its query is stopped when a later fetch takes its place, or the screen is gone.
        """
        self._in_thread(work, each, group, failed, Stop())

    def _in_thread(
        self,
        work: Callable[[], Iterable[T]],
        each: Callable[[T], None],
        group: str,
        failed: Callable[[WorkbenchError], None] | None,
        stop: Stop | None,
    ) -> None:
        self._stop(group)
        if stop is not None:
            self._stops[group] = stop
        app = self.workbench

        def job() -> None:
            worker = get_current_worker()

            def unwanted() -> bool:
                return worker.is_cancelled or (stop is not None and stop.requested)

            def hand_over(function: Callable[..., None], *values: object) -> None:
                if not unwanted() and app.is_running:
                    app.call_from_thread(self._unless_gone, unwanted, function, *values)

            try:
                with app.watch_over_store.reading(), nullcontext() if stop is None else stoppable(stop):
                    for found in work():
                        hand_over(each, found)
                        if unwanted():
                            return
            except NotWantedError:
                return
            except WorkbenchError as error:
                if isinstance(error, StoreBusyError):
                    hand_over(app.read_later, self)
                hand_over(failed or app.tell, error)
            except Exception as problem:
                unreadable = told_of(problem, app.store.path)
                if unreadable is None:
                    raise
                hand_over(failed or app.tell, unreadable)

        self.run_worker(job, thread=True, exclusive=True, group=group, exit_on_error=True)

    def drop(self, group: str) -> None:
        """Nobody waits any more for what :meth:`follow` reads in ``group``: its query is stopped, its result lost."""
        self._stop(group)

    def _stop(self, group: str) -> None:
        stop = self._stops.pop(group, None)
        if stop is not None:
            stop.request()

    def on_unmount(self) -> None:
        """Nobody waits any more for what is being read."""
        for group in [*self._stops]:
            self._stop(group)

    def on_paged_table_failed(self, event: PagedTable.Failed) -> None:
        """Tell why lines of a table could not be read."""
        self.workbench.tell(event.error)

    def _unless_gone(
        self, unwanted: Callable[[], bool], function: Callable[..., None], *values: object
    ) -> None:
        if self.is_mounted and not unwanted():
            function(*values)
