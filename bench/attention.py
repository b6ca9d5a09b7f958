"""What it costs to hear where a model looks: a pass with capture, one with ``output_attentions``, and a plain one.

``python -m bench.attention --architecture gemma3-12b --device cuda --dtype bfloat16`` measures architectures of full
size, their weights random and made on the device. Peak memory is taken in a process for each kind of pass, time in one
process, the kinds in turn.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Row

_KINDS = ("plain", "output_attentions", "capture")
_TIME = "time"
_MEMORY_GOAL = 20.0
_TIME_GOAL = 1.5
_ROUNDS = 3
_LEAST = 2**20
_EXACT_HEAP = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
"""Makes glibc give back what is freed, so that the size of a process is that of what it holds."""


@dataclass(frozen=True, slots=True)
class Costs:
    """``extra`` is the peak memory in bytes over that of a plain pass, ``seconds`` the shortest pass of each kind."""

    device: str
    peaks: dict[str, int]
    seconds: dict[str, float]

    def extra(self, kind: str) -> int:
        """Never less than 1 MiB, below which memory cannot be told from noise."""
        return max(self.peaks[kind] - self.peaks["plain"], _LEAST)

    @property
    def memory_ratio(self) -> float:
        """How many times the extra memory of a capture ``output_attentions`` takes."""
        return self.extra("output_attentions") / self.extra("capture")

    @property
    def time_ratio(self) -> float:
        """The time of a pass with capture over that of a plain one."""
        return self.seconds["capture"] / self.seconds["plain"]


def measure() -> list[Row]:
    """Gemma 3 with 12 layers of 512 and 8 heads, on the processor in float32, 1,500 tokens."""
    costs = measured("gemma3-small", "cpu", "float32", 1500, 64)
    output, ours = (costs.extra(kind) / 2**20 for kind in ("output_attentions", "capture"))
    return [
        Row(
            "attention: extra memory",
            "output_attentions",
            output,
            ours,
            costs.memory_ratio,
            f"≥ {_MEMORY_GOAL:.0f}× less",
            costs.memory_ratio >= _MEMORY_GOAL,
            "MiB",
        ),
        Row(
            "attention: time",
            "plain pass",
            costs.seconds["plain"],
            costs.seconds["capture"],
            costs.time_ratio,
            f"≤ {_TIME_GOAL}×",
            costs.time_ratio <= _TIME_GOAL,
        ),
    ]


def measured(architecture: str, device: str, dtype: str, tokens: int, answer: int) -> Costs:
    """Each peak in a process of its own, and the times in one more."""
    found = {
        task: _in_process(
            [
                architecture,
                "--device",
                device,
                "--dtype",
                dtype,
                "--tokens",
                str(tokens),
                "--answer",
                str(answer),
            ],
            task,
        )
        for task in (*_KINDS, _TIME)
    }
    return Costs(
        found[_TIME]["device"], {kind: found[kind]["peak"] for kind in _KINDS}, found[_TIME]["seconds"]
    )


def _in_process(arguments: list[str], task: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.attention", "--architecture", *arguments, "--task", task],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        env=os.environ if task == _TIME else os.environ | _EXACT_HEAP,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"bench.attention {task} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _carried_out(options: argparse.Namespace) -> dict[str, Any]:
    import torch

    passes = _passes(options)
    if options.task == _TIME:
        return {"device": _device_name(options.device), "seconds": _in_turn(passes, options.device)}
    passes[options.task]()  # what is made once, and stays
    gc.collect()
    if options.device == "cpu":
        before = _reset_peak()
        passes[options.task]()
        return {"peak": _memory("VmHWM") - before}
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    passes[options.task]()
    torch.cuda.synchronize()
    return {"peak": torch.cuda.max_memory_allocated() - before}


def _passes(options: argparse.Namespace) -> dict[str, Callable[[], None]]:
    """The same tokens through the same network in three ways; nothing is kept of what the first two give."""
    import torch
    from elena_wb_hf.attending import gather
    from elena_wb_hf.columns import Columns
    from elena_wb_hf.rows import Answer, Rows

    from bench.architectures import ARCHITECTURES
    from elena_wb.core import AttentionQuestion, Target

    network, inputs, found = ARCHITECTURES[options.architecture](
        options.tokens, torch.device(options.device), getattr(torch, options.dtype)
    )
    prompt = options.tokens - options.answer
    answer = Answer(tuple([0] * options.answer), tuple((place, place + 1) for place in range(options.answer)))
    question = AttentionQuestion((Target("emotion", ((3, 5),)), Target("answer", ((0, options.answer),))))
    rows = Rows.of_targets(answer, question.targets, prompt, range(found.question_from, prompt - 1))
    columns = Columns.of(found, options.tokens, prompt)

    def plain() -> None:
        with torch.inference_mode():
            network(**inputs, use_cache=False, logits_to_keep=1)

    def output_attentions() -> None:
        network.set_attn_implementation("eager")
        with torch.inference_mode():
            output = network(**inputs, use_cache=False, logits_to_keep=1, output_attentions=True)
        if len(output.attentions) != network.config.get_text_config().num_hidden_layers:
            raise RuntimeError("the eager pass gave no attention")
        network.set_attn_implementation("sdpa")

    def capture() -> None:
        if len(gather(network, inputs, found.layers, rows, columns, question)) != len(found.layers):
            raise RuntimeError("the capture heard nothing")

    return {"plain": plain, "output_attentions": output_attentions, "capture": capture}


def _in_turn(passes: dict[str, Callable[[], None]], device: str) -> dict[str, float]:
    import torch

    seconds: dict[str, list[float]] = {kind: [] for kind in passes}
    for number in range(_ROUNDS + 1):
        for kind, work in passes.items():
            began = time.perf_counter()
            work()
            if device != "cpu":
                torch.cuda.synchronize()
            if number:  # the first round warms up
                seconds[kind].append(time.perf_counter() - began)
    return {kind: min(found) for kind, found in seconds.items()}


def _reset_peak() -> int:
    """Forget the peak so far; the bytes that the process holds now."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return _memory("VmRSS")


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        name, _, amount = line.partition(":")
        if name == field:
            return int(amount.split()[0]) * 1024
    raise RuntimeError(f"/proc/self/status tells no {field}")


def _device_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device != "cpu" else f"{torch.get_num_threads()} threads"


def main() -> None:
    """Measure one architecture and print ratios, or carry out one task for that and print JSON."""
    parser = argparse.ArgumentParser(description="Cost of capturing attention")
    parser.add_argument(
        "--architecture", default="gemma3-small", help="gemma3-small, gemma3-12b or llama-11b"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16", "float16"))
    parser.add_argument("--tokens", type=int, default=1500, help="of prompt and answer together")
    parser.add_argument("--answer", type=int, default=64, help="how many of them are the answer")
    parser.add_argument("--task", choices=(*_KINDS, _TIME), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(_carried_out(options)))
        return
    costs = measured(options.architecture, options.device, options.dtype, options.tokens, options.answer)
    print(
        f"{options.architecture}, {options.tokens} tokens, {options.dtype}, {options.device} ({costs.device})"
    )
    for kind in _KINDS:
        print(f"  {kind:18} {costs.peaks[kind] / 2**20:9.1f} MiB {costs.seconds[kind]:8.3f} s")
    print(f"  extra memory of output_attentions over that of capture: {costs.memory_ratio:.1f}×")
    print(f"  time of capture over plain: {costs.time_ratio:.2f}×")


if __name__ == "__main__":
    main()
