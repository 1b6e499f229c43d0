"""The settings of an experiment, which are recorded with every row that it writes."""

from __future__ import annotations

import shlex

from pydantic import Field

from persona_db.chains.language.settings import ModelSettings
from persona_db.graph.models import Model, Sharing

__all__ = ["ExperimentSettings"]


class ExperimentSettings(Model):
    """The data, the numbers of people and tests, and how slots are filled where no axis says."""

    format: str
    paths: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    quick: bool = Field(default=False, description="Fewer people, tests and points on the axes.")
    people: int | None = Field(default=None, ge=10, description="People in the population, drawn by the seed.")
    users: int = Field(default=300, ge=1, description="Users whose held-out answers are predicted.")
    tests_each: int = Field(default=10, ge=1, description="Most held-out answers of each.")
    size: int = Field(default=40, ge=0)
    ratio: float = Field(default=0.4, ge=0, le=1)
    top_k: int = Field(default=50, ge=0)
    sharing: Sharing = Sharing.HISTORY
    seed: int = 0
    model: str | None = None
    model_settings: ModelSettings | None = None
    budget_usd: float | None = Field(default=None, ge=0)

    @classmethod
    def quickly(cls, **given: object) -> ExperimentSettings:
        """Return the settings of a quick run, 800 people and 600 tests; *given* ones take precedence."""
        return cls.model_validate({"quick": True, "people": 800, "users": 100, "tests_each": 6, **given})

    def command(self, name: str) -> str:
        """The command line that does the same."""
        parts = ["persona-db", "experiment", name, self.format, *self.paths]
        for one in self.split:
            parts += ["--split", one]
        usual = ExperimentSettings.quickly(format="") if self.quick else ExperimentSettings(format="")
        parts += ["--quick"] if self.quick else []
        for option in ("people", "users", "tests_each", "seed", "model", "budget_usd"):
            value = getattr(self, option)
            if value is not None and value != getattr(usual, option):
                parts += ["--" + option.replace("_", "-"), str(value)]
        if self.model_settings not in (None, ModelSettings()):
            parts += self.model_settings.command
        return shlex.join(parts)
