"""Jars are fetched once, verified always, and an interrupted run is resumed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from persona_db.graph.errors import ServerError
from persona_db.graph.server import jars as jars_module
from persona_db.graph.server.jars import install_jars
from persona_db.graph.server.lock import Jar, JarLock

SIZES = (10, 1_000, 70_000, 300_000, 5_000, 123_457)

Fault = Callable[[BaseHTTPRequestHandler, bytes], bool]
"""Answers a request wrongly and returns True, or leaves it to the repository."""


class Repository:
    """A Maven repository on a port of this machine, which can be told to misbehave."""

    def __init__(self) -> None:
        random = Random(7)
        self.content = {f"org/example/j{i}/1/j{i}-1.jar": random.randbytes(size) for i, size in enumerate(SIZES)}
        self.served: Counter[str] = Counter()
        self.fault: Fault = lambda _request, _content: False
        repository = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.removeprefix("/maven/")
                content = repository.content.get(path)
                repository.served[path.rpartition("/")[2]] += 1
                if repository.fault(self, content or b""):
                    return
                answer(self, 200 if content is not None else 404, content or b"")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/maven"
        self.lock = JarLock(
            neo4j="1.2.3",
            endpoint="org.example:all:1",
            jars=tuple(
                Jar(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())
                for path, content in self.content.items()
            ),
        )


def answer(request: BaseHTTPRequestHandler, status: int, content: bytes, *, length: int | None = None) -> bool:
    """Answer with *content*, announced to be *length* bytes; True, for it was answered."""
    request.send_response(status)
    request.send_header("Content-Length", str(len(content) if length is None else length))
    request.end_headers()
    request.wfile.write(content)
    return True


@pytest.fixture
def repository() -> Iterator[Repository]:
    repository = Repository()
    thread = threading.Thread(target=repository.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield repository
    repository.server.shutdown()
    repository.server.server_close()
    thread.join()


def assert_complete(repository: Repository, folder: Path) -> None:
    """Every jar is there as locked, and nothing half-fetched is."""
    assert {file.name: file.read_bytes() for file in folder.glob("*.jar")} == {
        path.rpartition("/")[2]: content for path, content in repository.content.items()
    }
    assert list(folder.glob("*.part")) == []


def install_command(repository: Repository, folder: Path) -> list[str]:
    """The command line of another Python that installs the same jars."""
    script = (
        "import sys; from pathlib import Path; from persona_db.graph.server.jars import install_jars; "
        "from persona_db.graph.server.lock import JarLock; "
        "install_jars(JarLock.model_validate_json(sys.argv[1]), Path(sys.argv[2]), sources=[sys.argv[3]])"
    )
    return [sys.executable, "-c", script, repository.lock.model_dump_json(), str(folder), repository.url]


def test_all_jars_are_fetched_in_class_path_order(repository: Repository, tmp_path: Path) -> None:
    """They lie in one folder, and their files come back in the lock's order."""
    files = install_jars(repository.lock, tmp_path / "jars", sources=[repository.url])
    assert [file.name for file in files] == [jar.name for jar in repository.lock.jars]
    assert_complete(repository, tmp_path / "jars")


def test_progress_counts_bytes_up_to_the_whole(repository: Repository, tmp_path: Path) -> None:
    """It begins at nothing, never falls, and ends at what had to be fetched."""
    told: list[tuple[int, int | None]] = []
    install_jars(
        repository.lock,
        tmp_path,
        sources=[repository.url],
        progress=lambda _what, done, total=None: told.append((done, total)),
    )
    done = [count for count, _ in told]
    assert done == sorted(done)
    assert (told[0], told[-1]) == ((0, sum(SIZES)), (sum(SIZES), sum(SIZES)))


def test_verified_jars_are_not_fetched_again(repository: Repository, tmp_path: Path) -> None:
    """A second run asks the repository for nothing, and needs none."""
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    repository.served.clear()
    install_jars(repository.lock, tmp_path, sources=[])
    assert repository.served == {}


def test_after_a_crash_jars_are_known_by_their_sums(repository: Repository, tmp_path: Path) -> None:
    """One whose bytes changed with its size and time as they were is fetched again, and no other."""
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    repository.served.clear()
    jar = tmp_path / "j2-1.jar"
    times, content = (jar.stat().st_atime_ns, jar.stat().st_mtime_ns), jar.read_bytes()
    jar.write_bytes(bytes(len(content)))
    os.utime(jar, ns=times)
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert repository.served == {}
    install_jars(repository.lock, tmp_path, sources=[repository.url], suspect=True)
    assert repository.served == {"j2-1.jar": 1}
    assert jar.read_bytes() == content


def test_an_interrupted_run_is_resumed(repository: Repository, tmp_path: Path) -> None:
    """What an earlier run left complete is kept, though no record tells of it; a half file is fetched anew."""
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    repository.served.clear()
    (tmp_path / "verified.json").unlink()
    (tmp_path / "j2-1.jar").unlink()
    (tmp_path / "j2-1.jar.part").write_bytes(b"half")
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert repository.served == {"j2-1.jar": 1}
    assert_complete(repository, tmp_path)


def test_what_a_killed_run_fetched_is_kept(repository: Repository, tmp_path: Path) -> None:
    """It was killed while two jars were on their way; only those are fetched by the next run."""
    slow = {"j3-1.jar", "j5-1.jar"}
    go_on = threading.Event()
    repository.fault = lambda request, _content: (
        request.path.rpartition("/")[2] in slow and go_on.wait(timeout=60) and request.close_connection
    )
    process = subprocess.Popen(install_command(repository, tmp_path))
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("*.jar"))) < len(SIZES) - len(slow) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    go_on.set()
    repository.fault = lambda _request, _content: False
    repository.served.clear()
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert repository.served == dict.fromkeys(slow, 1)
    assert_complete(repository, tmp_path)


@pytest.mark.parametrize("recorded", [True, False], ids=["with a record", "without one"])
@pytest.mark.parametrize("damage", [b"", b"short", bytes(SIZES[3])], ids=["empty", "short", "same size"])
def test_a_corrupted_jar_is_fetched_again(
    repository: Repository, tmp_path: Path, damage: bytes, recorded: bool
) -> None:
    """Damage is noticed by size, by time of change, or, without a record, by the sum."""
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    repository.served.clear()
    (tmp_path / "j3-1.jar").write_bytes(damage)
    if not recorded:
        (tmp_path / "verified.json").unlink()
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert repository.served == {"j3-1.jar": 1}
    assert_complete(repository, tmp_path)


@pytest.mark.parametrize("record", ["", "[1, 2]", '{"j0-1.jar": 5}', "null", "\x00"])
def test_a_damaged_record_is_no_record(repository: Repository, tmp_path: Path, record: str) -> None:
    """With a damaged record, the jars are verified by their sums and kept."""
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    repository.served.clear()
    (tmp_path / "verified.json").write_text(record)
    install_jars(repository.lock, tmp_path, sources=[])
    assert repository.served == {}


def test_another_file_than_the_locked_one_is_refused(repository: Repository, tmp_path: Path) -> None:
    """The error names the jar and where it came from; nothing of it stays; the next run fetches it."""
    name = "j4-1.jar"
    repository.fault = lambda request, content: (
        request.path.endswith(name) and answer(request, 200, bytes(len(content)))
    )
    with pytest.raises(ServerError, match=rf"{name} .*127\.0\.0\.1: .*SHA-256.*refused.*run the command again"):
        install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert not (tmp_path / name).exists()
    assert repository.served[name] == 1
    repository.fault = lambda _request, _content: False
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert_complete(repository, tmp_path)


def test_too_long_a_file_is_refused(repository: Repository, tmp_path: Path) -> None:
    """A file longer than the locked size is refused before its end is read."""
    repository.fault = lambda request, content: answer(request, 200, content + bytes(10))
    with pytest.raises(ServerError, match="refused"):
        install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert list(tmp_path.glob("*.jar")) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(repository: Repository, tmp_path: Path, status: int) -> None:
    """A repository that is overloaded for a moment is asked again."""
    repository.fault = lambda request, _content: (
        repository.served[request.path.rpartition("/")[2]] == 1 and not (answer(request, status, b""))
    )
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert set(repository.served.values()) == {2}
    assert_complete(repository, tmp_path)


def test_a_download_that_breaks_off_is_tried_again(repository: Repository, tmp_path: Path) -> None:
    """A download that ends early is tried again, whatever length was announced."""

    def break_off(request: BaseHTTPRequestHandler, content: bytes) -> bool:
        if repository.served[request.path.rpartition("/")[2]] > 1:
            return False
        request.close_connection = True
        return answer(request, 200, content[: len(content) // 2], length=len(content))

    repository.fault = break_off
    install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert_complete(repository, tmp_path)


@pytest.mark.parametrize(("status", "said"), [(404, "no such file"), (401, "HTTP status 401")])
def test_a_refusal_is_not_tried_again(repository: Repository, tmp_path: Path, status: int, said: str) -> None:
    """A refusal is not retried, and the error quotes the repository."""
    repository.fault = lambda request, _content: answer(request, status, b"")
    with pytest.raises(ServerError, match=said):
        install_jars(repository.lock, tmp_path, sources=[repository.url])
    assert max(repository.served.values()) == 1


def test_another_repository_is_tried_next(repository: Repository, tmp_path: Path) -> None:
    """A jar comes from the first one that has it as locked."""
    elsewhere = repository.url.replace("/maven", "/elsewhere")
    install_jars(repository.lock, tmp_path, sources=[elsewhere, repository.url])
    assert_complete(repository, tmp_path)


def test_no_connection_is_one_clear_error(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to do, and keeps a password in the repository's address to itself."""
    monkeypatch.setattr(jars_module, "ATTEMPTS", 2)
    repository.server.server_close()
    url = repository.url.replace("http://", "http://me:secret@")
    with pytest.raises(ServerError, match=r"could not be fetched \(127\.0\.0\.1: ConnectionError") as caught:
        install_jars(repository.lock, tmp_path, sources=[url])
    assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_a_clear_error(repository: Repository, tmp_path: Path) -> None:
    """The error names the setting that moves it."""
    (tmp_path / "cache").write_text("a file is in the way")
    with pytest.raises(ServerError, match="PERSONA_DB_CACHE"):
        install_jars(repository.lock, tmp_path / "cache" / "jars", sources=[repository.url])


def test_two_processes_at_once_fetch_each_jar_once(repository: Repository, tmp_path: Path) -> None:
    """Of two processes, the second waits and then finds every jar there."""
    processes = [subprocess.Popen(install_command(repository, tmp_path)) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert set(repository.served.values()) == {1}
    assert_complete(repository, tmp_path)
