from __future__ import annotations

import shutil

import pytest

from tests.hosts.agent.tree import end_runs, make_tree

# FreeBSD's sh is of Almquist's line, and so are these two.
SHELLS = {"sh": None, "busybox": "/usr/bin/busybox sh"}


@pytest.fixture
def tree(tmp_path):
    made = make_tree(tmp_path)
    yield made
    end_runs(made)


@pytest.fixture(params=sorted(SHELLS))
def shell(request):
    """Each shell that this machine has, as it stands behind `#!`; None for the script's own /bin/sh."""
    path = SHELLS[request.param]
    if path and not shutil.which(path.split()[0]):
        pytest.skip(f"{request.param} is not installed")
    return path


@pytest.fixture
def any_tree(shell, tmp_path):
    """A host whose agent runs under each shell in turn."""
    made = make_tree(tmp_path, shell)
    yield made
    end_runs(made)
