"""What the program asks its child process, and what it hears from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from elena_wb.core import Heads, Request

DAMAGED = "Perhaps the file is damaged: fetch it again."
"""What can be done about a file that llama.cpp does not take."""


Part = Literal["text", "projector", "context", "answer"]
"""What is being loaded or written."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Load(_Message):
    """Load this model; the first message to a child. Paths as in :class:`elena_wb_gguf.loading.Loading`."""

    kind: Literal["load"] = "load"
    text: str
    projector: str
    context_length: int | None
    batch_tokens: int | None
    threads: int | None
    gpu_layers: int | None
    flash_attention: bool | None
    cache_type: str
    constrained: bool
    debug: bool


class Ask(_Message):
    """Answer this. The picture follows as raw RGB bytes of ``height`` rows of ``width`` pixels."""

    kind: Literal["ask"] = "ask"
    number: int
    system: str
    user: str
    json_schema: dict[str, Any] | None
    temperature: float
    top_p: float
    top_k: int
    seed: int
    max_tokens: int
    digest: str
    width: int
    height: int


class Look(_Message):
    """Tell what the words of ``text``, as the answer to ``ask``, attend to; the picture follows as for that.

    ``targets`` has for each target the ``[start, end)`` of its characters in the text.
    """

    kind: Literal["look"] = "look"
    ask: Ask
    text: str
    targets: tuple[tuple[tuple[int, int], ...], ...]
    layers: tuple[int, ...] | None
    heads: Heads

    @property
    def number(self) -> int:
        """That of the question."""
        return self.ask.number


class Cancel(_Message):
    """Nobody waits for the answer to this number any more."""

    kind: Literal["cancel"] = "cancel"
    number: int


class Progress(_Message):
    """Work goes on, on this."""

    kind: Literal["progress"] = "progress"
    part: Part


class Ready(_Message):
    """The model is loaded; ``context_length`` is what is in force."""

    kind: Literal["ready"] = "ready"
    context_length: int
    trained_context: int
    micro_batch: int
    device: str
    llama_cpp: str
    binding: str


class Failed(_Message):
    """The model cannot be loaded."""

    kind: Literal["failed"] = "failed"
    message: str
    hint: str | None


class Work(_Message):
    """What an answer took: places of the context kept from before, tokens and picture places read, pictures encoded."""

    reused: int = 0
    read_tokens: int = 0
    read_picture: int = 0
    encoded: int = 0
    reading_ms: float = 0.0
    writing_ms: float = 0.0


class Answer(_Message):
    """The answer to the question of this number, or why there is none."""

    kind: Literal["answer"] = "answer"
    number: int
    text: str = ""
    finish_reason: Literal["stop", "length", "error"]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error: str | None = None
    label_logprobs: dict[str, float] = Field(default_factory=dict)
    work: Work = Work()


class Grid(_Message):
    """Places of a picture, in its pixels; see :class:`elena_wb.core.Block`."""

    name: str
    rows: int = Field(gt=0)
    columns: int = Field(gt=0)
    x: float
    y: float
    w: float = Field(gt=0)
    h: float = Field(gt=0)


class Seen(_Message):
    """What the answer of this number attends to, or why nobody can tell (``trouble``, ``error`` and ``hint``).

    The numbers follow as float32, one array after the other: weights ``[targets, layers, heads, places]``, for each
    name of ``elsewhere`` ``[targets, layers, heads]``, and the baseline ``[layers, heads, places]``.
    """

    kind: Literal["seen"] = "seen"
    number: int
    grids: tuple[Grid, ...] = ()
    layers: tuple[int, ...] = ()
    heads: tuple[int | None, ...] = ()
    tokens: tuple[int, ...] = ()
    first_token: tuple[int, ...] = ()
    elsewhere: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: Literal["question", "answer", "memory", "model"] | None = None
    error: str = ""
    hint: str | None = None


ToChild = Load | Ask | Look | Cancel
FromChild = Progress | Ready | Failed | Answer | Seen

TO_CHILD: TypeAdapter[ToChild] = TypeAdapter(Annotated[ToChild, Field(discriminator="kind")])
FROM_CHILD: TypeAdapter[FromChild] = TypeAdapter(Annotated[FromChild, Field(discriminator="kind")])


def asked(request: Request, number: int) -> Ask:
    """``request`` as a question; its picture goes beside it."""
    height, width = request.image.shape[:2]
    return Ask(
        number=number,
        system=request.system,
        user=request.user,
        json_schema=None if request.schema is None else dict(request.schema),
        temperature=request.sampling.temperature,
        top_p=request.sampling.top_p,
        top_k=request.sampling.top_k,
        seed=request.seed,
        max_tokens=request.max_tokens,
        digest=request.image_digest,
        width=width,
        height=height,
    )
