"""Optimisers, a schedule that follows the clock, and gradient averaging between processes."""

import time
from collections.abc import Iterable, Sequence

import torch
import torch.distributed as dist
from torch import nn

from elena_wb_tiny.training.muon import Muon


class Optimiser:
    """Muon for the matrices inside the transformers, AdamW for the rest; learning rates are set by share.

    `groups` pairs parameters (by name) with a factor on both learning rates.
    """

    def __init__(
        self,
        groups: Sequence[tuple[Iterable[tuple[str, nn.Parameter]], float]],
        *,
        muon_rate: float = 0.02,
        adam_rate: float = 2e-3,
        decay: float = 0.02,
    ) -> None:
        matrices: list[dict[str, object]] = []
        others: list[dict[str, object]] = []
        self._parameters: list[nn.Parameter] = []
        for named, factor in groups:
            inner: list[nn.Parameter] = []
            outer: list[nn.Parameter] = []
            for name, parameter in named:
                (inner if _is_inner_matrix(name, parameter) else outer).append(parameter)
            if inner:
                matrices.append({"params": inner, "lr": muon_rate * factor, "peak": muon_rate * factor})
            if outer:
                others.append({"params": outer, "lr": adam_rate * factor, "peak": adam_rate * factor})
            self._parameters += inner + outer
        self._parts: list[torch.optim.Optimizer] = []
        if matrices:
            self._parts.append(Muon(matrices, lr=muon_rate, weight_decay=decay))
        if others:
            self._parts.append(torch.optim.AdamW(others, lr=adam_rate, betas=(0.9, 0.98), weight_decay=decay))

    def step(self, share: float) -> None:
        """Average gradients over the processes, clip them, and step at `share` (0..1) of the peak rates."""
        if dist.is_initialized():
            average_gradients(self._parameters)
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = group["peak"] * share
            part.step()
            part.zero_grad(set_to_none=True)


def _is_inner_matrix(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim == 2 and "layers." in name and "embed" not in name


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes, in one message."""
    present = [p for p in parameters if p.grad is not None]
    flat = torch.cat([p.grad.reshape(-1) for p in present if p.grad is not None])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    start = 0
    for p in present:
        p.grad = flat[start : start + p.numel()].view_as(p)
        start += p.numel()


class Clock:
    """Progress through a stage of `seconds`, `passed` of them before a stop, or of `steps`; alike in every process."""

    def __init__(self, seconds: float, *, passed: float = 0.0, steps: int | None = None) -> None:
        self._start = time.monotonic() - passed
        self._seconds = seconds
        self._steps = steps
        self.step = 0

    def tick(self) -> float:
        """Count a step and return the share of the stage that has passed, 0..1."""
        self.step += 1
        if self._steps is not None:
            return min(self.step / self._steps, 1.0)
        passed = torch.tensor((time.monotonic() - self._start) / self._seconds)
        if dist.is_initialized():
            dist.broadcast(passed, 0)
        return min(float(passed), 1.0)


def rate(progress: float, step: int, *, warmup: int = 60, hold: float = 0.45) -> float:
    """Share of the peak rate: a linear start over `warmup` steps, level until `hold`, then linear to nothing."""
    rise = min(step / warmup, 1.0)
    fall = 1.0 if progress < hold else max((1.0 - progress) / (1.0 - hold), 0.02)
    return rise * fall
