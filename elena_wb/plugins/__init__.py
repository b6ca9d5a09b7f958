"""Plugins: finding and loading them (`host`), writing, checking and installing them."""

from __future__ import annotations

from elena_wb.plugins.claims import KINDS, Claim, Maker
from elena_wb.plugins.finding import GROUP
from elena_wb.plugins.health import Doubt, Failure
from elena_wb.plugins.host import PluginHost, build_host, plugin_host

__all__ = ["GROUP", "KINDS", "Claim", "Doubt", "Failure", "Maker", "PluginHost", "build_host", "plugin_host"]
