"""Every error persona-db raises on purpose.

PersonaDBError
├── ConfigError               a setting, an argument or the environment cannot be used
│   ├── ModelConfigError      a language model cannot be opened or used: its name, key, package, file or settings
│   ├── CacheError            the cache of a language model's calls cannot be used
│   └── NothingToRefineError  the dataset has no users
├── QueryFileError            a file of cypher/ has a wrong header
├── GraphUnavailableError     no Neo4j answers, or it lost the connection; trying again may help
│   └── GraphStoppedError     the database takes no more work until its server is started again
├── DiskFullError             a disk is full, or has less room than the work needs
├── ServerError               the embedded Neo4j cannot be installed or started
├── LoadError                 a source cannot be read at all (single bad rows are quarantined instead)
├── UnknownDatasetError
├── UnknownUserError
├── UnknownQuestionError
├── UnknownNameError          a dataset has no attribute, group, value, kind, Fit, fact or answer of that name
├── NoFitError                nothing has been refined yet, or not far enough back for `as_of`
├── EmbeddingError            a vector has the wrong length or no direction
├── FreeCypherError           Cypher that somebody typed would do more than read, is none, or takes too long
├── ModelAnswerError          a language model's answer cannot be used
├── ModelUnavailableError     a language model's provider did not answer; trying again may help
├── PromptTooLongError        a prompt is longer than a language model's context
├── BudgetError               the next call of a language model could exceed the budget
└── LeakError                 what is to be predicted was found where a prediction reads

A message says what, which, and what to do. The command line prints it in one line and exits with 1.
"""

from __future__ import annotations

__all__ = [
    "BudgetError",
    "CacheError",
    "ConfigError",
    "DiskFullError",
    "EmbeddingError",
    "FreeCypherError",
    "GraphStoppedError",
    "GraphUnavailableError",
    "LeakError",
    "LoadError",
    "ModelAnswerError",
    "ModelConfigError",
    "ModelUnavailableError",
    "NoFitError",
    "NothingToRefineError",
    "PersonaDBError",
    "PromptTooLongError",
    "QueryFileError",
    "ServerError",
    "UnknownDatasetError",
    "UnknownNameError",
    "UnknownQuestionError",
    "UnknownUserError",
]


class PersonaDBError(Exception):
    """The root: catching it catches everything persona-db raises on purpose."""


class ConfigError(PersonaDBError):
    """A setting, an argument or the environment cannot be used."""


class ModelConfigError(ConfigError):
    """A language model cannot be opened or used as it is set: its name, key, package, file or settings."""


class CacheError(ConfigError):
    """The file that keeps a language model's calls cannot be used."""


class NothingToRefineError(ConfigError):
    """The dataset has no users."""

    def __init__(self, dataset: str) -> None:
        super().__init__(f"dataset {dataset!r} has no users; load something with `persona-db load` first")
        self.dataset = dataset


class QueryFileError(PersonaDBError):
    """A query file's header does not say what the query does, or the parameters given are not its own."""


class GraphUnavailableError(PersonaDBError):
    """No Neo4j answers; trying again may help."""


class GraphStoppedError(GraphUnavailableError):
    """The database stopped after a full disk or a fault of its files; it works again once its server is restarted."""


class DiskFullError(PersonaDBError):
    """A disk is full, or has less room than the work needs; what was stored is kept."""


class ServerError(PersonaDBError):
    """The embedded Neo4j cannot be installed or started."""


class LoadError(PersonaDBError):
    """A source cannot be read; nothing of it was stored."""

    def __init__(self, reason: str, *, source: str, row: int | None = None) -> None:
        where = source if row is None else f"{source}, row {row}"
        super().__init__(f"{where}: {reason}")
        self.source = source
        self.row = row


class UnknownDatasetError(PersonaDBError):
    """There is no dataset of that name."""

    def __init__(self, dataset: str) -> None:
        super().__init__(
            f"no dataset {dataset!r}; `persona-db status` lists those there are, `persona-db load` makes one"
        )
        self.dataset = dataset


class UnknownUserError(PersonaDBError):
    """There is no user of that id in the dataset."""

    def __init__(self, user: str, *, dataset: str) -> None:
        super().__init__(
            f"no user {user!r} in dataset {dataset!r}; `persona-db users --dataset {dataset}` lists who is there"
        )
        self.user = user


class UnknownQuestionError(PersonaDBError):
    """There is no question of that id in the dataset; *remedy* says what to do where it can't be a new one."""

    def __init__(
        self, question: str, *, dataset: str, remedy: str = "give its text and --option for a new one"
    ) -> None:
        super().__init__(f"no question {question!r} in dataset {dataset!r}; {remedy}")
        self.question = question


class UnknownNameError(PersonaDBError):
    """There is no attribute, group, value, kind, Fit, fact or answer of that name in the dataset."""

    def __init__(self, what: str, name: str, *, dataset: str, remedy: str) -> None:
        super().__init__(f"no {what} {name!r} in dataset {dataset!r}; {remedy}")
        self.name = name


class NoFitError(PersonaDBError):
    """The dataset has no Fit that this read may use."""

    def __init__(self, dataset: str, *, as_of: str | None = None) -> None:
        remedy = f"`persona-db refine --dataset {dataset}" + (f" --as-of {as_of}`" if as_of else "`")
        reach = f" made of items up to {as_of}" if as_of else ""
        super().__init__(f"dataset {dataset!r} has no Fit{reach}; run {remedy}")


class EmbeddingError(PersonaDBError):
    """A vector has the wrong length or no direction, or vectors of another model are stored."""


class FreeCypherError(PersonaDBError):
    """A query that somebody typed would do more than read, isn't Cypher, or takes too long."""


class ModelAnswerError(PersonaDBError):
    """A language model's answer cannot be used, after the repairs allowed."""


class ModelUnavailableError(PersonaDBError):
    """The model's provider did not answer, after the attempts allowed; trying again may help."""


class PromptTooLongError(PersonaDBError):
    """The prompt is longer than the model's context."""


class BudgetError(PersonaDBError):
    """The next call could exceed the budget; it was not made."""

    def __init__(self, budget_usd: float, *, spent_usd: float) -> None:
        super().__init__(
            f"the budget of ${budget_usd:g} is used up (${spent_usd:.4f} spent); "
            "give the same command again with a higher --budget-usd to go on"
        )
        self.budget_usd = budget_usd
        self.spent_usd = spent_usd


class LeakError(PersonaDBError):
    """What is to be predicted was found where a prediction reads."""
