"""The agent's allow-list and the builders know the same forms: what one builds, the other lets through."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from apps.freebsd.channel.agent import argument_lines
from tests.freebsd.cases import cases

AGENT = Path(__file__).parents[3] / "apps" / "hosts" / "agent" / "jailpanel-agent"
BUILDERS = ("install", "create", "onestart", "onestop", "onerestart", "delete", "config_run")
BUILT = [
    pytest.param(case.values[0]["argv"], id=f"{builder}-{case.id}")
    for builder in BUILDERS
    for case in cases(f"ezjail_{builder}")
    if "argv" in case.values[0]
]
NOT_ALLOWED = 77


@pytest.fixture
def root(tmp_path):
    """Make a host whose programs do nothing, so that a run that is let through ends at once."""
    for path in ("usr/local/bin/ezjail-admin", "usr/bin/script", "usr/bin/logger"):
        program = tmp_path / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    return tmp_path


def _start(root: Path, argv: list[str]) -> subprocess.CompletedProcess[bytes]:
    lines = argument_lines(tuple(argv))
    return subprocess.run(
        [AGENT, "start", "run-0001", str(len(lines)), "alice", "7"],
        env={"PATH": os.environ["PATH"], "JAILPANEL_ROOT": str(root)},
        input=lines,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("argv", BUILT)
def test_the_agent_lets_through_what_a_builder_builds(root, argv):
    answer = _start(root, argv)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"started run-0001\n", b"")


@pytest.mark.parametrize(
    "argv",
    [
        ["/usr/local/bin/ezjail-admin", "create", "-x", "lo0|10.0.0.2/24"],
        ["/usr/local/bin/ezjail-admin", "create", "test", "lo0|10.0.0.2/24", "-r", "/etc"],
        ["/usr/local/bin/ezjail-admin", "create", "test", "lo0|$(id)"],
        ["/usr/local/bin/ezjail-admin", "onestart"],
        ["/usr/local/bin/ezjail-admin", "console", "-e", "id", "test"],
        ["/usr/bin/env", "PATH=/tmp", "/usr/local/bin/ezjail-admin", "onestart", "test"],
        ["/bin/sh", "-c", "id"],
    ],
)
def test_the_agent_stops_what_no_builder_builds(root, argv):
    assert _start(root, argv).returncode == NOT_ALLOWED
