"""From requests to the tensors a network reads: chat template, pictures, padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from elena_wb.core import ModelError, Request
from elena_wb_hf.processors import load_processor

_SYSTEM, _USER = "zqsystemqz", "zquserqz"


@dataclass(frozen=True, slots=True)
class Chat:
    """Writes conversations the way one model wants them.

    ``system_role`` is false where the template knows no system role (or drops it): the system text then
    opens the user's message. ``max_image_side`` shrinks larger pictures first.
    """

    processor: Any
    system_role: bool
    max_image_side: int | None

    @classmethod
    def load(cls, folder: Path, name: str, max_image_side: int | None) -> Chat:
        """Load the processor in ``folder`` and find out how its template treats each part.

        Raises:
            ModelError: no usable processor, or a template that does not place text and picture.
            SetupError: the processor needs a package that is missing.
        """
        processor = load_processor(folder, name)
        tokenizer = processor.tokenizer
        tokenizer.padding_side = "left"
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        for system_role in (True, False):
            chat = cls(processor, system_role, max_image_side)
            if chat._template_keeps_everything():
                return chat
        raise ModelError(
            f"The chat template of {name} does not place a picture and a text.",
            hint="Take the instruction-tuned version of the model (its name often ends in -it or -Instruct).",
        )

    def inputs(self, requests: Sequence[Request]) -> Mapping[str, Any]:
        """Every tensor that the processor makes for these requests, padded on the left.

        Raises:
            Exception: whatever the processor raises for a picture or text that it cannot take.
        """
        conversations = [
            self._conversation(request.system, request.user, self._picture(request)) for request in requests
        ]
        batch: Mapping[str, Any] = self.processor.apply_chat_template(
            conversations,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        )
        return batch

    def _conversation(self, system: str, user: str, picture: Image.Image | None) -> list[dict[str, Any]]:
        messages = []
        if system and self.system_role:
            messages.append({"role": "system", "content": [{"type": "text", "text": system}]})
        elif system:
            user = f"{system}\n\n{user}"
        shown = [] if picture is None else [{"type": "image", "image": picture}]
        messages.append({"role": "user", "content": [*shown, {"type": "text", "text": user}]})
        return messages

    def _picture(self, request: Request) -> Image.Image:
        picture = Image.fromarray(request.image, mode="RGB")
        limit = self.max_image_side
        if limit is not None and max(picture.size) > limit:
            picture.thumbnail((limit, limit), Image.Resampling.LANCZOS)
        return picture

    def _template_keeps_everything(self) -> bool:
        """Whether both texts come out once each and the picture leaves a trace."""
        try:
            bare = self._rendered(None)
            shown = self._rendered(Image.new("RGB", (32, 32)))
        except Exception:  # noqa: BLE001 - a template is a program of its own and raises what it likes
            return False
        as_text = "'type'" in shown or '"type"' in shown
        return shown.count(_SYSTEM) == shown.count(_USER) == 1 and shown != bare and not as_text

    def _rendered(self, picture: Image.Image | None) -> str:
        conversation = self._conversation(_SYSTEM, _USER, picture)
        return str(
            self.processor.apply_chat_template(conversation, add_generation_prompt=True, tokenize=False)
        )
