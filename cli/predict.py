"""persona-db predict: how a user would answer a question, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from persona_db.cli.language import (
    AnswerName,
    BudgetUsd,
    MaxTokens,
    MethodName,
    ModelName,
    ReasoningLevel,
    Temperature,
    TokenBudget,
)
from persona_db.cli.places import Ratio, Size, TopK

if TYPE_CHECKING:
    from persona_db.chains.results import Prediction

__all__ = ["predict"]

_SHOWN = 8
_LEAST_POINTS = 0.5


def predict(
    user: Annotated[str, typer.Argument(help="Id of the user.")],
    asked: Annotated[
        str | None,
        typer.Argument(
            metavar="[QUESTION]", help="Id of a question of the dataset, or the text of a new one with --option."
        ),
    ] = None,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the user.")],
    question: Annotated[
        str | None, typer.Option(metavar="ID", help="The same as QUESTION, for the id of a question of the dataset.")
    ] = None,
    option: Annotated[list[str] | None, typer.Option(help="An option of a new question; give all, in order.")] = None,
    size: Size = 40,
    ratio: Ratio = None,
    top_k: TopK = 50,
    as_of: Annotated[str | None, typer.Option(help="Read only what was known at this date.")] = None,
    model: ModelName = None,
    token_budget: TokenBudget = None,
    budget_usd: BudgetUsd = None,
    temperature: Temperature = None,
    method: MethodName = None,
    max_tokens: MaxTokens = None,
    reasoning: ReasoningLevel = None,
    answer: AnswerName = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Follow each piece of evidence back to the history items it rests on.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the prediction with all its evidence as JSON.")
    ] = False,
) -> None:
    """Predict how a user would answer: a distribution over the options, and the evidence that moved it.

    The exit status is 1 when a model gave no usable answer, and 3 when it cannot be told: nobody was asked the question,
    and no known one is near enough.
    """
    from persona_db.chains.prediction.predict import predict as predict_answer
    from persona_db.chains.retrieval.recall import RecallSettings
    from persona_db.cli.console import connect, print_json, progress_bar, read_settings
    from persona_db.cli.language import settings_of

    wanted = _one_question(asked, question, option or ())
    model_settings = settings_of(
        model,
        temperature=temperature,
        method=method,
        max_tokens=max_tokens,
        reasoning=reasoning,
        answer=answer,
        token_budget=token_budget,
        budget_usd=budget_usd,
    )
    steps = None
    with progress_bar() as progress, connect(read_settings(), progress=progress) as graph:
        made = predict_answer(
            graph,
            user,
            wanted,
            dataset=dataset,
            options=tuple(option or ()),
            settings=RecallSettings(size=size, ratio=ratio, top_k=top_k),
            as_of=as_of,
            model=model,
            model_settings=model_settings,
            token_budget=token_budget,
            budget_usd=budget_usd,
        )
        if trace:
            from persona_db.chains.prediction.trace import trace as trace_prediction

            steps = trace_prediction(graph, made, dataset=dataset, as_of=as_of).steps
    if as_json:
        print_json(made if steps is None else {**made.model_dump(mode="json"), "trace": steps})
    else:
        _print(made, evidence=steps is None)
        if steps is not None and made.outcome == "answered":
            from persona_db.cli.paths import print_path

            for step in steps[:_SHOWN]:
                print_path(
                    step.evidence,
                    layer=step.layer,
                    key=step.key.name if step.key else None,
                    collaborator=step.collaborator,
                    rests_on=[support.text for support in step.rests_on],
                    withheld=step.withheld,
                )
    if made.outcome != "answered":
        raise typer.Exit(3 if made.outcome == "unknown" else 1)


def _one_question(asked: str | None, question: str | None, options: Sequence[str]) -> str:
    """Return the question as it was given, by the argument or by --question; ConfigError when not exactly one is."""
    from persona_db.graph.errors import ConfigError

    given = [one for one in (asked, question) if one is not None]
    if len(given) != 1:
        raise ConfigError("give one question: QUESTION, or --question with the id of a question of the dataset")
    if question is not None and options:
        raise ConfigError("--question is for a question of the dataset, which has its options; a new one is QUESTION")
    return given[0]


def _print(made: Prediction, *, evidence: bool) -> None:
    from persona_db.cli.console import one_line, print_table

    if made.outcome == "unknown":
        print(one_line(made.explanation))
        return
    if made.outcome != "answered":
        print(f"{made.engine} gave no usable answer ({made.outcome}): {one_line(made.explanation)}")
        return
    if made.given:
        when = f" ({made.given_at[:10]})" if made.given_at else ""
        print(f"Answered: {one_line(made.given)}{when}. Without that answer:")
    print_table(("option", "probability"), list(zip(made.options, made.probabilities, strict=True)))
    for line in made.explanation.splitlines():
        print(one_line(line))
    print(
        f"{made.recalled} items read, {made.borrowed} of them borrowed" + (f"; {made.decided}" if made.decided else "")
    )
    if made.comment:
        print(f"would write: {one_line(made.comment)}")
    if evidence and made.evidence:
        shown = [one for one in made.evidence if abs(one.points) >= _LEAST_POINTS][:_SHOWN]
        rows = [(one.source, f"{one.points:+.0f}", one.shown) for one in shown]
        print_table(("evidence", "points", "what it says"), rows)
