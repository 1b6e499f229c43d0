"""What can be set, by environment or argument; read once, then passed down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

__all__ = ["Settings"]


class Settings(BaseModel):
    """Settings from arguments, else from the environment; without NEO4J_URI the embedded Neo4j is used.

    The variable of a field is PERSONA_DB_ and its name, but NEO4J_URI and so on for the server; NEO4J_USER stands in
    for NEO4J_USERNAME.
    PERSONA_DB_HOME moves everything the product writes (data, jars, caches) under one folder.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    neo4j_uri: str | None = None
    neo4j_username: str = "neo4j"
    neo4j_password: SecretStr | None = None
    neo4j_database: str = "neo4j"
    home: Path | None = Field(default=None, description="One folder for data and caches instead of the user's own.")
    cache: Path | None = Field(
        default=None, description="Where jars and vectors are cached; they are the same for every home."
    )
    heap_mb: int | None = Field(default=None, ge=128, description="Java heap of the embedded server, MB.")
    page_cache_mb: int | None = Field(default=None, ge=64, description="Page cache of the embedded server, MB.")
    embedding_model: str = Field(
        default="all-MiniLM-L6-v2", description="A sentence-transformers model; the default comes with the package."
    )
    prices: Path | None = Field(
        default=None, description="A JSON file with prices of language models, US dollars per million tokens."
    )
    batch_size: int = Field(default=5_000, ge=1, description="Rows in one write transaction.")

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Read what is not given; pydantic-settings would do it, in a tenth of the time that `users` takes."""
        variables = {name.upper(): text for name, text in os.environ.items()}
        if "NEO4J_USER" in variables:
            variables.setdefault("NEO4J_USERNAME", variables["NEO4J_USER"])
        read = {
            name: variables.get(name.upper() if name.startswith("neo4j_") else f"PERSONA_DB_{name.upper()}")
            for name in cls.model_fields
        }
        return {name: text for name, text in read.items() if text is not None} | given

    @property
    def data_dir(self) -> Path:
        """Where the embedded server keeps its data, password and logs."""
        if self.home:
            return self.home / "data"
        import platformdirs

        return Path(platformdirs.user_data_dir("persona-db", appauthor=False))

    @property
    def cache_dir(self) -> Path:
        """Where jars and vectors are kept; safe to delete, they are fetched or made again."""
        if self.cache:
            return self.cache
        if self.home:
            return self.home / "cache"
        import platformdirs

        return Path(platformdirs.user_cache_dir("persona-db", appauthor=False))
