"""Area under the ROC curve of the upper side of the scale, within questions."""

from __future__ import annotations

import numpy as np

from persona_db.evals.measures.auc import area_of, upper_chance
from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure, Numbers
from persona_db.evals.measures.sample import Floats, Sample

LEAST_ITEMS = 5
"""Least items of a question beside the middle; the mean excludes questions with fewer, or with one side only."""


def numbers(sample: Sample) -> Numbers:
    """Return 1, and the mean area plus the item's influence on it."""
    chance = upper_chance(sample)
    areas: list[float] = []
    changes = np.zeros(len(sample))
    for group in sample.by_question():
        found = area_of(chance[group], sample.true_rank[group])
        if found is None or len(found[2]) < LEAST_ITEMS:
            continue
        area, influence, items = found
        areas.append(area)
        changes[group[items]] = influence
    if not areas:
        return one_each(np.full(len(sample), np.nan))
    return one_each(np.mean(areas) + changes * len(sample) / len(areas))


def fold(totals: Floats) -> Floats:
    """Return the mean area; a question whose predictions are constant counts 0.5."""
    return mean_of(totals)


MEASURE = Measure(
    name="auc_within_question",
    heading="AUC in\nquestion",
    order=54,
    sentence="The mean over questions of that area among a question's items: how well people are told apart.",
    citation="Own; the area without what question means explain.",
    missing="has the chance 0.5",
    numbers=numbers,
    fold=fold,
)
