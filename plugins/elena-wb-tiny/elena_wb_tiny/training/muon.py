"""Muon in float32: momentum whose direction is made orthogonal, for the weight matrices inside a transformer.

After K. Jordan and others (2024), "Muon: An optimizer for hidden layers in neural networks". PyTorch's own version
orthogonalises in bfloat16, which processors without hardware for it run many times slower.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, overload

import torch

_A, _B, _C = 3.4445, -4.7750, 2.0315
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Each step moves a matrix by `lr` along the orthogonal factor of its Nesterov momentum, widened for tall ones."""

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update every matrix that has a gradient; matrices of one shape are handled together."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            alike: dict[torch.Size, list[torch.Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    alike[matrix.shape].append(matrix)
            for shape, matrices in alike.items():
                moves = orthogonal(torch.stack([self._momentum(m, group["momentum"]) for m in matrices]))
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for matrix, move in zip(matrices, moves, strict=True):
                    matrix.mul_(1.0 - group["lr"] * group["weight_decay"]).add_(move, alpha=-rate)
        return loss

    def _momentum(self, matrix: torch.Tensor, momentum: float) -> torch.Tensor:
        gradient = matrix.grad
        assert gradient is not None
        state = self.state[matrix]
        if "average" not in state:
            state["average"] = torch.zeros_like(matrix)
        state["average"].lerp_(gradient, 1.0 - momentum)
        return torch.lerp(gradient, state["average"], momentum)


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Bring the singular values of each matrix of [n, r, c] near one by five Newton-Schulz steps."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        gram = x @ x.transpose(1, 2)
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    result: torch.Tensor = x.transpose(1, 2) if tall else x
    return result
