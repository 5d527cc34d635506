"""fetch, freebsd-update and script: what they get, what they refuse, and when they want a terminal."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from apps.simulator import patches, world
from apps.simulator.hosts import ALPHA
from tests.simulator.machines import PLAIN, call_of, make, play

MIRROR = "https://download.freebsd.org"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return make(tmp_path_factory.mktemp("net"), replace(ALPHA, name="alpha"))


@pytest.mark.parametrize("release", ["12.4-RELEASE", "13.2-RELEASE", "14.1-RELEASE"])
@pytest.mark.parametrize(
    "base", [f"{MIRROR}/releases", f"{MIRROR}/ftp/releases", "ftp://ftp.freebsd.org/pub/FreeBSD/releases"]
)
def test_mirrors_have_the_releases(machine, base, release):
    done = play(machine, f"fetch -qo - {base}/amd64/amd64/{release}/base.txz")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == world.set_text("base", release)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"{MIRROR}/releases/amd64/amd64/9.9-RELEASE/base.txz", "Not Found"),
        (f"{MIRROR}/releases/amd64/amd64/14.1-RELEASE/nosuch.txz", "Not Found"),
        (f"{MIRROR}/releases/arm64/aarch64/14.1-RELEASE/base.txz", "Not Found"),
        (f"{MIRROR}/pub/FreeBSD/releases/amd64/amd64/14.1-RELEASE/base.txz", "Not Found"),
        (f"{MIRROR}/releases/amd64/amd64/../../etc/passwd", "Not Found"),
        ("https://mirror.example.org/base.txz", "No address record"),
        ("file:///nosuch", "No such file or directory"),
        ("http://127.0.0.1:1/x", "Connection refused"),
        ("gopher://x/", "URL scheme not supported"),
    ],
)
def test_what_is_not_there_is_not_fetched(machine, url, reason):
    done = play_loop(machine, f"fetch {url}") if "127.0.0.1" in url else play(machine, f"fetch {url}")
    assert (done.status, done.stdout, done.stderr) == (1, "", f"fetch: {url}: {reason}\n")


def play_loop(machine, line: str):
    """Run a tool that really waits for something."""
    call = call_of(machine, line)
    return asyncio.run(call.capture(call.argv))


def test_a_file_lands_where_it_was_wanted(machine):
    url = f"{MIRROR}/releases/amd64/amd64/14.1-RELEASE/base.txz"
    machine.files.mkdir("/tmp/folder", parents=True)
    for words, place in (("-o /tmp/named", "/tmp/named"), ("-o /tmp/folder", "/tmp/folder/base.txz")):
        done = play(machine, f"fetch {words} {url}")
        assert done.status == 0
        assert done.stderr.startswith("base.txz ")
        assert machine.files.read_text(place) == world.set_text("base", "14.1-RELEASE")


def test_freebsd_update_wants_a_terminal(machine):
    done = play(machine, "freebsd-update fetch install")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout == (
        "freebsd-update fetch should not be run non-interactively.\nRun freebsd-update cron instead.\n"
    )


def plant(machine, release: str) -> None:
    machine.files.mkdir("/base/bin", parents=True)
    machine.files.write_text("/base/bin/freebsd-version", world.freebsd_version_script(release), 0o555)


def test_a_tree_is_patched_at_a_terminal(tmp_path):
    machine = make(tmp_path, ALPHA)
    plant(machine, "14.1-RELEASE")
    done = patched(machine)
    assert done.status == 0
    assert done.stdout.startswith("^D\b\bsrc component not installed, skipped\r\n")
    assert "updating to\r\n14.1-RELEASE-p8:\r\n/bin/freebsd-version\r\n" in done.stdout
    assert done.stdout.endswith("Installing updates... done.\r\n")
    assert 'USERLAND_VERSION="14.1-RELEASE-p8"' in machine.files.read_text("/base/bin/freebsd-version")


def patched(machine):
    words = ("--currently-running", "14.1-RELEASE", "-b", "/base", "fetch", "install")
    return play(machine, f"script -q /dev/null freebsd-update {' '.join(words)}")


def test_a_patched_tree_needs_nothing_more(tmp_path):
    machine = make(tmp_path, ALPHA)
    plant(machine, "14.1-RELEASE-p8")
    done = patched(machine)
    assert (done.status, "No updates needed to update system to 14.1-RELEASE-p8.\r\n" in done.stdout) == (
        0,
        True,
    )


def test_updates_are_ready_between_fetch_and_install(tmp_path):
    machine = make(tmp_path, ALPHA)
    plant(machine, "13.2-RELEASE")
    update = "freebsd-update --not-running-from-cron -b /base"
    statuses = [play(machine, f"{update} {verb}").status for verb in ("updatesready", "install", "fetch")]
    ready = play(machine, f"{update} updatesready")
    installed = play(machine, f"{update} install")
    assert statuses == [2, 2, 0]
    assert (
        ready.stdout == "There are updates available to install.\nRun 'freebsd-update install' to proceed.\n"
    )
    assert installed.status == 0
    assert play(machine, f"{update} updatesready").status == 2


def test_the_host_itself_is_patched(tmp_path):
    machine = make(tmp_path, replace(PLAIN, lacks=frozenset()))
    assert play(machine, "freebsd-update --not-running-from-cron fetch install").status == 0
    assert play(machine, "freebsd-version -ku").stdout == f"13.2-RELEASE\n{patches.newest('13.2-RELEASE')}\n"


def test_a_release_that_the_servers_do_not_know_is_not_patched(machine):
    done = play(machine, "freebsd-update --not-running-from-cron --currently-running 9.9-RELEASE fetch")
    assert done.status == 1
    assert done.stdout.endswith("failed.\nNo mirrors remaining, giving up.\n")


def test_script_names_what_it_cannot_run(machine):
    done = play(machine, "script -q /dev/null nosuch")
    assert (done.status, done.stdout) == (1, "^D\b\bscript: nosuch: No such file or directory\r\n")


def test_logger_writes_where_syslogd_would(tmp_path):
    machine = make(tmp_path, PLAIN)
    for name in ("messages", "auth.log"):
        machine.files.write_text(f"/var/log/{name}", "")
    play(machine, "logger -t jailpanel -p auth.notice 'user=alice verb=start'")
    play(machine, "logger -p user.info quiet")
    for name in ("messages", "auth.log"):
        (line,) = machine.files.read_text(f"/var/log/{name}").splitlines()
        assert line.endswith(" alpha jailpanel: user=alice verb=start")
    assert play(machine, "logger -p nosuch.level x").stderr == "logger: unknown priority name: level\n"
