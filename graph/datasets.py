"""The datasets of a graph: nothing crosses from one to another, and only these functions see several at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.graph.errors import ConfigError, UnknownDatasetError
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["Dataset", "datasets", "drop_dataset", "ensure_dataset", "need_refit", "require_dataset"]

log = logging.getLogger(__name__)

LONGEST_NAME = 200
DROPPED_AT_ONCE = 5_000
CHARS_AT_ONCE = 5_000_000
"""About the most characters deleted in one transaction: the server holds a transaction in memory and may limit it."""


class Dataset(Model):
    """A dataset with its settings."""

    dataset: str
    evaluation: bool = Field(description="An evaluation's, hidden from other commands and dropped after it.")
    current_fit: str | None = Field(default=None, description="Id of the Fit that readers use.")
    embedding_model: str | None = Field(default=None, description="What its texts are embedded with.")
    refit_needed: bool = Field(default=False, description="The current Fit still counts someone who is gone.")


class DatasetCounts(Dataset):
    """A dataset with the numbers of its users and items."""

    created_at: str
    users: int
    items: int


def ensure_dataset(graph: Graph, dataset: str, *, evaluation: bool = False) -> None:
    """Create the dataset unless it exists; ConfigError when it exists and *evaluation* differs."""
    if not dataset.strip() or len(dataset) > LONGEST_NAME or not dataset.isprintable():
        raise ConfigError(
            f"{dataset[:50]!r} can't name a dataset; use 1 to {LONGEST_NAME} printable characters, not all blank"
        )
    [found] = graph.write("ensure_dataset", dataset=dataset, evaluation=evaluation)
    if found["evaluation"] != evaluation:
        sort = "an evaluation's" if found["evaluation"] else "not an evaluation's"
        raise ConfigError(f"dataset {dataset!r} is there already and is {sort}; use another name")


def datasets(graph: Graph, *, include_evaluation: bool = False) -> list[DatasetCounts]:
    """Return the datasets, ordered by name."""
    found = [DatasetCounts.model_validate(row) for row in graph.read("list_datasets", dataset=None)]
    return [dataset for dataset in found if include_evaluation or not dataset.evaluation]


def require_dataset(graph: Graph, dataset: str) -> Dataset:
    """Return the dataset of that name; UnknownDatasetError when there is none."""
    rows = graph.read("find_dataset", dataset=dataset)
    if not rows:
        raise UnknownDatasetError(dataset)
    return Dataset.model_validate(rows[0])


def need_refit(graph: Graph, dataset: str) -> None:
    """Mark that the current Fit still counts a user who was erased or no longer shares."""
    graph.write("need_refit", dataset=dataset)


def drop_dataset(graph: Graph, dataset: str, *, progress: Progress = no_progress) -> int:
    """Remove the dataset with everything in it, in batches; return how many nodes it had, 0 when it does not exist.

    A drop that was stopped leaves the dataset listed; dropping it again resumes.
    """
    steps: tuple[tuple[str, dict[str, int]], ...] = (
        ("drop_dataset_nodes", {"limit": DROPPED_AT_ONCE}),
        ("drop_dataset_texts", {"limit": DROPPED_AT_ONCE, "chars": CHARS_AT_ONCE}),
        ("drop_dataset", {}),
    )
    dropped = 0
    for query, limits in steps:
        while batch := graph.write(query, dataset=dataset, **limits)[0]["deleted"]:
            dropped += batch
            progress(f"dropping {dataset}", dropped, None)
    log.info("dropped dataset %s: %s nodes", dataset, dropped)
    return dropped
