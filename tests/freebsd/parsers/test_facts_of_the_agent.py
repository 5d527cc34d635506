"""The agent's own script on a directory tree with captured tools: its sections are those that we read."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from apps.freebsd.parsers.facts import HostFacts, parse_facts
from apps.freebsd.parsers.sections import parse_sections
from tests.freebsd.cases import captured
from tests.freebsd.probes import NONCE, jail_file

AGENT = Path(__file__).parents[3] / "apps" / "hosts" / "agent" / "jailpanel-agent"
TOOLS = {
    "usr/bin/uname": ("host", "uname"),
    "bin/freebsd-version": ("host", "freebsd-version"),
    "sbin/sysctl": ("host", "sysctl-facts"),
    "sbin/ifconfig": ("jail", "ifconfig-host"),
    "sbin/mount": ("jail", "mounts"),
    "bin/df": ("host", "df-json"),
    "usr/sbin/jls": ("jls", "json-named"),
    "sbin/kldstat": ("host", "kldstat-absent"),
    "usr/sbin/sysrc": ("host", "sysrc-unknown"),
    "usr/local/bin/ezjail-admin": ("ezjail", "no-arguments"),
}
BASE = ("bin/sh", "libexec/ld-elf.so.1", "usr/bin/env", "usr/src/Makefile")
LINKS = (
    "bin", "boot", "lib", "libexec", "rescue", "sbin", "usr/bin", "usr/include", "usr/lib", "usr/libdata",
    "usr/libexec", "usr/sbin", "usr/src", "usr/share", "usr/ports",
)  # fmt: skip


@pytest.fixture
def root(tmp_path):
    """Make a tree in which each tool says what it said on the captured host."""
    for path, (file, case) in TOOLS.items():
        _tool(tmp_path / path, captured(file)[case])
    _basejail(tmp_path / "usr/jails")
    for name in ("test", "two.example", "gone"):
        (tmp_path / "usr/jails" / name).mkdir()
    _write(tmp_path / "usr/local/etc/ezjail/test.norun", captured("ezjail")["file-test"]["stdout"])
    _write(tmp_path / "usr/local/etc/ezjail/two_example", captured("ezjail")["file-two"]["stdout"])
    _write(tmp_path / "usr/local/etc/ezjail/six", jail_file("six", "six", "lo1|10.0.0.7/24"))
    _write(tmp_path / "usr/local/etc/ezjail/six.AbC123", "half")
    _write(tmp_path / "usr/local/etc/ezjail/an odd one", "")
    _write(tmp_path / "etc/fstab.lost", "/usr/jails/basejail /usr/jails/lost/basejail nullfs ro 0 0\n")
    _write(tmp_path / "var/run/jail_test.id", "1\n")
    _write(tmp_path / "usr/local/etc/ezjail.conf", 'ezjail_exec_stop="/bin/sh /etc/rc.shutdown jail"\n')
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _tool(path: Path, case: dict[str, str]) -> None:
    lines = [
        "#!/bin/sh",
        f"printf %s {shlex.quote(case['stdout'])}",
        f"printf %s {shlex.quote(case['stderr'])} >&2",
        f"exit {case['exit_status']}",
    ]
    _write(path, "\n".join(lines) + "\n")
    path.chmod(0o755)


def _basejail(jails: Path) -> None:
    for part in BASE:
        _write(jails / "basejail" / part, "")
    _write(
        jails / "basejail/bin/freebsd-version",
        '#!/bin/sh\nset -e\nUSERLAND_VERSION="13.2-RELEASE-p3"\nexit 0\n',
    )
    _write(jails / "newjail/etc/rc", "")
    (jails / "newjail/basejail").mkdir()
    for part in LINKS:
        link = jails / "newjail" / part
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(f"/basejail/{part}")
    (jails / "flavours/example").mkdir(parents=True)
    (jails / "fulljail").mkdir()


def _probe(root: Path) -> HostFacts:
    answer = subprocess.run(
        [AGENT, "facts", NONCE],
        env={"PATH": os.environ["PATH"], "JAILPANEL_ROOT": str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return parse_facts(parse_sections(answer.stdout, NONCE))


def test_every_section_of_the_agent_is_understood(root):
    facts = _probe(root)
    assert facts.problems == ()
    assert (facts.release, facts.hostname, facts.ezjail.version) == ("13.2-RELEASE", "fbsd13", "3.4.2")
    assert facts.ezjail.enabled is False
    assert facts.ezjail.settings.exec_stop == "/bin/sh /etc/rc.shutdown jail"
    assert facts.flavours == ("example",)


def test_jails_that_the_agent_saw(root):
    six, test, two = _probe(root).jails
    assert (test.run_at_boot, test.id_jid, test.root_exists) == (False, 1, True)
    assert (two.run_at_boot, two.root_exists, two.problem) == (True, True, "")
    assert (six.root_exists, six.addresses[0].text) == (False, "lo1|10.0.0.7/24")
    assert [jail.running and jail.running.jid for jail in (six, test, two)] == [3, 1, 2]


def test_basejail_that_the_agent_saw(root):
    basejail = _probe(root).basejail
    assert (basejail.complete, basejail.missing, basejail.half_made) == (True, (), ("fulljail",))
    assert (basejail.release, basejail.has_sources, basejail.has_ports) == ("13.2-RELEASE-p3", True, False)


def test_leftovers_that_the_agent_saw(root):
    leftovers = _probe(root).leftovers
    assert leftovers.files == ("six.AbC123",)
    assert leftovers.odd_files == 1
    assert leftovers.roots == ("/usr/jails/gone",)
    assert leftovers.fstabs == ("/etc/fstab.lost",)


def test_host_without_ezjail(root):
    (root / "usr/local/bin/ezjail-admin").unlink()
    assert not _probe(root).ezjail.installed
