"""Prices of tokens, and an estimate of how many tokens a text is where a model's own tokenizer is not at hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pydantic import Field, TypeAdapter, ValidationError

from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model
from persona_db.graph.settings import Settings

__all__ = ["PRICES", "PRICES_OF", "Price", "about_tokens", "price_of", "prices_said"]

PRICES_OF = "2025-11"
"""The month of the list prices below; providers change them."""
_LOCAL = ("llama", "ollama")
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
_PIECES = re.compile(r"[A-Za-z]+|[0-9]+|[^\W\d_A-Za-z]+|[^\w\s]+|_+")
_LETTERS_A_TOKEN, _DIGITS_A_TOKEN, _SIGNS_A_TOKEN = 9, 3, 3
_OTHER_LETTERS_A_TOKEN = 2


class Price(Model):
    """US dollars per million tokens."""

    tokens_in: float = Field(ge=0)
    tokens_out: float = Field(ge=0)

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars for so many tokens."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000


PRICES: Mapping[str, Price] = {
    name: Price(tokens_in=tokens_in, tokens_out=tokens_out)
    for name, tokens_in, tokens_out in (
        ("openai:gpt-4.1", 2.00, 8.00),
        ("openai:gpt-4.1-mini", 0.40, 1.60),
        ("openai:gpt-4.1-nano", 0.10, 0.40),
        ("openai:gpt-4o", 2.50, 10.00),
        ("openai:gpt-4o-mini", 0.15, 0.60),
        ("openai:gpt-5", 1.25, 10.00),
        ("openai:gpt-5-mini", 0.25, 2.00),
        ("openai:gpt-5-nano", 0.05, 0.40),
        ("openai:gpt-3.5-turbo", 0.50, 1.50),
        ("anthropic:claude-opus-4-5", 5.00, 25.00),
        ("anthropic:claude-sonnet-4-5", 3.00, 15.00),
        ("anthropic:claude-haiku-4-5", 1.00, 5.00),
    )
}
_OWN_MACHINE = Price(tokens_in=0, tokens_out=0)


def price_of(model: str) -> Price | None:
    """Return the price of the model's tokens; a dated version costs what its family does. None where it is unknown."""
    own = _own_prices()
    for name in (model, _DATED.sub("", model)):
        found = own.get(name) or PRICES.get(name)
        if found is not None:
            return found
    return _OWN_MACHINE if model.split(":", 1)[0] in _LOCAL else None


def prices_said() -> str:
    """Return a sentence on where prices are from, and how to name others."""
    if Settings().prices is not None:
        return f"prices of your file, else list prices as of {PRICES_OF}"
    return f"list prices as of {PRICES_OF}; PERSONA_DB_PRICES names a file with others"


def _own_prices() -> Mapping[str, Price]:
    path = Settings().prices
    if path is None:
        return {}
    try:
        return TypeAdapter(dict[str, Price]).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as exc:
        first = str(exc).splitlines()[0]
        raise ConfigError(
            f"the prices in {path} can't be read ({first}); PERSONA_DB_PRICES names a JSON file such as "
            '{"openai:gpt-4.1-mini": {"tokens_in": 0.4, "tokens_out": 1.6}}, US dollars per million tokens'
        ) from exc


def about_tokens(text: str) -> int:
    """Return about how many tokens the tokenizers of large models make of *text*.

    A word is one, a long one two; digits go by threes and signs too; other scripts take a token for two letters.
    Within a tenth on English prose and on survey answers.
    """
    tokens = 0
    for piece in _PIECES.findall(text):
        first = piece[0]
        if first.isascii() and first.isalpha():
            each = _LETTERS_A_TOKEN
        elif first.isdigit():
            each = _DIGITS_A_TOKEN
        elif first.isalpha():
            each = _OTHER_LETTERS_A_TOKEN
        else:
            each = _SIGNS_A_TOKEN
        tokens += -(-len(piece) // each)
    return tokens
