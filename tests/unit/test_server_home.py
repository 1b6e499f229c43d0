"""The folder of the embedded server is private, and what is written about its server is whole."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from persona_db.graph.errors import ServerError
from persona_db.graph.server import status, stop
from persona_db.graph.server.home import Home, Record, free_ports
from persona_db.graph.server.memory import MemoryPlan
from persona_db.graph.server.process import answers_bolt, find_process
from persona_db.graph.settings import Settings

RECORD = Record(version="2026.08.1", bolt_port=1000, http_port=1001, pid=5, ready=True, started_at="2026-01-01T00:00Z")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "a folder: with blanks")
    home.make()
    return home


def mode(path: Path) -> int:
    """Who may do what with it."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_look_in(home: Home) -> None:
    """The folder and its files are private, whatever the umask allows."""
    old = os.umask(0)
    try:
        home.make_password()
    finally:
        os.umask(old)
    assert (mode(home.folder), mode(home.password_file)) == (0o700, 0o600)
    assert {mode(folder) for folder in home.folder.iterdir() if folder.is_dir()} == {0o700}


def test_a_folder_that_was_there_is_left_as_it_was(tmp_path: Path) -> None:
    """The mode of a folder that existed is kept; our files in it are private."""
    tmp_path.chmod(0o755)
    home = Home(tmp_path)
    home.make()
    assert mode(tmp_path) == 0o755
    assert {mode(folder) for folder in tmp_path.iterdir()} == {0o700}


def test_a_folder_has_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder named by a link or from another working folder is the same folder."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert len({Home(path).argument for path in (tmp_path / "real", tmp_path / "link", Path("real"))}) == 1


def test_the_password_is_made_once(home: Home) -> None:
    """The password is made once, long and never printed, and another folder gets another password."""
    home.make_password()
    password = home.read_password()
    home.make_password()
    assert home.read_password() == password
    assert len(password.get_secret_value()) >= 32
    assert password.get_secret_value() not in repr(password)


def test_a_lost_password_is_a_clear_error(home: Home) -> None:
    """When data exist and the password file is gone, an error says so and no new password is made."""
    (home.folder / "data" / "databases" / "system").mkdir(parents=True)
    with pytest.raises(ServerError, match=r"password file .* is gone.*put it back"):
        home.make_password()
    with pytest.raises(ServerError, match=r"password file .* cannot be read.*put it back"):
        home.read_password()


@pytest.mark.parametrize("content", [b"\xff\xfes\x00e\x00", "pässwort".encode("latin-1"), "пароль".encode()])
def test_a_password_file_of_another_encoding_is_a_clear_error(home: Home, content: bytes) -> None:
    """In one line, which file it is and what to write into it; its bytes are not repeated."""
    home.password_file.write_bytes(content)
    with pytest.raises(ServerError, match=r"password file .* holds other bytes .*; write the password alone") as caught:
        home.read_password()
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """The error names the setting that moves it."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ServerError, match="PERSONA_DB_HOME"):
        Home(tmp_path / "file" / "data").make()


def test_the_record_comes_back(home: Home) -> None:
    """A record is read back as it was written."""
    home.write_record(RECORD)
    assert home.read_record() == RECORD


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"version": "1", "bolt_port": 0, "http_port": 1}'])
def test_a_damaged_record_is_none(home: Home, text: str) -> None:
    """A damaged record counts as none; the server that it named is then found by its command line."""
    home.record_file.write_text(text)
    assert home.read_record() is None


def test_another_process_of_that_number_is_no_server(home: Home) -> None:
    """A process that has the recorded number but is no Neo4j is not taken for the server."""
    assert find_process(home, os.getpid()) is None
    assert find_process(home, None) is None


def test_the_configuration_is_complete(home: Home) -> None:
    """Every place of the template is filled, and both ports are bound to this machine only."""
    home.write_configuration(bolt_port=1234, http_port=5678, memory=MemoryPlan(heap_mb=1000, page_cache_mb=200))
    text = (home.conf / "neo4j.conf").read_text()
    assert "$" not in text
    lines = text.splitlines()
    assert "server.bolt.listen_address=127.0.0.1:1234" in lines
    assert "server.http.listen_address=127.0.0.1:5678" in lines
    assert "db.memory.transaction.max=400m" in lines
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert len(set(names)) == len(names)


def test_free_ports_are_different_and_the_wished_ones_where_free() -> None:
    """Free ports differ; a requested port is given if it is free, and never one in use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        first, second = free_ports(port, 0)
        assert len({port, first, second}) == 3
    assert free_ports(first, second) == (first, second)


def test_who_listens_without_speaking_bolt_is_no_server() -> None:
    """A listener that does not speak Bolt, one that closes at once, and a closed port are no server."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert not answers_bolt(port, timeout=0.05)
    assert not answers_bolt(port, timeout=0.05)


def test_an_unused_folder_has_no_server(tmp_path: Path) -> None:
    """Asking and stopping write nothing there."""
    settings = Settings(home=tmp_path / "home")
    assert status(settings) is None
    assert stop(settings) is False
    assert not (tmp_path / "home").exists()


def test_a_server_that_is_gone_is_not_running(tmp_path: Path) -> None:
    """Its version and its password file are still told; no address is."""
    settings = Settings(home=tmp_path)
    home = Home(settings.data_dir)
    home.make()
    home.write_record(RECORD.model_copy(update={"pid": 2**22 + 1}))
    found = status(settings)
    assert found is not None
    assert (found.running, found.uri, found.browser_url, found.pid, found.started_at) == (False, None, None, None, None)
    assert (found.version, found.password_file) == ("2026.08.1", home.password_file)
