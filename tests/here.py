"""The program, run within the process of the test."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from elena_wb.errors import WorkbenchError


@dataclass(frozen=True)
class Here:
    """Runs ``elena-wb`` within this process, which spares a test the start of another."""

    home: Path
    site: Path
    captured: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        from elena_wb.cli import app

        self.captured.readouterr()
        said = ""
        try:
            ended = typer.main.get_command(app).main(list(arguments), standalone_mode=False) or 0
        except WorkbenchError as problem:
            ended, said = problem.exit_code, f"{problem.message}\n{problem.hint}"
        out, err = self.captured.readouterr()
        assert ended == code, f"exit {ended}\n{out}\n{err}{said}"
        return subprocess.CompletedProcess(arguments, ended, out, err + said)
