"""Which jars make the embedded server: `jars.lock.toml`, and the command that writes it.

    python -m persona_db.graph.server.lock [ENDPOINT]

jgo resolves the Maven coordinates, fetches every jar (checked against the repository's own SHA-1 files)
and the lock records each one's place in a Maven repository, its size and its SHA-256 sum.
Run it only to move to another Neo4j; the lock is committed, and installing verifies against it.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError

from persona_db.graph.errors import ServerError
from persona_db.graph.models import Model

__all__ = ["Jar", "JarLock", "main", "read_lock", "repositories", "resolve"]

LOCK_NAME = "jars.lock.toml"


class Jar(Model):
    """One file of a Maven repository."""

    path: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+\-]*(/[A-Za-z0-9_][A-Za-z0-9_.+\-]*)+\.jar$",
        description="Under the repository's URL.",
    )
    size: int = Field(gt=0, description="Bytes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def name(self) -> str:
        """File name; unique in a lock."""
        return PurePosixPath(self.path).name


class JarLock(Model):
    """Every jar of one Neo4j, in class path order."""

    neo4j: str = Field(pattern=r"^[0-9][0-9.]*$", description="Version of the server.")
    endpoint: str = Field(description="Maven coordinates that were resolved.")
    jars: tuple[Jar, ...] = Field(min_length=1)

    @property
    def total_size(self) -> int:
        """Bytes of all jars."""
        return sum(jar.size for jar in self.jars)


@cache
def read_lock() -> JarLock:
    """Return the lock that comes with the package."""
    text = resources.files(__package__).joinpath(LOCK_NAME).read_text(encoding="utf-8")
    try:
        return JarLock.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as exc:
        raise ServerError(f"{LOCK_NAME} of the installed package is damaged; install persona-db again") from exc


def repositories() -> dict[str, str]:
    """Return Maven repositories, name -> base URL, in the order they are tried.

    They are jgo's: those of the `[repositories]` section of its configuration file, then its default one,
    which a repository named `central` there replaces.
    """
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    found: dict[str, str] = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    if found["central"] == MAVEN_CENTRAL_URL:
        found["central"] = found.pop("central")
    return {name: url.rstrip("/") for name, url in found.items()}


def main(arguments: Sequence[str] = ()) -> int:
    """Resolve the endpoint (the lock's own when none is given) and write the lock beside this module."""
    endpoint = arguments[0] if arguments else read_lock().endpoint
    with tempfile.TemporaryDirectory() as folder:
        lock = resolve(endpoint, repository=Path(folder))
    target = Path(__file__).with_name(LOCK_NAME)
    target.write_text(as_toml(lock), encoding="utf-8")
    sys.stdout.write(f"{target.name}: Neo4j {lock.neo4j}, {len(lock.jars)} jars, {lock.total_size / 1e6:.0f} MB\n")
    return 0


def resolve(endpoint: str, *, repository: Path) -> JarLock:
    """Return the lock of *endpoint*, its jars left in *repository*, a Maven cache that may be empty."""
    from jgo.maven import MavenContext
    from jgo.parse import Endpoint

    context = MavenContext(repo_cache=repository, remote_repos=repositories())
    asked = [
        context.create_dependency(replace(coordinate, scope="compile"))
        for coordinate in Endpoint.parse(endpoint).coordinates
    ]
    inputs, others = context.resolver.resolve(asked)
    artifacts = [d.artifact for d in (*inputs, *others) if d in inputs or d.scope in ("compile", "runtime")]
    with ThreadPoolExecutor(max_workers=16) as pool:
        files = list(pool.map(lambda artifact: Path(artifact.resolve()), artifacts))
    jars = tuple(
        Jar(
            path=file.relative_to(repository).as_posix(),
            size=file.stat().st_size,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for file in files
    )
    names = [jar.name for jar in jars]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ServerError(f"two jars of {endpoint} share a file name: {', '.join(twice)}")
    version = next(a.version for a in artifacts if (a.groupId, a.artifactId) == ("org.neo4j", "neo4j"))
    return JarLock(neo4j=version, endpoint=endpoint, jars=jars)


def as_toml(lock: JarLock) -> str:
    """Write *lock* so that a changed jar is a changed line."""
    lines = [
        "# The jars of the embedded Neo4j, in class path order.",
        "# Written by `python -m persona_db.graph.server.lock`; not edited by hand.",
        f'neo4j = "{lock.neo4j}"',
        f'endpoint = "{lock.endpoint}"',
        "jars = [",
        *(f'  {{ path = "{jar.path}", size = {jar.size}, sha256 = "{jar.sha256}" }},' for jar in lock.jars),
        "]",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
