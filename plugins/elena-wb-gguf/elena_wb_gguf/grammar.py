"""From a JSON Schema to a grammar in llama.cpp's notation (GBNF) whose every word is JSON that parses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llama_cpp.llama_grammar import SchemaConverter

_MOST_CHARACTERS = 200_000
_MOST_VALUES = 256
_KINDS = ("object", "array", "string", "number", "boolean", "null")
_OF_NAMES, _OF_LISTS = ("properties", "$defs", "definitions"), ("anyOf", "oneOf", "allOf", "prefixItems")
_LEAST, _MOST = ("minItems", "minLength"), ("maxItems", "maxLength")

_CHARACTER = (
    r'[^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" ([0-9a-cA-CeEfF] [0-9a-fA-F] | [dD] [0-7])'
    r" [0-9a-fA-F] [0-9a-fA-F])"
)
"""One character of a string: no raw control characters, and no escape that stands for half a character."""

_NUMBER = '("-"? integral-part) ("." decimal-part)? ([eE] [-+]? [0-9] [0-9]?)? space'
"""A number with an exponent of two digits at most, so that none overflows."""


class GrammarError(ValueError):
    """A schema that no grammar can be made of."""


class _Converter(SchemaConverter):
    """llama.cpp's converter, except that labels and keys keep their own letters instead of ``\\u`` escapes."""

    def __init__(self) -> None:
        super().__init__(prop_order={}, allow_fetch=False, dotall=False, raw_pattern=False)  # type: ignore[no-untyped-call]

    def _generate_constant_rule(self, value: object) -> str:
        return _literal(value)

    def _format_literal(self, literal: str) -> str:
        # Keys arrive as JSON already, with their escapes: they are read and written again.
        try:
            return _literal(json.loads(literal))
        except ValueError:
            return _quoted(literal)

    def grammar(self) -> str:
        """All rules so far, with strings and numbers held to what JSON allows."""
        for name, rule in (("char", _CHARACTER), ("number", _NUMBER)):
            if name in self._rules:
                self._rules[name] = rule
        return str(self.format_grammar())  # type: ignore[no-untyped-call]


def json_grammar(schema: Mapping[str, Any]) -> str:
    """The grammar of compact JSON that fits ``schema``: keys in the order of the schema, required ones first.

    Between two parts stands one space at most, so that no model can run away in white space. Bounds of numbers
    that leave few whole numbers are kept, and so are lengths up to 256; other bounds are left to whoever reads
    the answer.

    Raises:
        GrammarError: the schema uses what cannot be turned into a grammar.
    """
    try:
        # The round trip copies the schema, which the converter changes, and holds it to what JSON knows.
        plain = _plain(json.loads(json.dumps(schema)))
        converter = _Converter()
        converter.visit(converter.resolve_refs(plain, "schema"), "")  # type: ignore[no-untyped-call]
        grammar = converter.grammar()
    except GrammarError:
        raise
    except (AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise GrammarError(f"the JSON Schema cannot be turned into a grammar: {error}") from error
    if len(grammar) > _MOST_CHARACTERS:
        raise GrammarError(
            f"the JSON Schema makes a grammar of {len(grammar):,} characters; {_MOST_CHARACTERS:,} is the most"
        )
    return grammar


def _plain(schema: Any) -> Any:
    """``schema`` in the words that the converter knows.

    Whole numbers between near bounds are written out, bounds of lengths that are too far are left out, and what may
    be anything is said to be so.
    """
    if schema is True or schema == {}:
        return {"anyOf": [{"type": kind} for kind in _KINDS]}
    if not isinstance(schema, dict):
        return schema
    low, high = schema.get("minimum"), schema.get("maximum")
    if (
        schema.get("type") == "integer"
        and isinstance(low, int)
        and isinstance(high, int)
        and 0 <= high - low < _MOST_VALUES
    ):
        return {"enum": list(range(low, high + 1))}
    for key in _LEAST:
        if _is_above(schema.get(key)):
            raise GrammarError(f"the JSON Schema asks for {key} {schema[key]}; {_MOST_VALUES} is the most")
    kept = {key: value for key, value in schema.items() if not (key in _MOST and _is_above(value))}
    for key, value in kept.items():
        if key in _OF_NAMES and isinstance(value, dict):
            kept[key] = {name: _plain(part) for name, part in value.items()}
        elif key in _OF_LISTS and isinstance(value, list):
            kept[key] = [_plain(part) for part in value]
        elif key == "items":
            kept[key] = _plain(value)
    return kept


def _is_above(value: Any) -> bool:
    return isinstance(value, int) and value > _MOST_VALUES


def _literal(value: object) -> str:
    return _quoted(json.dumps(value, ensure_ascii=False))


def _quoted(text: str) -> str:
    """``text`` as a literal of the grammar; what its notation gives a meaning to is escaped."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
