"""The store: models, a session that runs the named queries of cypher/, and functions that write and read with them.

A name is imported when it is first used: every command imports this package, and `--help` needs no driver.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.graph.catalog import NamedQuery
    from persona_db.graph.datasets import Dataset, drop_dataset, ensure_dataset, require_dataset
    from persona_db.graph.embedding import Embedder, embed_missing, embedder_of
    from persona_db.graph.erase import Receipt, erase_user
    from persona_db.graph.errors import PersonaDBError
    from persona_db.graph.ingest import store_items, store_people, store_questions
    from persona_db.graph.ledger import Spent, spent
    from persona_db.graph.models import HistoryItem, Person, Question
    from persona_db.graph.names import Sharing
    from persona_db.graph.session import Graph
    from persona_db.graph.settings import Settings
    from persona_db.graph.users import history, require_user

__all__ = [
    "Dataset",
    "Embedder",
    "Graph",
    "HistoryItem",
    "NamedQuery",
    "Person",
    "PersonaDBError",
    "Question",
    "Receipt",
    "Settings",
    "Sharing",
    "Spent",
    "drop_dataset",
    "embed_missing",
    "embedder_of",
    "ensure_dataset",
    "erase_user",
    "history",
    "require_dataset",
    "require_user",
    "spent",
    "store_items",
    "store_people",
    "store_questions",
]

_HOMES = {
    "catalog": ("NamedQuery",),
    "datasets": ("Dataset", "drop_dataset", "ensure_dataset", "require_dataset"),
    "embedding": ("Embedder", "embed_missing", "embedder_of"),
    "erase": ("Receipt", "erase_user"),
    "errors": ("PersonaDBError",),
    "ingest": ("store_items", "store_people", "store_questions"),
    "ledger": ("Spent", "spent"),
    "models": ("HistoryItem", "Person", "Question"),
    "names": ("Sharing",),
    "session": ("Graph",),
    "settings": ("Settings",),
    "users": ("history", "require_user"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
