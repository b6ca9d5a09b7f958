"""The tokenizer, its chat template, and the processor that joins it to the image processor."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import Gemma3ImageProcessorPil, Gemma3Processor, PreTrainedTokenizerFast

from elena_wb_tiny.grammar import PROMPTS
from elena_wb_tiny.training.model import CONTEXT, IMAGE_SIZE, IMAGE_TOKENS

VOCABULARY = 768
SPECIALS = (
    "<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>",
    "<image_soft_token>",
)  # fmt: skip

# A run of JSON punctuation, a word with its leading space, one digit, white space, or anything else.
_SPLIT = r"[\{\}\[\]\",:_]+| ?\p{L}+|\p{N}|\n+|[^\s\p{L}\p{N}\{\}\[\]\",:_]+|\s+"

CHAT_TEMPLATE = """\
{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set ns = namespace(prefix=messages[0]['content']) -%}
    {%- else -%}
        {%- set ns = namespace(prefix=messages[0]['content'][0]['text']) -%}
    {%- endif -%}
    {%- set ns.prefix = ns.prefix + '\\n\\n' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set ns = namespace(prefix='') -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('user and assistant turns must alternate, beginning with the user') }}
    {%- endif -%}
    {{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' }}
    {%- if loop.first -%}{{ ns.prefix }}{%- endif -%}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- else -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}{{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}{{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}
"""


def train_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Learn byte-level BPE merges on `texts` and the prompts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    turns = [f"\n\n\nuser\nmodel\n{prompt}" for prompt in PROMPTS.values()] * 200
    tokenizer.train_from_iterator([*texts, *turns], trainer)
    bos = tokenizer.token_to_id("<bos>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", bos)]
    )
    make: Any = PreTrainedTokenizerFast
    fast: PreTrainedTokenizerFast = make(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
        extra_special_tokens={
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
            "image_token": "<image_soft_token>",
            "sot_token": "<start_of_turn>",
            "eot_token": "<end_of_turn>",
        },
    )
    return fast


def make_processor(tokenizer: PreTrainedTokenizerFast) -> Gemma3Processor:
    """Join the tokenizer to an image processor that stretches pictures to the model's square (Pillow, bilinear)."""
    images = Gemma3ImageProcessorPil(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
        do_pan_and_scan=False,
    )
    return Gemma3Processor(
        image_processor=images,
        tokenizer=tokenizer,
        chat_template=CHAT_TEMPLATE,
        image_seq_length=IMAGE_TOKENS,
    )


def token_ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    """The ids that the model's configuration needs, by the names `model.build` uses."""
    names = {
        "pad": "<pad>",
        "eos": "<end_of_turn>",
        "bos": "<bos>",
        "boi": "<start_of_image>",
        "eoi": "<end_of_image>",
        "image": "<image_soft_token>",
    }
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    return {key: vocabulary[name] for key, name in names.items()}


def save_processor(processor: Gemma3Processor, folder: Path) -> None:
    """Write tokenizer, chat template and image processor settings."""
    processor.save_pretrained(folder)
