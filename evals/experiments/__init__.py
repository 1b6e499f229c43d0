"""The experiments: does the persona help, does the JOIN help, when, and at what cost."""

from __future__ import annotations

from persona_db.evals.experiments.finding import Finding
from persona_db.evals.experiments.run import EXPERIMENTS, Experiment, run_experiments
from persona_db.evals.experiments.settings import ExperimentSettings

__all__ = ["EXPERIMENTS", "Experiment", "ExperimentSettings", "Finding", "run_experiments"]
