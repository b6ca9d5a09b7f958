"""Real architectures at the size of a toy, with random weights, for tests, benchmarks and trying things out.

Each function saves a whole model (configuration, safetensors, processor, chat template) that loads like a
published one in a fraction of a second. What it says is noise, but it depends on the picture and on every
word. The same seed gives the same weights. ``python -m elena_wb_hf.testing gemma3 OUT`` does it from a shell.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers as _transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

transformers: Any = _transformers  # its configuration classes are made at run time, past any type checker

_HIDDEN, _LAYERS, _HEADS, _IMAGE, _PATCH = 32, 2, 2, 56, 14
_PAD, _BOS, _EOS = "<pad>", "<bos>", "<eos>"
_END_OF_TURN = "<end_of_turn>"
_TEXT = {
    "hidden_size": _HIDDEN,
    "intermediate_size": 2 * _HIDDEN,
    "num_hidden_layers": _LAYERS,
    "num_attention_heads": _HEADS,
    "num_key_value_heads": 1,
    "max_position_embeddings": 4096,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_VISION = {
    "hidden_size": _HIDDEN,
    "intermediate_size": 2 * _HIDDEN,
    "num_hidden_layers": _LAYERS,
    "num_attention_heads": _HEADS,
    "image_size": _IMAGE,
    "patch_size": _PATCH,
}


def tiny_gemma3(folder: Path, seed: int = 0, *, image_size: int = _IMAGE) -> Path:
    """Gemma 3: bidirectional attention over the picture, a sliding and a global layer, no system role of its own.

    ``image_size`` is the side of the square that pictures become; each 2 × 2 patches of 14 pixels are one token.
    """
    tokens = (_END_OF_TURN, "<start_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>")
    tokenizer = byte_tokenizer(
        tokens, boi_token="<start_of_image>", eoi_token="<end_of_image>", image_token="<image_soft_token>"
    )
    tokenizer.chat_template = (
        "{{ bos_token }}{% for message in messages %}"
        "{% if message.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "<start_of_turn>{{ message.role }}\n"
        "{% for item in message.content %}"
        "{% if item.type == 'image' %}<start_of_image>{% else %}{{ item.text | trim }}{% endif %}"
        "{% endfor %}<end_of_turn>\n{% endfor %}"
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    )
    image_tokens = (image_size // _PATCH // 2) ** 2
    config = transformers.Gemma3Config(
        text_config={
            **_TEXT,
            "vocab_size": len(tokenizer),
            "head_dim": _HIDDEN // _HEADS,
            "query_pre_attn_scalar": _HIDDEN // _HEADS,
            "sliding_window": 32,
            "sliding_window_pattern": 2,
        },
        vision_config={**_VISION, "image_size": image_size, "vision_use_head": False},
        mm_tokens_per_image=image_tokens,
        boi_token_index=tokenizer.boi_token_id,
        eoi_token_index=tokenizer.eoi_token_id,
        image_token_index=tokenizer.image_token_id,
    )
    processor = transformers.Gemma3Processor(
        image_processor=transformers.Gemma3ImageProcessorPil(
            size={"height": image_size, "width": image_size}
        ),
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
        image_seq_length=image_tokens,
    )
    return _save(folder, seed, transformers.Gemma3ForConditionalGeneration, config, processor)


def tiny_llama(folder: Path, seed: int = 0) -> Path:
    """Llama 3.2 Vision: tiles read by cross-attention layers, gates open."""
    tokenizer = byte_tokenizer((_END_OF_TURN,), image_token="<|image|>")
    tokenizer.chat_template = _roles("<|image|>")
    text_vocabulary = tokenizer.convert_tokens_to_ids("<|image|>")
    config = transformers.MllamaConfig(
        text_config={
            **_TEXT,
            "vocab_size": text_vocabulary,
            "num_hidden_layers": 3,
            "cross_attention_layers": [1],
        },
        vision_config={
            "hidden_size": _HIDDEN,
            "intermediate_size": 2 * _HIDDEN,
            "num_hidden_layers": _LAYERS,
            "num_global_layers": 1,
            "attention_heads": _HEADS,
            "image_size": _IMAGE,
            "patch_size": _PATCH,
            "max_num_tiles": 4,
            "intermediate_layers_indices": [0, 1],
            "vision_output_dim": 3 * _HIDDEN,
        },
        image_token_index=text_vocabulary,
    )
    processor = transformers.MllamaProcessor(
        image_processor=transformers.MllamaImageProcessorPil(
            size={"height": _IMAGE, "width": _IMAGE}, max_image_tiles=4
        ),
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
    )
    return _save(folder, seed, transformers.MllamaForConditionalGeneration, config, processor)


def tiny_llava(folder: Path, seed: int = 0) -> Path:
    """LLaVA 1.5: a CLIP tower, a projector and a Llama."""
    tokenizer = byte_tokenizer((_END_OF_TURN,), image_token="<image>")
    tokenizer.chat_template = _roles("<image>")
    config = transformers.LlavaConfig(
        text_config={**_TEXT, "model_type": "llama", "vocab_size": len(tokenizer)},
        vision_config={**_VISION, "model_type": "clip_vision_model", "projection_dim": _HIDDEN},
        image_token_index=tokenizer.image_token_id,
        image_seq_length=(_IMAGE // _PATCH) ** 2,
        vision_feature_layer=-1,
    )
    processor = transformers.LlavaProcessor(
        image_processor=transformers.CLIPImageProcessorPil(
            size={"shortest_edge": _IMAGE}, crop_size={"height": _IMAGE, "width": _IMAGE}
        ),
        tokenizer=tokenizer,
        patch_size=_PATCH,
        num_additional_image_tokens=1,
        vision_feature_select_strategy="default",
        chat_template=tokenizer.chat_template,
    )
    return _save(folder, seed, transformers.LlavaForConditionalGeneration, config, processor)


def tiny_qwen(folder: Path, seed: int = 0) -> Path:
    """Qwen2.5-VL: pictures at (nearly) their own size, positions in three dimensions."""
    tokens = (_END_OF_TURN, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    tokenizer = byte_tokenizer(tokens)
    tokenizer.chat_template = _roles("<|vision_start|><|image_pad|><|vision_end|>")
    identify = tokenizer.convert_tokens_to_ids
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            **_TEXT,
            "vocab_size": len(tokenizer),
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]},
        },
        vision_config={
            "depth": _LAYERS,
            "hidden_size": _HIDDEN,
            "out_hidden_size": _HIDDEN,
            "intermediate_size": 2 * _HIDDEN,
            "num_heads": _HEADS,
            "window_size": 4 * _PATCH,
            "fullatt_block_indexes": [1],
        },
        image_token_id=identify("<|image_pad|>"),
        video_token_id=identify("<|video_pad|>"),
        vision_start_token_id=identify("<|vision_start|>"),
        vision_end_token_id=identify("<|vision_end|>"),
    )
    model = _made(transformers.Qwen2_5_VLForConditionalGeneration, config, seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    transformers.Qwen2VLImageProcessorPil(
        size={"shortest_edge": 28 * 28, "longest_edge": 112 * 112}
    ).save_pretrained(folder)
    return folder


BUILDERS: dict[str, Callable[..., Path]] = {
    "gemma3": tiny_gemma3,
    "llama": tiny_llama,
    "llava": tiny_llava,
    "qwen": tiny_qwen,
}


def byte_tokenizer(special: Sequence[str], **named: str) -> Any:
    """A byte-level tokenizer without merges: any text, one token a byte.

    The special tokens (padding, begin, end, then ``special`` and the values of ``named``) come first but for
    those of ``named`` that are not in ``special``, which take the last ids; ``named`` makes them attributes.
    """
    first = [_PAD, _BOS, _EOS, *special]
    last = [token for token in named.values() if token not in special]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate([*first, *alphabet, *last])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in [*first, *last]]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=_PAD,
        bos_token=_BOS,
        eos_token=_EOS,
        padding_side="left",
        extra_special_tokens=named,
    )


def _roles(image: str) -> str:
    """A chat template with a system role that shows a picture as ``image``."""
    return (
        "{{ bos_token }}{% for message in messages %}[{{ message.role }}] "
        "{% for item in message.content %}"
        "{% if item.type == 'image' %}" + image + "{% else %}{{ item.text }}{% endif %}"
        "{% endfor %}<end_of_turn>\n{% endfor %}"
        "{% if add_generation_prompt %}[assistant] {% endif %}"
    )


def _save(folder: Path, seed: int, architecture: Any, config: Any, processor: Any) -> Path:
    _made(architecture, config, seed).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _made(architecture: Any, config: Any, seed: int) -> Any:
    """A model whose every weight is random, so that nothing it is shown is without effect.

    Some parts start at zero in their architecture (Gemma 3's projection of the picture, Llama's gates).
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = architecture(config)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name.endswith("gate") or ("_gate" in name and weight.numel() == 1):
                    weight.fill_(0.5)
                elif weight.dim() > 1:
                    weight.normal_(std=0.2)
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        do_sample=True,
        temperature=0.7,
        repetition_penalty=1.3,
    )
    return model.eval()


def main(arguments: Sequence[str]) -> int:
    """``ARCHITECTURE FOLDER [SEED]``."""
    if len(arguments) not in (2, 3) or arguments[0] not in BUILDERS:
        print(f"usage: python -m elena_wb_hf.testing {{{','.join(BUILDERS)}}} FOLDER [SEED]", file=sys.stderr)  # noqa: T201
        return 2
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    BUILDERS[arguments[0]](folder, *(int(seed) for seed in arguments[2:]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
