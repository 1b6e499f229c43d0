"""The embedded server's folder: its configuration, its password, and a record of the server in it."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from string import Template

from pydantic import Field, SecretStr, ValidationError

from persona_db.graph.errors import ServerError
from persona_db.graph.models import Model
from persona_db.graph.room import MB, START_MB, full_disk, is_full

from .memory import MemoryPlan

__all__ = ["Home", "Record", "free_ports"]

TRANSACTION_TIMEOUT = "10m"
"""The server ends a longer transaction, whatever limit its client set."""


class Record(Model):
    """The server of a folder as the command that started it wrote it down; kept, without pid, once it is stopped."""

    version: str = Field(description="Neo4j that last used the folder.")
    bolt_port: int = Field(gt=0, lt=65536)
    http_port: int = Field(gt=0, lt=65536)
    pid: int | None = Field(default=None, description="The server's process; None when it was stopped.")
    ready: bool = Field(default=False, description="It has answered a client since it was started.")
    started_at: str = Field(default="", description="ISO 8601, UTC.")


class Home:
    """Where one embedded server keeps everything it writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()  # one name, whatever way led here: the server is recognised by it
        self.conf = self.folder / "conf"
        self.logs = self.folder / "logs"
        self.run = self.folder / "run"
        self.password_file = self.folder / "password"
        self.record_file = self.run / "server.json"
        self.lock_file = self.run / "server.lock"
        self.temporary = self.run / "tmp"
        self.console_log = self.logs / "console.log"

    @property
    def argument(self) -> str:
        """The option of the server's command line that says which folder it serves; what it is recognised by."""
        return f"--home-dir={self.folder}"

    @property
    def initialised(self) -> bool:
        """Whether a server has run here: from then on only its own data know the password."""
        return (self.folder / "data" / "databases" / "system").exists()

    def make(self) -> None:
        """Make the folders that are missing; what is in them only their owner can read."""
        with self._writing():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in ("conf", "data", "import", "logs", "plugins", "run"):
                (self.folder / name).mkdir(exist_ok=True)
                (self.folder / name).chmod(0o700)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Let what keeps the folder from being written leave as an error of ours that names it."""
        try:
            yield
        except OSError as exc:
            if is_full(exc):
                raise full_disk(self.folder, needed=START_MB * MB, what="starting Neo4j") from exc
            raise ServerError(
                f"the data folder {self.folder} cannot be written ({exc.strerror}); make it writable for this user, "
                "or set PERSONA_DB_HOME to another"
            ) from exc

    def read_record(self) -> Record | None:
        """Return what is written about the server, None when there is nothing readable."""
        try:
            return Record.model_validate_json(self.record_file.read_bytes())
        except (OSError, ValidationError):
            return None

    def write_record(self, record: Record) -> None:
        """Write *record* so that a reader sees the old one or the new one, whole."""
        temporary = self.record_file.with_suffix(".part")
        with self._writing():
            temporary.write_text(record.model_dump_json(), encoding="utf-8")
            temporary.replace(self.record_file)

    def make_password(self) -> None:
        """Write a new password, unless there is one, that only its owner can read."""
        if self.password_file.exists():
            return
        if self.initialised:
            raise ServerError(
                f"the password file {self.password_file} is gone, and the data know no other password; "
                f"put it back, or remove {self.folder} to begin with an empty graph"
            )
        temporary = self.password_file.with_suffix(".part")
        with self._writing():
            temporary.unlink(missing_ok=True)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(24))  # no character that a command line or a URL gives a meaning
            temporary.replace(self.password_file)

    def read_password(self) -> SecretStr:
        """Return the password of the user `neo4j`."""
        try:
            return SecretStr(self.password_file.read_text(encoding="ascii").strip())
        except OSError as exc:
            raise ServerError(
                f"the password file {self.password_file} cannot be read ({exc.strerror}); put it back, "
                f"or stop the server with `persona-db down` and remove {self.folder} to begin with an empty graph"
            ) from exc
        except UnicodeDecodeError as exc:
            raise ServerError(
                f"the password file {self.password_file} holds other bytes than the password that was made; "
                f"write the password alone into it, as ASCII, or remove {self.folder} to begin with an empty graph"
            ) from exc

    def write_configuration(
        self, *, bolt_port: int, http_port: int, memory: MemoryPlan, whole_log: bool = True
    ) -> None:
        """Write conf/neo4j.conf from the template; without *whole_log* a torn end of the log is left out."""
        template = Template(resources.files(__package__).joinpath("neo4j.conf").read_text(encoding="utf-8"))
        text = template.substitute(
            bolt_port=bolt_port,
            http_port=http_port,
            transaction_timeout=TRANSACTION_TIMEOUT,
            transaction_mb=memory.transaction_mb,
            transactions_mb=memory.transactions_mb,
            page_cache_mb=memory.page_cache_mb,
            whole_log=str(whole_log).lower(),
        )
        with self._writing():
            (self.conf / "neo4j.conf").write_text(text, encoding="utf-8")


def free_ports(*wished: int) -> tuple[int, ...]:
    """Return as many different ports of 127.0.0.1 as *wished*, each the wished one where that is free (0: any)."""
    sockets: list[socket.socket] = []
    try:
        for port in wished:
            sockets.append(_bound(port))
        return tuple(int(bound.getsockname()[1]) for bound in sockets)
    finally:
        for bound in sockets:
            bound.close()


def _bound(port: int) -> socket.socket:
    for candidate in (port, 0):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port of a server just stopped is free
        try:
            bound.bind(("127.0.0.1", candidate))
        except OSError:
            bound.close()
            continue
        return bound
    raise ServerError("no free port on 127.0.0.1; close a program that listens there and try again")
