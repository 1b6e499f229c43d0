"""Options of the commands that can use a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from persona_db.chains.language.settings import ModelSettings

__all__ = [
    "AnswerName",
    "BudgetUsd",
    "Concurrency",
    "MaxTokens",
    "MethodName",
    "ModelName",
    "ReasoningLevel",
    "Temperature",
    "TokenBudget",
    "settings_of",
]


Method = Literal["json_schema", "function_calling", "json_mode", "text"]
AnswerForm = Literal["json", "letters"]
Reasoning = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Language model, such as openai:gpt-4.1-mini or llama; the statistical engine unless given.",
    ),
]
BudgetUsd = Annotated[
    float | None, typer.Option(min=0, help="Most US dollars that calls of the model may cost in this run.")
]
Temperature = Annotated[float | None, typer.Option(min=0, max=2, help="Temperature of the model; 0 unless given.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, max=256, help="Most calls of the model at once; 8 unless given.")
]
MethodName = Annotated[
    Method | None,
    typer.Option("--method", help="How the model is asked for JSON; the first way that its server takes unless given."),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens", min=16, help="Most tokens of one answer; 1024, or more where it needs them, unless given."
    ),
]
ReasoningLevel = Annotated[
    Reasoning | None, typer.Option("--reasoning", help="How much the model reasons; as it likes unless given.")
]
AnswerName = Annotated[
    AnswerForm | None,
    typer.Option(
        "--answer",
        help="What predictions ask the model for: json, with reasons; or an option's letter alone, which is faster and "
        "needs log-probabilities; json unless given.",
    ),
]
TokenBudget = Annotated[
    int | None,
    typer.Option(min=1, help="Most tokens of recalled items in a prompt; the least relevant items are dropped."),
]


def settings_of(
    model: str | None,
    *,
    temperature: float | None = None,
    concurrency: int | None = None,
    method: Method | None = None,
    max_tokens: int | None = None,
    reasoning: Reasoning | None = None,
    answer: AnswerForm | None = None,
    **others: object,
) -> ModelSettings | None:
    """Return the settings of the model; ConfigError when an option of a model is given without --model."""
    from persona_db.graph.errors import ConfigError

    given = {
        "temperature": temperature, "concurrency": concurrency, "method": method, "reasoning": reasoning,
        "answer": answer,
    }  # fmt: skip
    if model is not None:
        from persona_db.chains.language.settings import ModelSettings

        chosen = {name: value for name, value in (*given.items(), ("max_tokens_out", max_tokens)) if value is not None}
        return ModelSettings.model_validate(chosen)
    for name, value in {**given, "max_tokens": max_tokens, **others}.items():
        if value is not None and value is not False:
            option = name.replace("_", "-")
            raise ConfigError(f"--{option} is for a language model: name one with --model")
    return None
