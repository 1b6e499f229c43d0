"""persona-db predict: how a user would answer a question, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from persona_db.cli.language import BudgetUsd, ModelName, Temperature, TokenBudget
from persona_db.cli.places import Ratio, Size, TopK

if TYPE_CHECKING:
    from persona_db.chains.results import Prediction

__all__ = ["predict"]

_SHOWN = 8


def predict(
    user: Annotated[str, typer.Argument(help="Id of the user.")],
    text: Annotated[
        str | None, typer.Argument(metavar="[QUESTION]", help="Text of a new question, with --option.")
    ] = None,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the user.")],
    question: Annotated[str | None, typer.Option(help="Id of a question of the dataset, instead of a new one.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="An option of a new question; give all, in order.")] = None,
    size: Size = 40,
    ratio: Ratio = None,
    top_k: TopK = 50,
    as_of: Annotated[str | None, typer.Option(help="Only what was known at this date.")] = None,
    model: ModelName = None,
    token_budget: TokenBudget = None,
    budget_usd: BudgetUsd = None,
    temperature: Temperature = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the prediction with all its evidence as JSON.")
    ] = False,
) -> None:
    """Predict how a user would answer: a distribution over the options, and the evidence that moved it.

    The exit status is 1 when a model gave no answer that can be used.
    """
    from persona_db.chains.prediction.predict import predict as predict_answer
    from persona_db.chains.retrieval.recall import RecallSettings
    from persona_db.cli.console import print_json, progress_bar, read_settings
    from persona_db.cli.language import settings_of
    from persona_db.graph.errors import ConfigError
    from persona_db.graph.session import Graph

    if (text is None) == (question is None):
        raise ConfigError("give the text of a new question with its --option, or --question with the id of a known one")
    if text is not None and not option:
        raise ConfigError("a new question needs its options, in order: give each with --option")
    asked = settings_of(model, temperature=temperature, token_budget=token_budget, budget_usd=budget_usd)
    with progress_bar() as progress, Graph.connect(read_settings(), progress=progress) as graph:
        made = predict_answer(
            graph,
            user,
            text or str(question),
            dataset=dataset,
            options=tuple(option or ()),
            settings=RecallSettings(size=size, ratio=ratio, top_k=top_k),
            as_of=as_of,
            model=model,
            model_settings=asked,
            token_budget=token_budget,
            budget_usd=budget_usd,
        )
    if as_json:
        print_json(made)
    else:
        _print(made)
    if made.outcome != "answered":
        raise typer.Exit(1)


def _print(made: Prediction) -> None:
    from persona_db.cli.console import one_line, print_table

    if made.outcome != "answered":
        print(f"{made.engine} gave no answer to use ({made.outcome}): {one_line(made.explanation)}")
        return
    print_table(("option", "probability"), list(zip(made.options, made.probabilities, strict=True)))
    print(f"{made.answer} ({made.confidence:.0%}); {made.recalled} items read, {made.borrowed} of them borrowed")
    print(one_line(made.explanation))
    if made.decided:
        print(one_line(made.decided))
    if made.comment:
        print(f"would write: {one_line(made.comment)}")
    if made.evidence:
        rows = [(one.source, one.weight, one.text) for one in made.evidence[:_SHOWN]]
        print_table(("evidence", "push", "what it says"), rows)
