"""Plugins: what they need, what they find on this machine, their keys, and the device that torch sees."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from shutil import which

from elena_wb.engine.health.finding import Finding, ok, warn
from elena_wb.engine.health.program import install, names_of, versions_of
from elena_wb.engine.installed import Installed, installed_plugins
from elena_wb.engine.inventory import key_slots, local_models
from elena_wb.errors import WorkbenchError
from elena_wb.plugins import PluginHost
from elena_wb.remote.keys import list_keys

_OURS = "elena-wb"
_TAKEN = re.compile(r"is already (provided by|there)")
_DEVICES = """
import json, torch
found = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
mps = getattr(torch.backends, "mps", None)
print(json.dumps({"cuda": found, "mps": bool(mps and mps.is_available())}))
"""


def examine(host: PluginHost) -> Iterator[Finding]:
    """Each plugin: whether it was loaded, and whether the packages it needs are here."""
    for one in installed_plugins(host):
        yield _plugin(one, host)


def examine_torch(patience: float) -> Iterator[Finding]:
    """What torch, where it is installed, computes on. It is imported in a process of its own, if at all."""
    try:
        found = metadata.distribution("torch")
    except metadata.PackageNotFoundError:
        return
    version = f"torch {found.version}"
    nvidia = which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
    if sys.platform != "darwin" and _is_for_cpu(found):
        said = f"{version} is a build for the processor alone"
        if nvidia:
            mend = "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu128"
            yield warn("torch", "device", f"{said}, and this machine has an NVIDIA GPU.", mend)
        else:
            yield ok("torch", "device", f"{said}, and no NVIDIA GPU is seen here.")
        return
    yield _devices(version, nvidia, patience)


def examine_models(host: PluginHost) -> Iterator[Finding]:
    """Models that lie on this machine, and those of them that cannot be used."""
    found = local_models(host)
    for model in found.models:
        if model.problem:
            yield warn("models", model.uri, f"{model.name} cannot be used as it is: {model.problem}")
    sound = sum(not model.problem for model in found.models)
    yield ok("models", "here", f"{sound} models were found on this machine.", "elena-wb models list")
    for failure in found.failures:
        yield warn("models", failure.plugin, f"The plugin cannot look for models: {failure.reason}")


def examine_keys(host: PluginHost) -> Iterator[Finding]:
    """Which keys are set and where they come from; never a key itself."""
    slots, _ = key_slots(host)
    problems: dict[str, None] = {}
    for state in list_keys(slots):
        if state.problem:
            problems[state.problem] = None
        if state.origin is not None:
            yield ok("keys", state.service, f"A key is set ({state.origin}).")
        else:
            said = f"No key is set: models of `{state.service}` cannot be asked."
            yield warn("keys", state.service, said, f"elena-wb keys set {state.service}")
    for problem in problems:
        yield warn("keys", "places", problem)


def _plugin(one: Installed, host: PluginHost) -> Finding:
    distribution = host.distributions.get(one.plugin)
    if one.failures:
        said = f"{one.label}: {'; '.join(one.troubles)}"
        return warn("plugins", one.plugin, said, _mend(one) if distribution is not None else None)
    if one.lacks:
        return warn("plugins", one.plugin, f"{one.label} lacks {', '.join(one.lacks)}.", install(one.lacks))
    for scheme in one.provides.get("models", ()):
        problem = _lacking_module(host, scheme)
        if problem is not None:
            return warn("plugins", one.plugin, *problem)
    if one.doubts:
        return warn("plugins", one.plugin, f"{one.label}: {'; '.join(one.doubts)}")
    requirements = (distribution.requires or []) if distribution is not None else []
    given = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in one.provides.items())
    needed = versions_of(name for name in names_of(requirements) if not name.startswith(_OURS))
    says = f"{one.label} provides {given or 'nothing'}." + (f" It uses {needed}." if needed else "")
    return ok("plugins", one.plugin, says)


def _mend(one: Installed) -> str:
    if any(_TAKEN.search(reason) for reason in one.failures):
        return f"elena-wb plugins uninstall {shlex.quote(one.distribution)}"
    return f"elena-wb plugins install --upgrade {shlex.quote(one.distribution)}"


def _lacking_module(host: PluginHost, scheme: str) -> tuple[str, str | None] | None:
    """What is wrong with the provider of ``scheme`` and the command that mends it; ``None`` if nothing is."""
    try:
        requires = host.find("models", scheme)().requires
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises, it is told
        said = error.message if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
        return f"`{scheme}:` cannot be used: {said}", None
    for module, command in requires.items():
        if importlib.util.find_spec(module) is None:
            return f"`{scheme}:` models need the package `{module}`.", command
    return None


def _is_for_cpu(torch: metadata.Distribution) -> bool:
    """Whether this build of torch knows no accelerator, as its own file of versions says."""
    try:
        text = Path(str(torch.locate_file("torch/version.py"))).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return all(re.search(rf"^{name}\b[^=]*= None", text, re.MULTILINE) for name in ("cuda", "hip"))


def _devices(version: str, nvidia: bool, patience: float) -> Finding:
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _DEVICES],
            capture_output=True,
            timeout=patience,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return ok(
            "torch", "device", f"{version}: what it computes on could not be told within {patience:.0f} s."
        )
    except OSError as error:
        return warn("torch", "device", f"{version} cannot be tried: {error}.")
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        mend = "pip install --force-reinstall torch"
        return warn("torch", "device", f"{version} cannot be imported: {last[:300]}", mend)
    found = json.loads(lines[-1])
    if found["cuda"]:
        return ok("torch", "device", f"{version} computes on {', '.join(found['cuda'])}.")
    if found["mps"]:
        return ok("torch", "device", f"{version} computes on the GPU of this Mac (MPS).")
    if nvidia:
        said = (
            f"{version} sees no GPU, although this machine has an NVIDIA one; look at what the driver says."
        )
        return warn("torch", "device", said, "nvidia-smi")
    return ok("torch", "device", f"{version} computes on the processor; no GPU is seen.")
