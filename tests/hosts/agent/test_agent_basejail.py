"""The basejail's sets and updates: only where the panel proves them, only in the trees of the settings."""

from __future__ import annotations

import hashlib

import pytest

from tests.hosts.agent.test_agent_facts import facts
from tests.hosts.agent.tree import EZJAIL, lines

INSTALL, FETCH, SHA256, TAR, UNLINK = (
    "/usr/bin/install", "/usr/bin/fetch", "/sbin/sha256", "/usr/bin/tar", "/bin/unlink",
)  # fmt: skip
UPDATE = "/usr/sbin/freebsd-update"
SETS = "/var/db/jailpanel/files/sets"
FOLDER = f"{SETS}/13.2-RELEASE"
URL = "https://download.freebsd.org/releases/amd64/amd64/13.2-RELEASE"
SUM = "0123456789abcdef" * 4
BASE, TEMPLATE = "/data/j/basejail", "/data/j/newjail"
NOW = ("--currently-running", "13.2-RELEASE-p3", "fetch", "install")
TOOL = "#!/bin/sh\nfor word do printf '%s\\n' \"$word\"; done\n"
TERMINAL = ("/usr/bin/script", "-q", "/dev/null")

ACCEPTED = [
    (INSTALL, "-d", FOLDER),
    (FETCH, "-r", "-o", f"{FOLDER}/base.txz", f"{URL}/base.txz"),
    (FETCH, "-r", "-o", f"{SETS}/15.0-RC2/lib32-dbg.txz", "https://m.example:8443/x/lib32-dbg.txz"),
    (SHA256, "-c", SUM, f"{FOLDER}/base.txz"),
    (TAR, "-xf", f"{FOLDER}/ports.txz", "-C", BASE),
    (TAR, "-xf", f"{FOLDER}/src.txz", "-C", BASE),
    (UNLINK, f"{FOLDER}/base.txz"),
    (UPDATE, "--not-running-from-cron", "-b", BASE, *NOW),
    (
        UPDATE,
        "--not-running-from-cron",
        "-b",
        TEMPLATE,
        "--currently-running",
        "14.1-RELEASE",
        "fetch",
        "install",
    ),
    (UPDATE, "-b", BASE, "install"),
    (UPDATE, "-b", TEMPLATE, "rollback"),
    (EZJAIL, "update", "-s", "/usr/src", "-b"),
    (EZJAIL, "update", "-s", "/data/src-14.1", "-i"),
    (EZJAIL, "update", "-P"),
]
REFUSED = [
    (INSTALL, "-d", SETS),
    (INSTALL, "-d", f"{SETS}/../x"),
    (INSTALL, "-d", f"{FOLDER}/x"),
    (FETCH, "-o", f"{FOLDER}/base.txz", f"{URL}/base.txz"),
    (FETCH, "-r", "-o", "/etc/base.txz", f"{URL}/base.txz"),
    (FETCH, "-r", "-o", f"{FOLDER}/base.txz", f"{URL}/src.txz"),
    (FETCH, "-r", "-o", f"{FOLDER}/base.txz", "http://download.freebsd.org/base.txz"),
    (FETCH, "-r", "-o", f"{FOLDER}/base.txz", "file:///etc/base.txz"),
    (FETCH, "-r", "-o", f"{FOLDER}/base.txz", "https://x/$(id)/base.txz"),
    (FETCH, "-r", "-o", f"{FOLDER}/base.txz", f"{URL}/base.txz", f"{URL}/base.txz"),
    (FETCH, "-r", "-o", f"{FOLDER}/../../x/base.txz", f"{URL}/base.txz"),
    (FETCH, "-r", "-o", f"{FOLDER}/-x.txz", f"{URL}/-x.txz"),
    (SHA256, "-c", SUM[1:], f"{FOLDER}/base.txz"),
    (SHA256, "-c", SUM, "/etc/master.passwd"),
    (SHA256, "-q", SUM, f"{FOLDER}/base.txz"),
    (TAR, "-xf", f"{FOLDER}/base.txz", "-C", BASE),
    (TAR, "-xf", f"{FOLDER}/ports.txz", "-C", "/"),
    (TAR, "-xf", f"{FOLDER}/ports.txz", "-C", TEMPLATE),
    (TAR, "-xf", "/tmp/ports.txz", "-C", BASE),
    (UNLINK, f"{SETS}/base.txz"),
    (UNLINK, f"{FOLDER}/base"),
    (UPDATE, "fetch", "install"),
    (UPDATE, "-b", "/", "install"),
    (UPDATE, "-b", f"{BASE}/", "install"),
    (UPDATE, "-b", BASE, "-r", "14.0-RELEASE", "upgrade"),
    (UPDATE, "--not-running-from-cron", "-b", BASE, "fetch", "install"),
    (UPDATE, "--not-running-from-cron", "-b", BASE, "--currently-running", "x", "fetch", "install"),
    (
        UPDATE,
        "--not-running-from-cron",
        "-b",
        BASE,
        "--currently-running",
        "13.2-RELEASE -d /x",
        "fetch",
        "install",
    ),
    (UPDATE, "--not-running-from-cron"),
    (EZJAIL, "update", "-u"),
    (EZJAIL, "update", "-s", "/usr/src"),
    (EZJAIL, "update", "-s", "usr/src", "-b"),
    (EZJAIL, "update", "-s", "/usr/../src", "-b"),
    (EZJAIL, "update", "-s", "/usr/-x", "-b"),
    (EZJAIL, "update", "-s", "/usr/src", "-b", "-P"),
    (*TERMINAL, UPDATE, "-b", BASE, "install"),
]


def prepared(tree):
    tree.file("/usr/local/etc/ezjail.conf", "ezjail_jaildir=/data/j\n")
    for program in (INSTALL, FETCH, SHA256, TAR, UNLINK, UPDATE):
        tree.tool(program.lstrip("/"), TOOL)
    return tree


def test_each_form_is_accepted(any_tree):
    host = prepared(any_tree)
    for number, argv in enumerate(ACCEPTED):
        run = f"run-{number:08}"
        answer = host.start(run, *argv)
        assert (answer.returncode, answer.stdout) == (0, f"started {run}\n".encode()), argv
        assert host.follow(run) == (lines(*argv[1:]), "exit 0", 0)


def test_portsnap_is_given_a_terminal(tree):
    host = prepared(tree)
    assert host.start("run-00000001", *TERMINAL, EZJAIL, "update", "-P").returncode == 0


def test_nothing_else_is(tree):
    host = prepared(tree)
    for argv in REFUSED:
        assert host.start("run-00009999", *argv).returncode == 77, argv


@pytest.mark.parametrize("kind", ["link", "file"])
def test_facts_say_what_freebsd_update_has_not_installed(any_tree, kind):
    host = prepared(any_tree)
    assert facts(host)["update-marks"].out == b"jailbase none\njailtemplate none\n"
    named = hashlib.sha256(f"{TEMPLATE}\n".encode()).hexdigest()
    mark = host.file(f"/var/db/freebsd-update/{named}-install", "")
    if kind == "link":
        mark.unlink()
        mark.symlink_to("install.xyz")
    assert facts(host)["update-marks"].out == b"jailbase none\njailtemplate pending\n"


def test_facts_list_sets_alone(tree):
    host = prepared(tree)
    assert facts(host)["sets"].out == b""
    for name in ("13.2-RELEASE/base.txz", "13.2-RELEASE/notes", "14.1-RELEASE/src.txz", "a b/x.txz"):
        host.file(f"{SETS}/{name}", "x")
    assert facts(host)["sets"].out == b"13.2-RELEASE/base.txz\n14.1-RELEASE/src.txz\n"


@pytest.mark.parametrize(("status", "said"), [(0, b"FreeBSD-runtime\n"), (1, b"")])
def test_facts_say_whether_the_base_system_is_of_packages(tree, status, said):
    host = prepared(tree)
    assert facts(host)["pkgbase"].out == b""
    host.tool("usr/local/sbin/pkg", f"#!/bin/sh\nexit {status}\n")
    section = facts(host)["pkgbase"]
    assert (section.out, section.status) == (said, 0)
