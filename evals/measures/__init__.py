"""The measures, one a module: whichever module here has a `MEASURE` is in every report, table and interval."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from persona_db.evals.measures.abstention_area import abstention_curve
from persona_db.evals.measures.measure import Measure, value_of
from persona_db.evals.measures.sample import Sample, sample_of

__all__ = ["MEASURES", "Measure", "Sample", "abstention_curve", "sample_of", "value_of"]


def _found() -> tuple[Measure, ...]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    measures = [module.MEASURE for module in modules if hasattr(module, "MEASURE")]
    return tuple(sorted(measures, key=lambda measure: (measure.order, measure.name)))


MEASURES: tuple[Measure, ...] = _found()
"""All of them, in the order in which they are reported."""
