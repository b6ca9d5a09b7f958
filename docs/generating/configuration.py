"""Settings, environment variables, and where things lie."""

from __future__ import annotations

import tomllib
import types
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from elena_wb import config, offline, paths
from elena_wb.masking import weights
from elena_wb.plugins import finding

VARIABLES = {
    paths.HOME_VARIABLE: "A folder that takes the place of the three folders below, as `data`, `cache` and `config` in it.",
    offline.VARIABLE: "As the setting `offline`; holds from before plugins are loaded.",
    "ELENA_WB_DEBUG": "Set by `--debug`: plugins and their processes say more.",
    finding.WITHOUT: "Plugins to leave out, by the names that `elena-wb plugins` shows, parted by commas.",
    weights.OVERRIDE_VARIABLE: "A file with the weights of the detector `yunet`, in place of those that were pulled.",
    "ELENA_WB_GGUF_PATH": "Folders with GGUF models for `elena-wb models list`, parted as in `PATH` (plugin `gguf`).",
    "GOOGLE_API_KEY, OPENAI_API_KEY, …": "Keys; `elena-wb keys` lists the variables that are read.",
    "NO_COLOR, COLUMNS": "As in other programs: no colours; how wide a table may be.",
}

FOLDERS = (
    ("data", "the store, pulled weights, calls of the last 24 hours", "~/.local/share/elena-wb"),
    ("config", "`config.toml`, `keys.toml`, `prices.toml`, `prompts/`", "~/.config/elena-wb"),
    ("cache", "what can be made again", "~/.cache/elena-wb"),
)

FILES = (
    (
        "`config.toml`",
        "config",
        "Settings, as in the example above. `elena-wb config set` keeps its comments.",
    ),
    (
        "`keys.toml`",
        "config",
        "Keys where the system has no keyring; only you may read it ([keys](../costs.md#keys)).",
    ),
    ("`prices.toml`", "config", "Your prices of models ([prices](../costs.md#prices))."),
    ("`prompts/NAME.toml`", "config", "Your prompt packs ([format](prompt-packs.md))."),
    ("`elena-wb.duckdb`", "data", "The store ([tables and views](store.md))."),
    ("`elena-wb.outbox/`", "beside the store", "Answers on their way into it; empty when no run is at work."),
    ("`elena-wb.attention/`", "beside the store", "Maps of attention, as Parquet files."),
    ("`elena-wb.jobs/`", "beside the store", "What was started from the interface, and what it printed."),
    (
        "`.elena-wb.toml`",
        "with pictures",
        "Whether pictures of its folder may be sent ([uploads](../datasets.md#pictures-that-must-stay-here)).",
    ),
    ("`.env`", "where you work", "Keys, of which only the variables named above are read."),
)

EXAMPLE = """\
model = "hf:google/gemma-3-12b-it?dtype=bfloat16"   # where -m is left out
mask = ["none", "face", "face:control"]
seed = 7

[aliases]
small = "gguf:models/gemma-3-4b-it-Q4_K_M.gguf"

[uploads]
"~/data/ward" = "local-only"
"""


def page() -> str:
    """All that can be settled once, and all that the program keeps on disk."""
    config.Settings.model_validate(tomllib.loads(EXAMPLE))
    lines = [
        "# Configuration",
        "",
        "Generated from `elena_wb/config.py`. A setting is taken from the command line, else from the environment, else from",
        "`config.toml`, else it has its default; `elena-wb config show` says which, and `elena-wb config path` where the file is.",
        "",
        "```toml",
        EXAMPLE.rstrip(),
        "```",
        "",
        "## Settings",
        "",
        "| setting | type | default | variable | meaning |",
        "|---|---|---|---|---|",
    ]
    for name, field in config.Settings.model_fields.items():
        variable = "" if name in config._TABLES else f"`{config.PREFIX}{name.upper()}`"
        cells = (
            f"`{name}`",
            described(field.annotation),
            _default(name, field),
            variable,
            field.description or "",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += [
        "",
        "`elena-wb config set aliases.NAME URI` and `elena-wb config set uploads.FOLDER POLICY` set one entry of a table.",
        "",
        "## Environment",
        "",
        "| variable | meaning |",
        "|---|---|",
        *(
            f"| {', '.join(f'`{one}`' for one in name.split(', '))} | {told} |"
            for name, told in VARIABLES.items()
        ),
        "",
        "## Folders",
        "",
        "| folder | holds | on Linux |",
        "|---|---|---|",
        *(f"| {name} | {holds} | `{place}` |" for name, holds, place in FOLDERS),
        "",
        "On macOS data and configuration lie in `~/Library/Application Support/elena-wb`, on Windows in",
        "`%LOCALAPPDATA%\\elena-wb`; `XDG_DATA_HOME` and its kin count on Linux.",
        "",
        "## Files",
        "",
        "| file | where | what it is |",
        "|---|---|---|",
        *(f"| {name} | {where} | {told} |" for name, where, told in FILES),
    ]
    return "\n".join(lines) + "\n"


def described(annotation: Any) -> str:
    """A type in words."""
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        return " | ".join(f"`{one}`" for one in arguments)
    if origin in (tuple, list):
        return f"list of {described(arguments[0])}"
    if origin is dict:
        return f"table: {described(arguments[0])} → {described(arguments[1])}"
    if origin in (types.UnionType, Union):
        return " or ".join(described(one) for one in arguments if one is not types.NoneType)
    if origin is not None and hasattr(annotation, "__metadata__"):
        return described(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(f"`{one.value}`" for one in annotation)
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Path": "path"}
    return names.get(getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation)))


def _default(name: str, field: Any) -> str:
    if name == "store":
        return "`elena-wb.duckdb` in the data folder"
    value = field.get_default(call_default_factory=True)
    return "none" if value in (None, {}) else "`" + _toml(value) + "`"


def _toml(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
