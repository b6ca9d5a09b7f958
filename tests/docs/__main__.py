"""Prints what the commands of pages print, ready to be pasted; without a page, how many examples are run."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.docs import comparing, pages
from tests.docs.sandbox import Sandbox


def show(paths: list[str]) -> None:
    """Run the examples of pages, and print each with its output."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder))
        try:
            for path in paths:
                _show(pages.read(Path(path).resolve()), sandbox)
        finally:
            sandbox.close()


def _show(page: pages.Page, sandbox: Sandbox) -> None:
    sandbox.prepare(page.set_up)
    for block in page.blocks:
        if block.file:
            file = sandbox.work / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        if block.not_run is None and block.language == "console":
            print(f"--- {page.name}:{block.line}")
            for command in pages.commands(block):
                done = sandbox.run(command.text)
                status = "" if done.status == command.exits else f"   !!! exits with {done.status}"
                print(f"$ {command.text}{status}")
                print(comparing.legible(done.err + done.out, str(sandbox.home)))


def count() -> None:
    """A line for each page: blocks that are run, blocks that are not, their commands, and why not."""
    print(f"{'page':40} {'run':>4} {'not':>4} {'commands':>9} {'parsed':>7}")
    totals = [0, 0, 0, 0]
    for path in pages.every_page():
        page = pages.read(path)
        examples = [block for block in page.blocks if block.language in pages.RUN]
        run = [block for block in examples if block.not_run is None]
        commands = [list(pages.commands(block)) for block in run if block.language == "console"]
        parsed = [list(pages.commands(block)) for block in examples if block.language == "console"]
        figures = [len(run), len(examples) - len(run), sum(map(len, commands)), sum(map(len, parsed))]
        totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
        print(f"{page.name:40} {figures[0]:4} {figures[1]:4} {figures[2]:9} {figures[3]:7}")
    print(f"{'all':40} {totals[0]:4} {totals[1]:4} {totals[2]:9} {totals[3]:7}")


if __name__ == "__main__":
    show(sys.argv[1:]) if len(sys.argv) > 1 else count()
