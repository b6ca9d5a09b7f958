"""What the host sees of the plugin."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

from elena_wb_hf import plugin
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider

from elena_wb.core import Provider


def test_finding_the_plugin_imports_nothing_heavy():
    program = (
        "import sys, elena_wb_hf.plugin\n"
        "found = {'torch', 'transformers', 'numpy', 'PIL', 'huggingface_hub', 'llguidance'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_scheme_hf_leads_to_the_provider():
    claims = {}
    plugin.register_models(claims.__setitem__)
    (point,) = importlib.metadata.EntryPoints(
        [importlib.metadata.EntryPoint("hf", claims["hf"], "targets")]
    ).select(name="hf")
    assert point.load() is HFProvider
    provider: Provider = HFProvider()
    assert provider.destination("owner/name", HFOptions()) is None
    assert all(command.startswith("pip install") for command in provider.requires.values())


def test_tiny_models_can_be_made_from_a_shell(tmp_path, capsys):
    from elena_wb_hf.testing import main

    folder = tmp_path / "new" / "folder"
    assert main(["llava", str(folder), "3"]) == 0
    assert (folder / "model.safetensors").is_file()
    assert main(["nothing", str(tmp_path)]) == 2
    assert "gemma3" in capsys.readouterr().err


def test_the_same_seed_makes_the_same_model_and_another_seed_another(tmp_path):
    from elena_wb_hf.testing import tiny_llava

    def weights(name, seed):
        return (tiny_llava(tmp_path / name, seed) / "model.safetensors").read_bytes()

    assert weights("a", 1) == weights("b", 1) != weights("c", 2)
