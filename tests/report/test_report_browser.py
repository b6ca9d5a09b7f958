"""The report in Chromium: nothing leaves, nothing runs, and what others wrote stays text."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb import builtin
from elena_wb.core import Resampling
from elena_wb.plugins import build_host
from elena_wb.report import ReportOptions, write_report
from elena_wb.store import Store
from tests.report.hostile import MARKUP, TEXTS, fill
from tests.tui.browser import CHROMIUM, browsing

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
_LOOK = """
JSON.stringify({
  title: document.title,
  text: document.body.textContent,
  scripts: document.scripts.length,
  handlers: [...document.querySelectorAll("*")].flatMap(of => [...of.attributes])
    .filter(of => /^on|^style$/.test(of.name)).length,
  foreign: [...document.querySelectorAll("[src], [href]")]
    .map(of => of.getAttribute("src") ?? of.getAttribute("href")).filter(of => !/^#|^data:image/.test(of)),
  lost: [...document.querySelectorAll("a")].filter(of => !document.querySelector(of.getAttribute("href"))).length,
  wide: document.documentElement.scrollWidth, room: innerWidth,
  ink: getComputedStyle(document.body).color, paper: getComputedStyle(document.body).backgroundColor,
})
"""
_INJECT = """
(() => {
  const script = document.createElement("script");
  script.textContent = "document.title = 'owned'";
  document.body.append(script);
  const image = new Image(); image.src = "https://example.org/x.png"; document.body.append(image);
  const style = document.createElement("style");
  style.textContent = "body { display: none }";
  document.head.append(style);
  const body = document.body; body.setAttribute("style", "opacity: 0");
})()
"""


async def test_a_hostile_store_makes_a_page_of_text_on_phones_on_screens_and_on_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elena_wb.report.finding.analyses", lambda *_: ())  # they are in test_report.py
    store = Store(tmp_path / "study.duckdb", lock_timeout=20)
    runs = fill(store)
    output = tmp_path / "report.html"
    options = replace(ReportOptions(resampling=Resampling(20)), title=MARKUP)
    write_report(store, build_host([], [("builtin", builtin)]), runs, output, options)
    async with browsing(tmp_path / "browser") as page:
        for domain in ("Page", "Network", "Runtime", "Log"):
            await page.do(f"{domain}.enable")
        seen = {}
        for width, scheme in ((360, "light"), (1280, "dark")):
            await page.do(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=800,
                deviceScaleFactor=1,
                mobile=width < 500,
            )
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            await page.do("Emulation.setEmulatedMedia", features=features)
            await page.do("Page.navigate", url=output.as_uri())
            async with asyncio.timeout(60):
                while await page.evaluate("document.readyState + location.protocol") != "completefile:":
                    await asyncio.sleep(0.1)
            found = seen[scheme] = json.loads(await page.evaluate(_LOOK))
            assert found["title"] == MARKUP
            assert (found["scripts"], found["handlers"], found["foreign"], found["lost"]) == (0, 0, [], 0)
            assert found["wide"] <= found["room"] == width
        for text in TEXTS[:6]:
            assert text in found["text"]
        assert "\u202e" not in found["text"]
        assert "\x1b" not in found["text"]
        assert seen["light"]["ink"] == seen["dark"]["ink"].replace("236, 236, 240", "28, 28, 30")
        assert seen["light"]["paper"] != seen["dark"]["paper"]
        assert page.faults == []
        assert [url for url in page.requested if not url.startswith(("file:", "data:"))] == []
        assert len((await page.do("Page.printToPDF", preferCSSPageSize=True))["data"]) > 20_000
        await page.evaluate(_INJECT)
        assert await page.evaluate("document.title") == MARKUP
        assert await page.evaluate("getComputedStyle(document.body).display") == "block"
        assert await page.evaluate("getComputedStyle(document.body).opacity") == "1"
        refused = " ".join(page.faults)
        assert "Content Security Policy" in refused
        for what in ("script", "img-src", "style-src"):
            assert what in refused
