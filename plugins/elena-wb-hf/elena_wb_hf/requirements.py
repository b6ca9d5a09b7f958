"""Packages that only some options need."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from elena_wb.core import SetupError
from elena_wb_hf.options import HFOptions


def require_packages(options: HFOptions) -> None:
    """Check for what the options need, before anything is fetched or loaded.

    Raises:
        SetupError: a package is missing; the hint is the command that installs it.
    """
    quantised, spread = "pip install 'elena-wb-hf[quantised]'", "pip install 'elena-wb-hf[spread]'"
    if options.load_in != "none":
        _require(f"load_in={options.load_in}", ("bitsandbytes", "accelerate"), quantised)
    if options.spread:
        _require("spread=true", ("accelerate",), spread)
    if options.constrained:
        _require("constrained=true", ("llguidance",), "pip install 'elena-wb-hf[constrained]'")
    if options.attention == "flash_attention_2":
        _require("attention=flash_attention_2", ("flash_attn",), "pip install flash-attn")


def _require(option: str, packages: Iterable[str], command: str) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise SetupError(f"`{option}` needs {' and '.join(missing)}.", hint=f"Run: {command}")
