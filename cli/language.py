"""What the commands that can use a language model have in common: its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from persona_db.chains.language.settings import ModelSettings

__all__ = ["BudgetUsd", "Concurrency", "ModelName", "Temperature", "TokenBudget", "settings_of"]

ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Language model, such as openai:gpt-4.1-mini or llama; the statistical engine unless given.",
    ),
]
BudgetUsd = Annotated[
    float | None, typer.Option(min=0, help="US dollars that calls of the model may cost in this run.")
]
Temperature = Annotated[float | None, typer.Option(min=0, max=2, help="Of the model; 0 unless given.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, max=256, help="Calls of the model at once at most; 8 unless given.")
]
TokenBudget = Annotated[
    int | None, typer.Option(min=1, help="Tokens of recalled items in a prompt at most; what tells least is left out.")
]


def settings_of(
    model: str | None, *, temperature: float | None = None, concurrency: int | None = None, **others: object
) -> ModelSettings | None:
    """Return how the model is asked; ConfigError for an option of a model where none is named."""
    from persona_db.graph.errors import ConfigError

    given = {"temperature": temperature, "concurrency": concurrency}
    chosen = {name: value for name, value in given.items() if value is not None}
    if model is not None:
        from persona_db.chains.language.settings import ModelSettings

        return ModelSettings.model_validate(chosen)
    for name, value in {**chosen, **others}.items():
        if value is not None and value is not False:
            option = name.replace("_", "-")
            raise ConfigError(f"--{option} is for a language model: name one with --model")
    return None
