"""The lock that comes with the package names every jar of one Neo4j."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from persona_db.graph.server.lock import Jar, JarLock, as_toml, read_lock, repositories


def test_the_lock_holds_a_whole_server() -> None:
    """The server, its web part and Neo4j Browser are in it, each file name once."""
    lock = read_lock()
    names = [jar.name for jar in lock.jars]
    assert len(set(names)) == len(names)
    assert {f"neo4j-{lock.neo4j}.jar", f"neo4j-server-{lock.neo4j}.jar"} <= set(names)
    assert any(name.startswith("neo4j-browser-") for name in names)


def test_the_file_is_what_the_command_writes() -> None:
    """The lock file is what the command writes."""
    from persona_db.graph.server import lock as module

    file = Path(module.__file__).with_name("jars.lock.toml")
    assert file.read_text(encoding="utf-8") == as_toml(read_lock())


@pytest.mark.parametrize("path", ["../../evil.jar", "/etc/evil.jar", "a/../b.jar", "a/b.zip", "b.jar", "a/b?.jar"])
def test_a_path_stays_in_its_repository(path: str) -> None:
    """A lock whose path leaves the repository's folder is refused."""
    with pytest.raises(ValidationError):
        Jar(path=path, size=1, sha256="0" * 64)


def test_a_lock_without_jars_is_refused() -> None:
    """A lock without jars is refused."""
    with pytest.raises(ValidationError):
        JarLock(neo4j="1.2.3", endpoint="a:b:1", jars=())


def test_repositories_are_those_of_jgo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror named in jgo's configuration is tried first, and one named `central` replaces the default."""
    settings = tmp_path / "jgo.conf"
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    [default] = repositories().values()
    settings.write_text("[repositories]\nmirror = http://mirror.example/maven/\n")
    assert list(repositories().values()) == ["http://mirror.example/maven", default]
    settings.write_text("[repositories]\ncentral = http://mirror.example/maven/\n")
    assert list(repositories().values()) == ["http://mirror.example/maven"]
