"""The measures, one a module: a name, a sentence, what a missing prediction counts as, and what adds up to it."""

from __future__ import annotations

from persona_db.evals.measures import (
    abstention_area,
    accuracy,
    brier,
    expected_calibration_error,
    gain_over_marginal,
    log_loss,
    macro_f1,
    pearson,
    spearman,
    variance_ratio,
    wasserstein,
    within_question_spearman,
)
from persona_db.evals.measures.abstention_area import abstention_curve
from persona_db.evals.measures.measure import Measure, value_of
from persona_db.evals.measures.sample import Sample, sample_of

__all__ = ["MEASURES", "Measure", "Sample", "abstention_curve", "sample_of", "value_of"]

MEASURES: tuple[Measure, ...] = (
    accuracy,
    macro_f1,
    spearman,
    pearson,
    within_question_spearman,
    gain_over_marginal,
    log_loss,
    brier,
    expected_calibration_error,
    wasserstein,
    variance_ratio,
    abstention_area,
)
"""In the order in which they are reported."""
