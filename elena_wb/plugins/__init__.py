"""Plugins: finding and loading them (`host`), writing, checking and installing them."""

from __future__ import annotations

from elena_wb.plugins.host import (
    GROUP,
    KINDS,
    Claim,
    Failure,
    Maker,
    PluginHost,
    build_host,
    plugin_host,
)

__all__ = ["GROUP", "KINDS", "Claim", "Failure", "Maker", "PluginHost", "build_host", "plugin_host"]
