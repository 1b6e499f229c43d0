"""The experiments: whether the persona and the JOIN help, when, and at what cost."""

from __future__ import annotations

from persona_db.evals.experiments.result import ExperimentResult
from persona_db.evals.experiments.runner import EXPERIMENTS, Experiment, run_experiments
from persona_db.evals.experiments.settings import ExperimentSettings

__all__ = ["EXPERIMENTS", "Experiment", "ExperimentResult", "ExperimentSettings", "run_experiments"]
