"""An HTML page read strictly: what a forgiving browser would mend is an error here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "img", "br", "link", "input", "hr"}
SELF_CLOSED = {"line", "circle", "rect", "path", "polyline"}
WITHIN = {
    "li": {"ul", "ol"},
    "tr": {"thead", "tbody"},
    "td": {"tr"},
    "th": {"tr"},
    "caption": {"table"},
    "dt": {"dl"},
    "dd": {"dl"},
    "summary": {"details"},
    "figcaption": {"figure"},
}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    content: list[Element | str] = field(default_factory=list)

    @property
    def children(self) -> list[Element]:
        return [of for of in self.content if isinstance(of, Element)]

    @property
    def text(self) -> str:
        """The text that is in no element within."""
        return "".join(of for of in self.content if isinstance(of, str))

    def all(self, tag: str) -> list[Element]:
        return [
            found
            for child in self.children
            for found in ([child] if child.tag == tag else []) + child.all(tag)
        ]

    @property
    def words(self) -> str:
        """All text within, in order."""
        return "".join(of if isinstance(of, str) else of.words for of in self.content)


class Page(HTMLParser):
    """The tree of a page; raises where a tag is not closed, or closed in another order, or where it may not stand."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]
        self.comments: list[str] = []
        assert html.startswith("<!DOCTYPE html>"), html[:40]
        self.feed(html)
        self.close()
        assert self._open == [self.root], [of.tag for of in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        parent = self._open[-1].tag
        assert parent in WITHIN.get(tag, {parent}), f"<{tag}> within <{parent}>"
        assert not (parent == "p" and tag in ("p", "div", "ul", "ol", "dl", "table", "pre", "figure")), tag
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].content.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SELF_CLOSED, f"<{tag}/>"
        self._open[-1].content.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def every(self) -> list[Element]:
        found, left = [], [self.root]
        while left:
            one = left.pop()
            found.append(one)
            left += one.children
        return found


def check(html: str) -> Page:
    """Everything that holds of every report."""
    page = Page(html)
    everything = page.every()
    ids = [of.attributes["id"] for of in everything if "id" in of.attributes]
    assert len(ids) == len(set(ids)), sorted({one for one in ids if ids.count(one) > 1})
    for of in everything:
        for name, value in of.attributes.items():
            assert not name.startswith("on"), (of.tag, name)
            assert name not in ("style", "srcset", "action", "ping", "target"), (of.tag, name)
            if name == "href":
                assert of.tag == "a", of
                assert value.startswith("#"), value
                assert value[1:] in ids, value
            if name == "src":
                assert of.tag == "img", of
                assert re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", value), value[:80]
            if name in ("aria-labelledby", "aria-describedby"):
                assert set(value.split()) <= set(ids), value
        if of.tag == "img":
            assert of.attributes["alt"].strip()
        if of.tag == "svg":
            assert of.attributes["role"] == "img"
            assert [child.tag for child in of.children[:2]] == ["title", "desc"]
        if of.tag == "th":
            assert of.attributes["scope"] in ("col", "row")
        assert of.tag not in (
            "script",
            "iframe",
            "object",
            "embed",
            "form",
            "link",
            "base",
            "audio",
            "video",
        ), of.tag
    levels = [int(of) for of in re.findall(r"<h([1-6])[ >]", html)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), levels
    assert page.root.all("html")[0].attributes["lang"] == "en"
    assert {of.tag for of in everything} >= {"header", "nav", "main", "footer"}
    assert not page.comments
    return page
