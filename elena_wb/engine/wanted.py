"""What somebody wants to run, as it is written: from there to the command line and to the engine's request, and back.

The command line and the request always say the same; whoever fills in a form gets the one and is planned by the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from elena_wb.core import Sampling, Upload
from elena_wb.engine.pointing import DEFAULT, Pointing
from elena_wb.engine.study import Request


@dataclass(frozen=True, slots=True)
class Wanted:
    """The arguments of ``elena-wb run``. ``None`` and the defaults leave the choice to the program."""

    sources: tuple[str, ...] = ()
    model: str = ""
    prompts: tuple[str, ...] = ("elena",)
    conditions: tuple[str, ...] = ("none",)
    prompt_variant: str | None = None
    dataset: str | None = None
    person: Pointing = DEFAULT
    limit: int | None = None
    repeats: int = 1
    batch_size: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    max_tokens: int | None = None
    name: str | None = None
    max_cost: float | None = None
    fresh: bool = False
    retry_failed: bool = False
    audit: bool = False
    attend: bool = False
    allow_upload: bool = False

    def arguments(self, *, events: bool = False) -> tuple[str, ...]:
        """The arguments after ``elena-wb --store PATH``; what is as it would be anyhow is left out.

        Model, prompts, conditions and seed are always named: settings might change them meanwhile. With ``events`` the
        command tells programs how far it is.
        """
        options: list[str] = ["-m", self.model]
        for prompt in self.prompts:
            options += ["-p", prompt]
        for condition in self.conditions:
            options += ["--mask", condition]
        values: tuple[tuple[str, object, object], ...] = (
            ("--prompt-variant", self.prompt_variant, None),
            ("--dataset", self.dataset, None),
            ("--person", self.person, DEFAULT),
            ("--limit", self.limit, None),
            ("--repeat", self.repeats, 1),
            ("--batch-size", self.batch_size, None),
            ("--temperature", self.temperature, 0.0),
            ("--top-p", self.top_p, 1.0),
            ("--top-k", self.top_k, 0),
            ("--seed", self.seed, None),
            ("--max-tokens", self.max_tokens, None),
            ("--name", self.name, None),
            ("--max-cost", self.max_cost, None),
        )
        for option, value, otherwise in values:
            if value != otherwise:
                options += [option, str(value)]
        flags = ("fresh", "retry_failed", "audit", "attend", "allow_upload")
        options += [f"--{flag.replace('_', '-')}" for flag in flags if getattr(self, flag)]
        options += ["--events", "jsonl"] if events else []
        if any(source.startswith("-") for source in self.sources):
            return ("run", *options, "--", *self.sources)
        return ("run", *self.sources, *options)

    def request(self, uploads: Mapping[str, Upload]) -> Request:
        """What the engine is asked for by these arguments; ``uploads`` are the user's settings."""
        return Request(
            sources=self.sources,
            model_uri=self.model,
            prompts=self.prompts,
            conditions=self.conditions,
            prompt_variant=self.prompt_variant,
            dataset=self.dataset,
            limit=self.limit,
            repeats=self.repeats,
            sampling=Sampling(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k),
            seed=self.seed,
            max_tokens=self.max_tokens,
            name=self.name,
            fresh=self.fresh,
            retry_failed=self.retry_failed,
            person=self.person,
            audit=self.audit,
            allow_upload=self.allow_upload,
            uploads=uploads,
        )

    @classmethod
    def like(cls, request: Request) -> Wanted:
        """What asks for the same as ``request``, that of a stored run: as a run of its own, or going on with it."""
        sampling = request.sampling
        return cls(
            sources=tuple(map(str, request.sources)),
            model=request.model_uri,
            prompts=tuple(request.prompts),
            conditions=tuple(request.conditions),
            prompt_variant=request.prompt_variant,
            dataset=request.dataset,
            person=request.person,
            limit=request.limit,
            repeats=request.repeats,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            seed=request.seed,
            max_tokens=request.max_tokens,
            name=request.name,
            audit=request.audit,
        )


@dataclass(frozen=True, slots=True)
class WrittenModel:
    """A model URI taken apart as it is written: ``scheme:reference?option=value&…``."""

    scheme: str = ""
    reference: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, uri: str) -> WrittenModel:
        """The parts of ``uri``; of an option that is given twice, the last."""
        scheme, _, rest = uri.partition(":")
        reference, _, query = rest.partition("?")
        return cls(scheme, reference, tuple(dict(parse_qsl(query, keep_blank_values=True)).items()))

    def __str__(self) -> str:
        """As it is read again by :meth:`elena_wb.engine.models.ModelAddress.parse`."""
        given = "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in self.options)
        return f"{self.scheme}:{self.reference}" + (f"?{given}" if given else "")


_PLAIN = "/:,.-_~@"
