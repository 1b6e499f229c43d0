"""Predicting by the letter of an option alone: a few tokens an answer, and probabilities from those of the letters.

Models prefer some letters and places whatever stands there, so the options are shown in their order and in the reverse,
and the probabilities are the mean of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from string import ascii_uppercase

from pydantic import Field, create_model

from persona_db.chains.language.call import CallContext
from persona_db.chains.language.logprobs import choice_probabilities
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.outputs import ChosenLetter
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.structured import Answered, Checked, Problem, ask
from persona_db.graph.errors import ModelConfigError

__all__ = ["LETTERS", "require_log_probabilities", "share_by_letters"]

LETTERS = ascii_uppercase
"""A question with more options is asked for in JSON."""
_PROVIDERS = ("openai", "azure_openai", "llama")


def require_log_probabilities(model: LanguageModel) -> None:
    """Raise ModelConfigError where a model is known to give no log-probabilities of tokens."""
    if model.provider not in _PROVIDERS or "logprobs" in model.refused:
        raise ModelConfigError(
            f"{model.name} gives no log-probabilities, which answers by letters need; leave out --answer letters"
        )


def share_by_letters(
    model: LanguageModel, options: int, render: Callable[[Sequence[int]], Rendered], call_context: CallContext
) -> tuple[float, ...] | None:
    """Return the probability of each of so many options, the mean of two calls; None where one tells none.

    *render* makes the prompt that shows the options in an order. ModelConfigError where the answers come without
    log-probabilities.
    """
    require_log_probabilities(model)
    letters = LETTERS[:options]
    orders = (range(options), range(options - 1, -1, -1))
    shares = [0.0] * options
    for order in orders:
        got = ask(
            model, render(order), _output(letters), check=_check(letters), call_context=call_context,
            log_probabilities=True,
        )  # fmt: skip
        if not isinstance(got, Answered):
            return None
        if not got.message.response_metadata.get("logprobs"):
            model.refused.add("logprobs")
            require_log_probabilities(model)
        told = choice_probabilities(
            got.message.response_metadata, field="answer", chosen=got.value.answer, options=letters
        )
        if told is None:
            return None
        for place, share in zip(order, told, strict=True):
            shares[place] += share / len(orders)
    return tuple(shares)


@cache
def _output(letters: str) -> type[ChosenLetter]:
    """Return what is asked for, with these letters alone in its schema."""
    described = Field(json_schema_extra={"enum": list(letters)}, description="The option's letter.")
    return create_model(f"{ChosenLetter.__name__}{len(letters)}", __base__=ChosenLetter, answer=(str, described))


def _check(letters: str) -> Callable[[ChosenLetter], Checked[ChosenLetter]]:
    def check(given: ChosenLetter) -> Checked[ChosenLetter]:
        if given.answer in letters and len(given.answer) == 1:
            return Checked(given)
        reason = f"answer is one letter from A to {letters[-1]}"
        return Checked(given, (Problem(reason, given.model_dump_json()),), 0, "outside")

    return check
