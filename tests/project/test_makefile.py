"""FreeBSD's make and GNU make must both understand the Makefile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from jailpanel.environment import BASE_DIR
from tests.programs import program

TARGETS = [
    *("help", "demo", "run", "install", "check", "test", "test-sqlite", "test-postgres"),
    *("faults", "fuzz-firewall", "contract", "bench", "screenshots", "lock", "clean"),
]


def call_make(make: str, *words: str, folder=BASE_DIR) -> str:
    # A make above us (`make test`) speaks to its children through MAKEFLAGS.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = [program(make), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def dry_run(make: str, *words: str, folder=BASE_DIR) -> str:
    return call_make(make, "-n", *words, folder=folder)


@pytest.fixture
def fresh_clone(tmp_path):
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(BASE_DIR / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("target", TARGETS)
def test_both_makes_would_do_the_same(target, fresh_clone):
    words = (target, "HOST=192.0.2.7", "PORT=2222", "KEY=key")
    assert dry_run("make", *words, folder=fresh_clone) == dry_run("bmake", *words, folder=fresh_clone)


def test_every_target_is_tried_here():
    phony = re.search(r"^\.PHONY: (.*)$", (BASE_DIR / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(TARGETS)


@pytest.mark.parametrize("make", ["make", "bmake"])
def test_help_comes_first_and_says_a_sentence_for_every_target(make):
    assert dry_run(make) == dry_run(make, "help")
    assert [line.split()[1] for line in call_make(make).splitlines()] == TARGETS


def test_the_demo_installs_only_what_it_runs_on(fresh_clone):
    text = dry_run("make", "demo", folder=fresh_clone)
    assert "requirements.txt" in text
    assert "requirements-dev.txt" not in text


def test_an_installed_environment_is_not_touched_again(fresh_clone):
    (fresh_clone / ".venv").mkdir()
    (fresh_clone / ".venv" / "installed").touch()
    assert "make-venv" not in dry_run("make", "demo", folder=fresh_clone)


@pytest.mark.parametrize("make", ["make", "bmake"])
def test_clean_keeps_the_panels_state(make):
    words = dry_run(make, "clean").split()
    assert "var" not in words
    assert "var/" not in words


@pytest.mark.parametrize("script", ["deploy/make-venv", ".ci/run"])
def test_scripts_are_clean(script):
    done = subprocess.run(
        [program("shellcheck"), script], cwd=BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_without_venv_a_sentence_says_what_to_install(tmp_path):
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexit 0\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["sh", BASE_DIR / "deploy" / "make-venv", "requirements.txt"],
        cwd=tmp_path, env={**os.environ, "PYTHON": str(python)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_refused_with_its_version(tmp_path):
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["sh", BASE_DIR / "deploy" / "make-venv", "requirements.txt"],
        cwd=tmp_path, env={**os.environ, "PYTHON": str(python)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Python 3.9.2 is too old" in done.stderr
