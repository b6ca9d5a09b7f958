"""One answer's attention: sliders, maps, the answer with its words marked, shares of parts and their ratio by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from elena_wb.tui.attention.draw import Drawing, Half, Wish
from elena_wb.tui.attention.number_map import NumberMap, cells_in, numbers_of
from elena_wb.tui.attention.slider import Slider
from elena_wb.tui.attention.text import change_table, marked, number_cell, shares_table, word_told, words_line
from elena_wb.tui.text import line
from elena_wb.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from elena_wb.engine.glance import Side

_NO_CAUSE = "Attention is no cause (docs/attention.md)."
_SETTLED_S = 0.1


class AttentionView(Vertical):
    """Shows what was drawn, and asks for another drawing (:class:`Wanted`) when it is moved."""

    DEFAULT_CSS = """
    AttentionView { height: 1fr; }
    AttentionView .line, AttentionView .caption { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    AttentionView #sliders { height: 1; }
    AttentionView #sliders > Slider { padding: 0 2 0 0; }
    AttentionView #stage { height: 1fr; }
    AttentionView #maps { width: 5fr; }
    AttentionView #told { width: 6fr; padding: 0 0 0 1; }
    AttentionView .half { width: 1fr; }
    AttentionView .half > .caption { text-align: center; text-style: bold; }
    AttentionView .half.second { display: none; }
    AttentionView .half NumberMap { display: none; padding: 0 1; }
    AttentionView.numbers .half NumberMap { display: block; }
    AttentionView.numbers .half Picture { display: none; }
    AttentionView #text { height: 1fr; min-height: 3; }
    AttentionView #shares { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    AttentionView #cause { height: 1; color: $text-muted; }
    AttentionView #plot { display: none; height: 1fr; min-height: 8; }
    AttentionView.pair .half.second { display: block; }
    AttentionView.pair #maps { width: 6fr; }
    AttentionView.pair #told { width: 5fr; }
    AttentionView.pair #text { height: auto; max-height: 5; }
    """

    class Wanted(Message):
        """Another drawing is wanted."""

        def __init__(self, wish: Wish) -> None:
            super().__init__()
            self.wish = wish

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.wish = Wish(None)
        self._side: Side | None = None
        self._drawing: Drawing | None = None
        self._lit: str | None = None
        self._settling: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lines above, maps to the left, words and shares to the right, the scale below."""
        from elena_wb.tui.attention.layers_plot import LayersPlot

        yield Static("", id="about", classes="line", markup=False)
        yield Static("", id="way", classes="line muted", markup=False)
        with Horizontal(id="sliders"):
            yield Slider("Layer", id="layer")
            yield Slider("Head", id="head")
        yield Static("", id="words", classes="line", markup=False)
        with Horizontal(id="stage"):
            with Horizontal(id="maps"):
                for name in ("first", "second"):
                    with Vertical(classes=f"half {name}"):
                        yield Static("", classes="caption", id=f"{name}-caption", markup=False)
                        yield Picture(id=f"{name}-picture")
                        yield NumberMap(id=f"{name}-numbers")
            with Vertical(id="told"):
                with VerticalScroll(id="text", can_focus=False):
                    yield Static("", id="answer", markup=False)
                yield Static("", id="shares", markup=False)
                yield Static(_NO_CAUSE, id="cause", markup=False)
                yield LayersPlot(id="plot")
        yield Static("", id="scale", classes="line muted", markup=False)

    def show(self, side: Side, about: str, way: str) -> None:
        """Show another answer or look, with the words, layer and head of before as far as it has them."""
        self._side = side
        self.query_one("#about", Static).update(line(about))
        self.query_one("#way", Static).update(line(way))
        self._ask(self._kept(side))

    def draw(self, drawing: Drawing, *, pair: bool) -> None:
        """Show what was drawn."""
        self._drawing = drawing
        self.wish = drawing.wish
        self.set_class(pair, "pair")
        self._sliders(drawing.first.side)
        self._words(drawing.first.side)
        halves = (("first", drawing.first), ("second", drawing.second))
        for name, half in halves:
            if half is not None:
                page = half.side.page
                self.query_one(f"#{name}-caption", Static).update(
                    line(f"{page.condition} · {page.emotion or page.status} (run {page.run_id})")
                )
                self.query_one(f"#{name}-picture", Picture).show(half.content, _note(half))
        self._light()
        self._scale()
        self.call_after_refresh(self._fit)

    def show_numbers(self, *, on: bool) -> None:
        """Maps as numbers instead of pictures."""
        self.set_class(on, "numbers")
        self._scale()
        self.call_after_refresh(self._numbers)

    def step_layer(self, by: int) -> None:
        """The next or previous layer."""
        self._choose("layer", self.query_one("#layer", Slider).moved(by))

    def step_head(self, by: int) -> None:
        """The next or previous head."""
        self._choose("head", self.query_one("#head", Slider).moved(by))

    def step_word(self, by: int) -> None:
        """The next or previous target in the answer; beyond the last comes the first."""
        found = None if self._side is None else self._side.measured
        if self._side is None or found is None or not found.words:
            return
        at = None if self.wish.target is None else self._side.place_of(self.wish.target)
        place = 0 if at is None else (at + by) % len(found.words)
        self._ask(replace(self.wish, target=found.words[place].target))

    def toggle_sinks(self) -> None:
        """With sinks or without."""
        self._ask(replace(self.wish, without_sinks=not self.wish.without_sinks))

    def step_part(self, by: int) -> None:
        """Let the next part stand out; none comes after the last."""
        drawing = self._drawing
        shares = () if drawing is None else drawing.first.shares
        parts: list[str | None] = [None, *(one.part for one in shares)]
        at = parts.index(self._lit) if self._lit in parts else 0
        self._lit = parts[(at + by) % len(parts)]
        self._tables()
        self._light()

    def again(self) -> None:
        """Ask once more for what is shown."""
        self._ask(self.wish)

    @property
    def drawing(self) -> Drawing | None:
        """What is shown."""
        return self._drawing

    def on_resize(self) -> None:
        """Tables and numbers for the room there is."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED_S, self._fit)

    def _fit(self) -> None:
        if self._drawing is not None and self.is_mounted:
            self._words(self._drawing.first.side)
            self._tables()
            self._numbers()
            self._light()

    def _ask(self, wish: Wish) -> None:
        self.wish = wish
        if self._side is not None:
            self._sliders(self._side)
            self._words(self._side)
        self.post_message(self.Wanted(wish))

    def _kept(self, side: Side) -> Wish:
        found = side.measured
        if found is None or not found.words:
            return Wish(None)
        targets = [word.target for word in found.words]
        best = "emotion" if "emotion" in targets else targets[0]
        return Wish(
            self.wish.target if self.wish.target in targets else best,
            self.wish.layer if self.wish.layer in found.layers else None,
            self.wish.head if self.wish.head in found.heads else None,
            self.wish.without_sinks,
        )

    def _choose(self, name: str, place: int | None) -> None:
        found = None if self._side is None else self._side.measured
        if found is None:
            return
        numbers = found.layers if name == "layer" else found.heads
        number = None if place is None else numbers[place]
        wish = self.wish
        self._ask(replace(wish, layer=number) if name == "layer" else replace(wish, head=number))

    @on(Slider.Moved)
    def _slid(self, event: Slider.Moved) -> None:
        event.stop()
        self._choose(event.slider.id or "", event.value)

    @on(NumberMap.Resized)
    def _numbers_resized(self, event: NumberMap.Resized) -> None:
        event.stop()
        self.on_resize()

    @on(NumberMap.Pointed)
    def _pointed(self, event: NumberMap.Pointed) -> None:
        event.stop()
        cell = number_cell(event.value, sink=False).strip() or "not shown to the model"
        parts = ", ".join(event.parts) or "no part"
        self._scale(f"here: {cell} × even{' · a sink' if event.sink else ''} · {parts}")

    def _sliders(self, side: Side) -> None:
        found = side.measured
        layers = () if found is None else found.layers
        heads = () if found is None else tuple(head for head in found.heads if head is not None)
        at = layers.index(self.wish.layer) if self.wish.layer in layers else None
        self.query_one("#layer", Slider).offer(layers, at, _alone("layer", layers))
        kept = "mean" if side.look is None else side.look.heads
        at = heads.index(self.wish.head) if self.wish.head in heads else None
        self.query_one("#head", Slider).offer(heads, at, f"{kept} of them (each: look with e)")

    def _words(self, side: Side) -> None:
        found = side.measured
        at = side.place_of(self.wish.target) if self.wish.target is not None else None
        words = () if found is None else found.words
        shown = words_line(words, at, max(20, self.size.width - 8)) if words else Content("none found")
        self.query_one("#words", Static).update(Content.styled("Words  ", "bold") + shown)
        text, before = marked(side.page.raw_text or "", side.targets, self.wish.target)
        told = word_told(words[at]) + Content("\n") if at is not None else Content("")
        answer = self.query_one("#answer", Static)
        answer.update(told + text)
        self.call_after_refresh(self._show_from, Content.assemble(told, text)[: len(told.plain) + before])

    def _show_from(self, before: Content) -> None:
        box = self.query_one("#text", VerticalScroll)
        width = max(1, box.scrollable_content_region.width)
        lines = len(before.wrap(width)) if before.plain else 1
        visible = max(1, box.size.height)
        target = lines - 2 if lines > visible else 0
        box.scroll_to(y=max(0, target), animate=False)

    def _tables(self) -> None:
        drawing = self._drawing
        if drawing is None:
            return
        first, second, sinks = drawing.first, drawing.second, drawing.wish.without_sinks
        shares = self.query_one("#shares", Static)
        if second is not None and second.shares and first.shares:
            names = (_name(first), _name(second))
            shares.update(
                change_table(first.shares, second.shares, names, without_sinks=sinks, lit=self._lit)
            )
        elif first.shares:
            width = self.query_one("#told").size.width - 1
            shares.update(shares_table(first.shares, without_sinks=sinks, width=width, lit=self._lit))
        else:
            shares.update(line(first.note or "No part of the body is known in this picture."))
        from elena_wb.tui.attention.layers_plot import LayersPlot

        plot = self.query_one("#plot", LayersPlot)
        order = [one.part for one in first.shares]
        lines: Mapping[str, tuple[float, ...]] = {part: first.by_layer[part] for part in order}
        plot.show(first.layers, lines, drawing.wish.layer)

    def _light(self) -> None:
        for name in ("first", "second"):
            self.query_one(f"#{name}-picture", Picture).highlight(self._lit)
            self.query_one(f"#{name}-numbers", NumberMap).highlight(self._lit)

    def _numbers(self) -> None:
        drawing = self._drawing
        if drawing is None or not self.has_class("numbers"):
            return
        for name, half in (("first", drawing.first), ("second", drawing.second)):
            if half is None:
                continue
            widget = self.query_one(f"#{name}-numbers", NumberMap)
            space = (max(widget.size.width, 2), max(widget.size.height, 1))
            numbers = None if half.panel is None else numbers_of(half.panel, *cells_in(half.panel, space))
            widget.show(numbers, _note(half))

    def _scale(self, told: str = "") -> None:
        drawing = self._drawing
        if drawing is None:
            return
        look = drawing.first.side.look
        kind = (
            "numbers: × even attention" if self.has_class("numbers") else "colours: 0 to {} × even attention"
        )
        words = [told or kind.format(f"{drawing.most:.3g}")]
        if not told and drawing.first.spread:
            words.append(
                "of all: "
                + ", ".join(f"{100 * mass:.0f} % {on}" for on, mass in drawing.first.spread if mass >= 0.005)
            )
        if look is not None and look.sinks:
            kept, other = ("without", "with") if drawing.wish.without_sinks else ("with", "without")
            sinks = "sink" if look.sinks == 1 else "sinks"
            where = "" if look.sink_places is not None else "; which places was not kept: look again with e"
            words.insert(0, f"{kept} {look.sinks} {sinks} × (x: {other}{where})")
        self.query_one("#scale", Static).update(line(" · ".join(words)))


def _alone(name: str, numbers: tuple[int, ...]) -> str:
    return f"{numbers[0]} alone" if numbers else f"no {name}"


def _name(half: Half) -> str:
    return half.side.page.condition


def _note(half: Half) -> str:
    return half.note or (f"Drawn on grey: {half.side.problem}" if half.side.problem else "")
