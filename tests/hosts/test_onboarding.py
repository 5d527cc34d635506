"""The one line for a new host, run for real on a folder that stands for the host."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.urls import reverse

from apps.hosts.gateway import AGENT_PATH
from apps.hosts.models import Host
from apps.hosts.onboarding import fingerprint_command, install_command, install_script, local_rule
from apps.hosts.panel_key import AGENT_SCRIPT, public_key_line

URL = "http://panel.example:8000/agent/install.sh?a=1&b='x'"
SHELLS = ["sh", "dash", "bash", "tcsh"]
DOWNLOAD = "/var/db/jailpanel-install.sh"


@dataclass
class Tree:
    """A folder that stands for a FreeBSD host, and the tools of one that Linux lacks."""

    root: Path
    bin: Path

    def tool(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "JAILPANEL_ROOT": str(self.root), **more}

    def run(self, user: str = "root", script: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-s", user],
            input=script or install_script(),
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def agent(self) -> Path:
        return self.root / AGENT_PATH.lstrip("/")

    def keys(self, home: str = "root") -> Path:
        return self.root / home / ".ssh" / "authorized_keys"


@pytest.fixture
def tree(tmp_path) -> Tree:
    made = Tree(tmp_path / "root", tmp_path / "bin")
    made.root.mkdir()
    made.bin.mkdir()
    made.tool("chown", f'echo "$@" >> {shlex.quote(str(tmp_path / "chowned"))}\n')
    made.tool("getent", '[ "$2" = _panel ] || exit 2\necho "_panel:*:900:900:Panel:/home/_panel:/bin/sh"\n')
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_installs_the_agent_byte_for_byte_and_the_key(tree):
    done = tree.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert tree.agent.read_bytes() == AGENT_SCRIPT.read_bytes()
    assert mode(tree.agent) == 0o555
    assert tree.keys().read_text() == f'restrict,command="{AGENT_PATH}" {public_key_line()}\n'
    assert (mode(tree.keys()), mode(tree.keys().parent)) == (0o600, 0o700)
    assert "The agent is installed" in done.stdout


def test_running_it_again_changes_nothing(tree):
    tree.run()
    before = tree.keys().read_text()
    assert tree.run().returncode == 0
    assert tree.keys().read_text() == before
    assert [path.name for path in tree.agent.parent.iterdir()] == [tree.agent.name]


def test_an_older_agent_is_replaced(tree):
    tree.agent.parent.mkdir(parents=True)
    tree.agent.write_text("an older one")
    tree.agent.chmod(0o555)
    assert tree.run().returncode == 0
    assert tree.agent.read_bytes() == AGENT_SCRIPT.read_bytes()


@pytest.mark.parametrize("ending", ["\n", ""], ids=["whole line", "no line end"])
def test_other_keys_stay_as_they_are(tree, ending):
    tree.keys().parent.mkdir(parents=True)
    tree.keys().write_text(f"ssh-ed25519 AAAA someone@else{ending}")
    tree.run()
    first, second = tree.keys().read_text().splitlines()
    assert first == "ssh-ed25519 AAAA someone@else"
    assert second.startswith("restrict,command=")


def test_another_user_gets_the_key_and_asks_doas_for_the_agent(tree, tmp_path):
    done = tree.run("_panel")
    assert (done.returncode, done.stderr) == (0, "")
    line = tree.keys("home/_panel").read_text()
    assert line == f'restrict,command="doas -n {AGENT_PATH} $SSH_ORIGINAL_COMMAND" {public_key_line()}\n'
    assert (tmp_path / "chowned").read_text() == f"-R _panel {tree.root}/home/_panel/.ssh\n"
    assert not tree.keys().exists()


def test_a_user_that_does_not_exist_is_told_and_gets_no_key(tree):
    done = tree.run("_nobody")
    assert done.returncode != 0
    assert "there is no user _nobody" in done.stderr.lower()
    assert not (tree.root / ".ssh").exists()


def test_the_panels_own_machine_gets_the_agent_alone(tree):
    done = tree.run("local")
    assert done.returncode == 0
    assert tree.agent.exists()
    assert not tree.keys().exists()


def test_a_download_that_was_cut_short_installs_nothing(tree):
    script = install_script()
    for part in (0.3, 0.6, 0.95):
        tree.run(script=script[: int(len(script) * part)])
        assert not tree.keys().exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_one_line_fetches_compares_and_runs(tree, host, shell, tmp_path):
    """root's shell is csh before FreeBSD 14, so the line has to mean the same there."""
    done, fetched = run_line(tree, host, shell, tmp_path, install_script())
    assert (done.returncode, done.stderr) == (0, "")
    assert fetched == URL
    assert tree.agent.read_bytes() == AGENT_SCRIPT.read_bytes()
    assert tree.keys().exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_one_line_runs_nothing_that_is_not_this_panels(tree, host, shell, tmp_path):
    done, _ = run_line(tree, host, shell, tmp_path, install_script() + "\n# one byte more")
    assert done.returncode != 0
    assert not tree.agent.exists()


def run_line(tree: Tree, host: Host, shell: str, tmp_path: Path, served: str):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "served").write_text(served)
    (tree.root / "var/db").mkdir(parents=True)
    # FreeBSD's own tools, as far as the line uses them (fetch(1), sha256(1)).
    tree.tool("fetch", f'[ "$1" = -qo ] && printf %s "$3" > {tmp_path}/url && cp {tmp_path}/served "$2"\n')
    tree.tool(
        "sha256",
        '[ "$1" = -c ] || exit 64\nsum=$(sha256sum "$3" | cut -d" " -f1)\n[ "$sum" = "$2" ] || exit 2\n',
    )
    line = install_command(URL, host).replace(DOWNLOAD, str(tree.root / DOWNLOAD.lstrip("/")))
    argv = [program, "-f", "-c", line] if shell == "tcsh" else [program, "-c", line]
    done = subprocess.run(argv, env=tree.environment(), capture_output=True, text=True, check=False)
    return done, (tmp_path / "url").read_text()


def test_the_line_is_one_line_of_plain_words(host):
    line = install_command(URL, host)
    assert "\n" not in line
    assert "`" not in line
    assert "$" not in line
    assert hashlib.sha256(install_script().encode()).hexdigest() in line
    assert shlex.split(line)[-1] == "root"


def test_the_panel_serves_the_script_to_hosts_which_do_not_sign_in(db, nobody):
    answer = nobody.get(reverse("hosts:agent-install"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == install_script()


def test_the_script_holds_nothing_secret(db):
    assert "PRIVATE" not in install_script()
    (key,) = re.findall(r"^key=(.*)$", install_script(), re.MULTILINE)
    assert shlex.split(key) == [public_key_line()]


def test_the_script_needs_no_more_than_a_plain_shell():
    if shutil.which("shellcheck") is None:
        assert not os.environ.get("CI")
        pytest.skip("shellcheck is not installed")
    head = install_script().replace(AGENT_SCRIPT.read_text(), "agent\n")
    checked = subprocess.run(["shellcheck", "-s", "sh", "-"], input=head, text=True, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("ssh-ed25519 AAAA", "ssh_host_ed25519_key.pub"),
        ("ecdsa-sha2-nistp256 AAAA", "ssh_host_ecdsa_key.pub"),
        ("ssh-rsa AAAA", "ssh_host_rsa_key.pub"),
    ],
)
def test_the_fingerprint_is_compared_with_the_key_that_was_shown(key, file):
    assert fingerprint_command(Host(offered_key=key)) == f"ssh-keygen -lf /etc/ssh/{file}"


@pytest.mark.parametrize(
    ("channel", "rule"),
    [
        ("doas", f"permit nopass jailpanel as root cmd {AGENT_PATH}"),
        ("sudo", f"jailpanel ALL=(root) NOPASSWD: {AGENT_PATH}"),
    ],
)
def test_the_panels_own_user_is_let_through_to_the_agent_alone(channel, rule):
    assert local_rule(Host(channel=channel)) == rule
