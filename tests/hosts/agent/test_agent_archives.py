"""Archives and snapshots: only below what ezjail's own settings name, and facts of what is there."""

from __future__ import annotations

import os

import pytest

from tests.hosts.agent.test_agent_facts import facts
from tests.hosts.agent.tree import EZJAIL, lines

ZFS, GZIP, LINK, UNLINK = "/sbin/zfs", "/usr/bin/gzip", "/bin/link", "/bin/unlink"
DIRECTORY = "/data/archives"
FILE = "web-202611241259.00.tar.gz"
OWN = "jailpanel-20261124-125900"
CONF = f"ezjail_jailzfs=tank/ezjail\nezjail_archivedir={DIRECTORY}\n"
TOOL = "#!/bin/sh\nfor word do printf '%s\\n' \"$word\"; done\n"

ACCEPTED = [
    (EZJAIL, "archive", "-a", f"partial.{FILE}", "web"),
    (EZJAIL, "archive", "-f", "-a", "x.tgz", "foo-bar.com"),
    (GZIP, "-t", f"{DIRECTORY}/{FILE}"),
    (LINK, f"{DIRECTORY}/partial.{FILE}", f"{DIRECTORY}/{FILE}"),
    (UNLINK, f"{DIRECTORY}/{FILE}"),
    (ZFS, "snapshot", "-r", f"tank/ezjail/web@{OWN}"),
    (ZFS, "snapshot", "-r", f"tank/ezjail/basejail@{OWN}"),
    (ZFS, "rollback", f"tank/ezjail/web@{OWN}"),
    (ZFS, "rollback", "-r", "tank/ezjail/web/data@by:hand.1"),
    (ZFS, "destroy", "-r", f"tank/ezjail/web@{OWN}"),
    (ZFS, "rename", "tank/ezjail/foo-1.org", "tank/ezjail/kept-foo-1.org-20261124125900"),
    (ZFS, "rename", "tank/ezjail/kept-web-20261124125900", "tank/ezjail/web"),
    (ZFS, "set", "mountpoint=none", "tank/ezjail/web"),
    (ZFS, "set", "mountpoint=/usr/jails/web", "tank/ezjail/web"),
    (ZFS, "destroy", "-r", "tank/ezjail/kept-web-20261124125900"),
]
REFUSED = [
    (EZJAIL, "archive", "web"),
    (EZJAIL, "archive", "-A"),
    (EZJAIL, "archive", "-a", "-", "web"),
    (EZJAIL, "archive", "-a", "../x.tar.gz", "web"),
    (EZJAIL, "archive", "-a", "/etc/x.tar.gz", "web"),
    (EZJAIL, "archive", "-a", "x", "web"),
    (EZJAIL, "archive", "-a", ".x.tar.gz", "web"),
    (EZJAIL, "archive", "-a", "x.tar.gz", "-A"),
    (EZJAIL, "archive", "-a", "x.tar.gz", "web", "db"),
    (EZJAIL, "archive", "-d", "/tmp", "-a", "x.tar.gz", "web"),
    (GZIP, f"{DIRECTORY}/{FILE}"),
    (GZIP, "-d", f"{DIRECTORY}/{FILE}"),
    (GZIP, "-t", f"/usr/jails/ezjail_archives/{FILE}"),
    (GZIP, "-t", f"{DIRECTORY}/below/{FILE}"),
    (GZIP, "-t", f"{DIRECTORY}/{FILE}", f"{DIRECTORY}/{FILE}"),
    (LINK, f"{DIRECTORY}/{FILE}"),
    (LINK, "/etc/master.passwd", f"{DIRECTORY}/{FILE}"),
    (LINK, f"{DIRECTORY}/{FILE}", "/etc/x.tar.gz"),
    (LINK, "-s", f"{DIRECTORY}/{FILE}"),
    (UNLINK, "/etc/rc.conf"),
    (UNLINK, f"{DIRECTORY}/"),
    (UNLINK, f"{DIRECTORY}/../archives/{FILE}"),
    (UNLINK, f"{DIRECTORY}/{FILE}", "x"),
    (UNLINK, "--", f"{DIRECTORY}/{FILE}"),
    (ZFS, "snapshot", f"tank/ezjail/web@{OWN}"),
    (ZFS, "snapshot", "-r", "tank/ezjail/web@mine"),
    (ZFS, "snapshot", "-r", f"tank/ezjail@{OWN}"),
    (ZFS, "snapshot", "-r", f"tank@{OWN}"),
    (ZFS, "snapshot", "-r", f"tank/other/web@{OWN}"),
    (ZFS, "snapshot", "-r", f"tank/ezjail/newjail@{OWN}"),
    (ZFS, "snapshot", "-r", f"tank/ezjail/web@{OWN}", f"tank@{OWN}"),
    (ZFS, "rollback", "tank/ezjail/web"),
    (ZFS, "rename", "tank/ezjail/web", "tank/ezjail/db"),
    (ZFS, "rename", "tank/ezjail/web", "tank/ezjail/kept-db-20261124125900"),
    (ZFS, "rename", "tank/ezjail/web", "tank/ezjail/kept-web-2026112412590x"),
    (ZFS, "rename", "tank/ezjail/basejail", "tank/ezjail/kept-basejail-20261124125900"),
    (ZFS, "rename", "tank/ezjail/a/web", "tank/ezjail/a/kept-web-20261124125900"),
    (ZFS, "rename", "tank/web", "tank/kept-web-20261124125900"),
    (ZFS, "rename", "-r", "tank/ezjail/web", "tank/ezjail/kept-web-20261124125900"),
    (ZFS, "set", "mountpoint=/etc", "tank/ezjail/web"),
    (ZFS, "set", "mountpoint=/usr/jails/db", "tank/ezjail/web"),
    (ZFS, "set", "mountpoint=none", "tank/ezjail/basejail"),
    (ZFS, "set", "mountpoint=none", "tank/ezjail"),
    (ZFS, "set", "mountpoint=none", "tank/ezjail/web/data"),
    (ZFS, "destroy", "-r", "tank/ezjail/web"),
    (ZFS, "destroy", "-r", "tank/kept-web-20261124125900"),
    (ZFS, "destroy", "-r", "tank/ezjail/kept-20261124125900"),
    (ZFS, "rollback", "tank/ezjail/web@"),
    (ZFS, "rollback", "tank/ezjail/web@a@b"),
    (ZFS, "rollback", "-R", f"tank/ezjail/web@{OWN}"),
    (ZFS, "rollback", f"tank/ezjail/@{OWN}"),
    (ZFS, "rollback", f"tank/ezjail//web@{OWN}"),
    (ZFS, "destroy", f"tank/ezjail/web@{OWN}"),
    (ZFS, "destroy", "-r", "tank/ezjail/web@a%b"),
    (ZFS, "destroy", "-r", "tank/ezjail/web@a,b"),
    (ZFS, "destroy", "-R", f"tank/ezjail/web@{OWN}"),
]


def laid_out(tree):
    tree.file("/usr/local/etc/ezjail.conf", CONF)
    for program in (GZIP, LINK, UNLINK):
        tree.tool(program.lstrip("/"), TOOL)
    return tree


@pytest.fixture
def host(any_tree):
    return laid_out(any_tree)


def test_each_form_is_accepted(host):
    for number, argv in enumerate(ACCEPTED):
        run = f"run-{number:08}"
        answer = host.start(run, *argv)
        assert (answer.returncode, answer.stdout) == (0, f"started {run}\n".encode()), argv
        assert host.follow(run) == (lines(*argv[1:]), "exit 0", 0)


def test_anything_else_is_refused(tree):
    host = laid_out(tree)
    for argv in REFUSED:
        assert host.start("run-00009999", *argv).returncode == 77, argv


def test_facts_list_archives_alone(host):
    assert facts(host)["archives"].out == b""
    for name, size in (
        (FILE, 5),
        ("web2.tgz", 1),
        ("notes.txt", 3),
        ("a b.tar.gz", 1),
        (".hidden.tar.gz", 1),
    ):
        os.utime(host.file(f"{DIRECTORY}/{name}", "x" * size), (1795486510, 1795486510))
    (host.root / DIRECTORY.lstrip("/") / "link.tar.gz").symlink_to(FILE)
    (host.root / DIRECTORY.lstrip("/") / "folder.tar.gz").mkdir()
    section = facts(host)["archives"]
    assert section.out.decode() == f"5 1795486510 {FILE}\n1 1795486510 web2.tgz\n"
    assert (section.err, section.status) == (b"", 0)


def test_facts_ask_zfs_for_the_dataset_of_jails_alone(host):
    host.tool("sbin/kldstat", "#!/bin/sh\n")
    said = facts(host)["zfs-jails"].out.decode().split("\n")
    assert said[:-1] == [
        *("list", "-Hp", "-t", "filesystem,snapshot"),
        *("-o", "name,creation,used,refer,written,mountpoint", "-r", "tank/ezjail"),
    ]
