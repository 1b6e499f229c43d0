"""With CI set a skipped test is a failed one, with the reason of the skip; an expected failure is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = {
    "in_the_test": "def test_it():\n    pytest.skip('no moon tonight')\n",
    "by_a_mark": "@pytest.mark.skip(reason='no moon tonight')\ndef test_it():\n    pass\n",
    "in_a_fixture": (
        "@pytest.fixture\ndef moon():\n    pytest.skip('no moon tonight')\n\ndef test_it(moon):\n    pass\n"
    ),
    "of_a_module": "pytest.skip('no moon tonight', allow_module_level=True)\n",
}
EXPECTED_FAILURE = "@pytest.mark.xfail(reason='no moon tonight')\ndef test_it():\n    raise RuntimeError\n"


def run(folder: Path, test: str, *, ci: bool) -> subprocess.CompletedProcess[str]:
    """Run pytest on one test file, with the hooks of tests/conftest.py."""
    (folder / "test_sky.py").write_text(f"import pytest\n\n{test}", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | ({"CI": "true"} if ci else {})
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", os.devnull, "--rootdir", str(folder)]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("way", TESTS)
def test_a_skip_fails(way: str, tmp_path: Path) -> None:
    """However it is skipped."""
    done = run(tmp_path, TESTS[way], ci=True)
    assert done.returncode != 0
    assert "no moon tonight" in done.stdout


def test_a_skip_is_a_skip_elsewhere(tmp_path: Path) -> None:
    """On a desk that lacks something."""
    done = run(tmp_path, TESTS["in_the_test"], ci=False)
    assert "1 skipped" in done.stdout
    assert done.returncode == 0


def test_an_expected_failure_is_none(tmp_path: Path) -> None:
    """It ran, and did what its mark says."""
    done = run(tmp_path, EXPECTED_FAILURE, ci=True)
    assert "1 xfailed" in done.stdout
    assert done.returncode == 0
