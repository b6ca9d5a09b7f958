"""The order of the stages, how long each lasts, and checkpoints to go on from."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from elena_wb_tiny.training.evaluate import CONDITIONS, evaluate
from elena_wb_tiny.training.language import prepare_texts, train_language
from elena_wb_tiny.training.model import build, save
from elena_wb_tiny.training.optimise import Clock
from elena_wb_tiny.training.pools import Pool, load_pool, render_pool
from elena_wb_tiny.training.tokenizer import make_processor, save_processor, token_ids, train_tokenizer
from elena_wb_tiny.training.vision import Heads, score_vision, train_vision

UNSEEN_SEED = 500_000
"""First seed of the pool that judges the vision heads."""

_SAVE_EVERY = 120.0
_TOKENIZER_PICTURES = 4000


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and times: pool pictures, seconds a stage, pictures a step (over all workers), pictures judged."""

    pictures: int
    unseen: int
    vision_seconds: float
    language_seconds: float
    vision_batch: int
    language_batch: int
    judged: int


WHOLE = Plan(
    pictures=40_000,
    unseen=1000,
    vision_seconds=1500,
    language_seconds=1800,
    vision_batch=48,
    language_batch=32,
    judged=1050,
)
"""Roughly what the shipped weights took, on two cores; the model card has the exact figures."""

QUICK = Plan(
    pictures=8000,
    unseen=1000,
    vision_seconds=480,
    language_seconds=360,
    vision_batch=48,
    language_batch=32,
    judged=140,
)
"""A quarter of an hour: long enough for well-formed answers and for reading bodies, hardly for faces."""


def run(out: Path, plan: Plan, workers: int, port: int) -> None:
    """Run what is missing in `out`: pools, tokenizer, training in `workers` processes, judgement in `report.txt`."""
    render_pool(out / "pool", plan.pictures, workers)
    render_pool(out / "unseen", plan.unseen, workers, seed=UNSEEN_SEED)
    model = out / "model"
    if not (model / "tokenizer_config.json").exists():
        pool = load_pool(out / "pool", _TOKENIZER_PICTURES)
        save_processor(make_processor(train_tokenizer(text for texts in pool.texts for text in texts)), model)
    start: Any = mp.spawn  # type: ignore[attr-defined]
    start(_work, (out, plan, workers, port), nprocs=workers)
    results = [
        evaluate(model, condition, plan.judged, seed=900_000 + k) for k, condition in enumerate(CONDITIONS)
    ]
    lines = [
        f"{r.condition}: parsed {r.parsed}, accuracy {r.accuracy}, follows face {r.face}, follows body {r.body}, "
        f"parts agree {r.parts}, facial words {r.facial}\n"
        for r in results
    ]
    (out / "report.txt").write_text("".join(lines), encoding="utf-8")
    sys.stdout.writelines(lines)


def _work(rank: int, out: Path, plan: Plan, workers: int, port: int) -> None:
    """One training process; the first keeps the log, the checkpoints and the model folder."""
    torch.set_num_threads(1)
    if workers > 1:
        address = f"tcp://127.0.0.1:{port}"
        dist.init_process_group("gloo", init_method=address, rank=rank, world_size=workers)
    pool, unseen = load_pool(out / "pool", plan.pictures), load_pool(out / "unseen")
    trainee = Trainee(out, rank, pool)
    rng = np.random.default_rng([rank, int(time.time())])
    for stage, seconds in (("vision", plan.vision_seconds), ("language", plan.language_seconds)):
        left = trainee.seconds_left(stage, seconds)
        if left <= 0:
            continue
        clock = Clock(seconds, passed=seconds - left)
        if stage == "vision":
            share = -(-plan.vision_batch // workers)
            train_vision(
                trainee.model,
                trainee.heads,
                pool,
                clock,
                batch=share,
                rng=rng,
                report=trainee.reporter(stage),
            )
        else:
            share = -(-plan.language_batch // workers)
            train_language(
                trainee.model, trainee.heads, pool, prepare_texts(trainee.processor, pool), clock,
                batch=share, rng=rng, report=trainee.reporter(stage),
            )  # fmt: skip
        trainee.keep(stage, 1.0)
        if rank == 0:
            trainee.log(
                f"{stage} done: {score_vision(trainee.model, trainee.heads, unseen, len(unseen)).line()}"
            )
    if rank == 0:
        save(trainee.model, out / "model")


class Trainee:
    """Model and heads with their checkpoint file; optimiser state is not kept and warms up again."""

    def __init__(self, out: Path, rank: int, pool: Pool) -> None:
        from transformers import AutoProcessor

        load_processor: Any = AutoProcessor.from_pretrained
        self.processor = load_processor(out / "model")
        tokenizer = self.processor.tokenizer
        self.model = build(len(tokenizer), token_ids(tokenizer))
        self.heads = Heads()
        self._file = out / "checkpoint.pt"
        self._log = out / "log.txt"
        self._rank = rank
        self._saved = time.monotonic()
        self._losses: list[float] = []
        self._stage, self._progress = "vision", 0.0
        if self._file.exists():
            state = torch.load(self._file, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.heads.load_state_dict(state["heads"])
            self._stage, self._progress = state["stage"], state["progress"]

    def seconds_left(self, stage: str, seconds: float) -> float:
        """How much of a stage the checkpoint leaves to do."""
        if self._stage == stage:
            return seconds * (1.0 - self._progress)
        return 0.0 if (self._stage, stage) == ("language", "vision") else seconds

    def reporter(self, stage: str) -> Any:
        """A function that logs the mean loss every 50 steps and keeps a checkpoint every two minutes."""

        def report(step: int, progress: float, loss: float) -> None:
            self._losses.append(loss)
            if step % 50 == 0:
                self.log(f"{stage} step {step} ({progress:.0%}): loss {np.mean(self._losses[-50:]):.3f}")
            if time.monotonic() - self._saved > _SAVE_EVERY:
                self.keep(stage, progress)

        return report

    def keep(self, stage: str, progress: float) -> None:
        """Write the checkpoint in one move, so that a stop in the middle leaves the last one whole."""
        self._saved = time.monotonic()
        if self._rank:
            return
        state = {"model": self.model.state_dict(), "heads": self.heads.state_dict()}
        fresh = self._file.with_suffix(".new")
        torch.save({**state, "stage": stage, "progress": progress}, fresh)
        fresh.replace(self._file)

    def log(self, line: str) -> None:
        """Append a line to the log and show it; the first process alone speaks."""
        if self._rank == 0:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(line + "\n")
            sys.stdout.write(line + "\n")
