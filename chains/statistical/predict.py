"""From recalled items to a distribution over the options."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.conditioning import condition
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.scale import Scale
from persona_db.chains.fit.settings import FittedSettings
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.results import Context, Evidence, Prediction, Recalled, tells_style
from persona_db.chains.statistical.explain import Estimated, effects, pooled, said_by
from persona_db.chains.statistical.explain import explanation as explained
from persona_db.graph.ids import is_pole, trait_of

__all__ = ["forecast", "predict_contexts", "variable_of"]

Floats = NDArray[np.float64]


def variable_of(correlations: CorrelationModel, item: Recalled) -> int | None:
    """Return the variable that an own item or a key summary observes; None for one that observes none."""
    if item.layer == "cache" and item.key is not None:
        return correlations.of_key(item.key)
    if item.question is not None:
        return correlations.of_question(item.question)
    if item.layer == "induced" and item.key is not None and is_pole(item.key):
        return correlations.of_trait(trait_of(item.key))
    return None


def forecast(correlations: CorrelationModel, question: str, items: Sequence[Recalled]) -> Estimated:
    """Combine base rate, links and *items* into a distribution for *question*; deterministic.

    The mean is conditioned on own items and key summaries together, so that correlated items count once.
    Collaborators' answers to the question count by their residuals: m residuals of correlation c with the user's own
    move the mean by c times their sum over 1 + (m - 1) c. Key summaries also bend the shape. What all answers of the
    user together say is pooled with that in the end (`pooled`).
    """
    settings = correlations.snapshot.settings
    target = correlations.of_question(question)
    pushes = np.zeros(len(items))
    used, variables, values, noise, votes = [], [], [], [], []
    for index, item in enumerate(items):
        if item.value is None or tells_style(item):
            continue
        if item.source == "collaborator":
            if item.question == question:
                votes.append(index)
            continue
        variable = variable_of(correlations, item)
        if variable is not None:
            used.append(index)
            variables.append(variable)
            values.append(item.value)
            noise.append(settings.ridge + (settings.group_noise if item.source == "summary" else 0.0))
    scale = correlations.scales[question]
    estimate = condition(
        correlations.matrix[target, variables],
        correlations.matrix[np.ix_(variables, variables)],
        np.array(values, dtype=np.float64),
        ridge=np.array(noise, dtype=np.float64),
    )
    pushes[used] = estimate.pushes
    correlation = settings.collaboration
    if votes and correlation > 0:
        weight = correlation / (1 + (len(votes) - 1) * correlation)
        pushes[votes] = [weight * float(items[index].value or 0.0) for index in votes]
    summed = [index for index, item in enumerate(items) if not _is_free_text(item)]  # the sum rounds as without text
    mean = float(pushes[summed].sum())
    probabilities = scale.distribution(
        mean, estimate.variance, spread=settings.spread, disattenuation=settings.disattenuation
    )
    summaries = [item.counts for item in items if item.source == "summary" and any(item.counts)]
    if summaries and settings.shape:
        probabilities = _shaped(scale, probabilities, summaries, settings=settings)
    habit = next(((index, item.value) for index, item in enumerate(items) if tells_style(item) and item.value), None)
    if habit is not None:
        probabilities = scale.with_off(probabilities, scale.log_odds_off + habit[1])
    position = next((index for index, item in enumerate(items) if item.chances), None)
    alone = probabilities
    if position is not None:
        probabilities = pooled(alone, np.array(items[position].chances), settings.together)
    told = tuple(float(push) for push in pushes)
    return Estimated(probabilities, mean, float(estimate.variance), told, habit, position, alone)


def _is_free_text(item: Recalled) -> bool:
    """Say whether an item is free text: it was recalled by similarity and moves nothing."""
    return item.value is None and item.option is None and not (item.key is not None and is_pole(item.key))


def _shaped(
    scale: Scale, probabilities: Floats, summaries: Sequence[Sequence[int]], *, settings: FittedSettings
) -> Floats:
    """Bend *probabilities* by the shape of key summaries that a shift along the scale does not explain.

    Each summary's distribution (smoothed by base rates) is divided by that of a shifted scale of the same mean; the
    geometric mean of the quotients multiplies the probabilities. On validation folds of GSS this raised accuracy by
    0.004, where means alone did nothing.
    """
    values = np.nan_to_num(scale.values)
    bend = np.zeros(len(probabilities))
    for counts in summaries:
        smoothed = np.asarray(counts) + settings.shape_smoothing * scale.rates
        observed = smoothed / smoothed.sum()
        mean = float(observed @ values)
        expected = scale.distribution(mean, max(1 - mean * mean, 0.5), disattenuation=settings.disattenuation)
        bend += np.log(np.maximum(observed, 1e-4) / expected)
    bent = probabilities * np.exp(settings.shape * bend / len(summaries))
    return np.asarray(bent / bent.sum(), dtype=np.float64)


@one_thread()
def predict_contexts(correlations: CorrelationModel, contexts: Sequence[Context], *, explain: bool) -> list[Prediction]:
    """Turn recalled contexts into predictions, in their order."""
    return [_predict(correlations, context, explain=explain) for context in contexts]


def _of_one_mind(
    correlations: CorrelationModel, context: Context, made: Estimated, points: Sequence[float]
) -> list[float]:
    """Return *points* with 0 for items that push, beside the others, against what they say alone.

    Such an item corrects another one: that it stands against its own text is no reason that anybody understands.
    """
    row = correlations.matrix[correlations.of_question(context.question.id)]
    found = []
    for item, push, added in zip(context.items, made.pushes, points, strict=True):
        variable = None if item.source == "collaborator" else variable_of(correlations, item)
        contrary = variable is not None and row[variable] * (item.value or 0.0) * push < 0
        if item.chances:
            contrary = added < 0 and int(np.argmax(item.chances)) == int(made.probabilities.argmax())
        found.append(0.0 if contrary else added)
    return found


def _predict(correlations: CorrelationModel, context: Context, *, explain: bool) -> Prediction:
    question = context.question
    made = forecast(correlations, question.id, context.items)
    best = int(made.probabilities.argmax())
    evidence: tuple[Evidence, ...] = ()
    explanation = ""
    if explain:
        added = _of_one_mind(correlations, context, made, effects(correlations, context, made))
        weighed = [
            Evidence(
                id=item.id, source=item.source, text=item.text, says=said_by(correlations, item),
                weight=round(push, 6), points=round(100 * points, 2),
            )
            for index, (item, push, points) in enumerate(zip(context.items, made.pushes, added, strict=True))
            if push or index == made.position or (made.habit is not None and index == made.habit[0])
        ]  # fmt: skip
        evidence = tuple(sorted(weighed, key=lambda one: (-abs(one.points), -abs(one.weight), one.id)))
        explanation = explained(correlations, context, made, added)
    return Prediction.model_construct(
        user=context.user,
        question=question.id,
        options=question.options,
        probabilities=tuple(float(p) for p in made.probabilities),
        answer=question.options[best],
        confidence=float(made.probabilities[best]),
        explanation=explanation,
        evidence=evidence,
        recalled=len(context.items),
        borrowed=context.borrowed,
        ratio=context.ratio,
        decided=context.decided,
        given="" if context.given is None else question.options[context.given],
        given_at=context.given_at,
        fit=correlations.snapshot.fit,
        engine="statistical",
    )
