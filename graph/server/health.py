"""Whether a running server's database takes work, only reads, or none until it is started again."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr

from persona_db.graph.driver_errors import stopped
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from neo4j import Driver

__all__ = ["Health", "State", "look"]

log = logging.getLogger(__name__)


class State(StrEnum):
    """What a database does."""

    WELL = "well"
    STARTING = "starting"
    READ_ONLY = "read-only"
    STOPPED = "stopped"
    FAILED = "failed"


class Health(Model):
    """What a database does, and why."""

    state: State
    reason: str = Field(default="", description="In the server's words, where it does not do all it should.")


def look(uri: str, *, username: str, password: SecretStr, database: str) -> Health:
    """Return how the database is; the driver's AuthError when the server refuses the login."""
    from neo4j import GraphDatabase
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    try:
        with GraphDatabase.driver(uri, auth=(username, password.get_secret_value())) as driver:
            try:
                with driver.session(database=database) as session, session.begin_transaction() as transaction:
                    transaction.commit()
            except AuthError:
                raise
            except Neo4jError as exc:
                if stopped(exc):
                    return Health(state=State.STOPPED, reason=exc.message or "")
                log.debug("Neo4j is not ready: %s", exc)
            return _told(driver, database)
    except AuthError:
        raise
    except (DriverError, Neo4jError) as exc:
        log.debug("Neo4j is not ready: %s", exc)
        return Health(state=State.STARTING)


def _told(driver: Driver, database: str) -> Health:
    """Return what the server itself says of the database."""
    shown = "SHOW DATABASE $name YIELD access, currentStatus, statusMessage"
    rows = driver.execute_query(shown, name=database, database_="system").records
    row = rows[0] if rows else {"currentStatus": "unknown"}
    if row["currentStatus"] in ("starting", "initial", "unknown"):
        return Health(state=State.STARTING)
    if row["currentStatus"] != "online":
        return Health(state=State.FAILED if row["statusMessage"] else State.STARTING, reason=row["statusMessage"])
    if row["access"] == "read-only":
        return Health(state=State.READ_ONLY)
    return Health(state=State.WELL)
