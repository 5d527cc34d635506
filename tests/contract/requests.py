"""What the agent must refuse, and with which status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.freebsd.channel.agent import argument_lines
from apps.freebsd.commands.ezjail import EZJAIL_ADMIN
from apps.freebsd.errors import RequestRefused
from tests.contract.trial import JOB, USER, new_run_id

if TYPE_CHECKING:
    from tests.contract.trial import Trial

NONCE = "0123456789abcdef" * 2
HASH = "0" * 64
BAD, CUT, FORBIDDEN = 64, 65, 77
MIRROR = "https://download.freebsd.org"

MALFORMED: tuple[tuple[str, ...], ...] = (
    ("frobnicate",),
    ("version", "extra"),
    ("facts",),
    ("facts", "0123"),
    ("facts", NONCE.replace("a", "G")),
    ("facts", NONCE, "extra"),
    ("start",),
    ("start", "short", "5", USER, JOB),
    ("start", "Upper-case-1", "5", USER, JOB),
    ("start", "../../../tmp/x", "5", USER, JOB),
    ("start", "-contract-12345", "5", USER, JOB),
    ("start", "contract-12345678", "five", USER, JOB),
    ("start", "contract-12345678", "-5", USER, JOB),
    ("start", "contract-12345678", "5", "us/er", JOB),
    ("start", "contract-12345678", "5", USER, "jo=b"),
    ("_run", "contract-12345678"),
    ("follow", "contract-12345678"),
    ("follow", "../../../etc/x", "0"),
    ("cancel", "../../../etc/x"),
    ("cancel", "contract-12345678", "KILL"),
    ("read",),
    ("write", "/etc/fstab.x", "none", "0", USER, JOB),
    ("write", "/etc/fstab.x", HASH, "many", USER, JOB),
    ("write", "/etc/fstab.x", HASH, "0", USER),
)

HOSTILE: tuple[tuple[str, ...], ...] = (
    ("/bin/sh", "-c", "id"),
    ("/rescue/sh", "-c", "id"),
    ("ezjail-admin", "onestop", "x"),
    ("/usr/local/bin/../bin/ezjail-admin", "onestop", "x"),
    ("/usr/bin/env", "/bin/sh"),
    ("/usr/bin/env", "LD_PRELOAD=/tmp/x.so", EZJAIL_ADMIN, "install", "-h", MIRROR, "-r", "13.2-RELEASE"),
    ("/usr/bin/env", "UNAME_r=13.2-RELEASE", "/bin/sh"),
    ("/usr/bin/env", "UNAME_r=$(id)", EZJAIL_ADMIN, "install", "-h", MIRROR, "-r", "13.2-RELEASE"),
    ("/usr/bin/script", "-q", "/etc/passwd", EZJAIL_ADMIN, "install", "-h", MIRROR, "-r", "13.2-RELEASE"),
    ("/usr/bin/script", "-q", "/dev/null", "/bin/sh"),
    (EZJAIL_ADMIN,),
    (EZJAIL_ADMIN, ""),
    (EZJAIL_ADMIN, "console", "-e", "id", "x"),
    (EZJAIL_ADMIN, "list"),
    (EZJAIL_ADMIN, "restore", "x"),
    (EZJAIL_ADMIN, "install"),
    (EZJAIL_ADMIN, "install", "-h", MIRROR),
    (EZJAIL_ADMIN, "install", "-h", "ftp://ftp.freebsd.org", "-r", "13.2-RELEASE"),
    (EZJAIL_ADMIN, "install", "-h", "http://evil.example", "-r", "13.2-RELEASE"),
    (EZJAIL_ADMIN, "install", "-h", f"{MIRROR}/$(id)", "-r", "13.2-RELEASE"),
    (EZJAIL_ADMIN, "install", "-h", f"{MIRROR}/;id", "-r", "13.2-RELEASE"),
    (EZJAIL_ADMIN, "install", "-h", MIRROR, "-r", "13.2-RELEASE; id"),
    (EZJAIL_ADMIN, "install", "-h", MIRROR, "-r", "../13.2-RELEASE"),
    (EZJAIL_ADMIN, "install", "-h", MIRROR, "-r", "13.2-RELEASE", "-x"),
    (EZJAIL_ADMIN, "create", "x"),
    (EZJAIL_ADMIN, "create", "-x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "--", "-x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "-x", "-r", "/etc", "x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "-x", "-r", "basejail", "x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "-x", "-f", "example", "x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "-r", "/etc", "x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "../x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "a/b", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "..", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "basejail", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "x$(id)", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "x`id`", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", 'x"', "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "x y", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "ü", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "x", "lo0|10.0.0.2;id"),
    (EZJAIL_ADMIN, "create", "x", "lo0|$(id)"),
    (EZJAIL_ADMIN, "create", "x", 'lo0|10.0.0.2" ; id'),
    (EZJAIL_ADMIN, "create", "x", "lo0|banana"),
    (EZJAIL_ADMIN, "create", "-f", "a ../b", "x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "create", "-f", "../x", "x", "lo0|10.0.0.2"),
    (EZJAIL_ADMIN, "delete", "-wf"),
    (EZJAIL_ADMIN, "delete", "-w", "-f", "newjail"),
    (EZJAIL_ADMIN, "delete", "-w", "../.."),
    (EZJAIL_ADMIN, "onestart", "a", "b"),
    (EZJAIL_ADMIN, "onestart", "-f"),
    (EZJAIL_ADMIN, "config", "-n", "newjail", "x"),
    (EZJAIL_ADMIN, "config", "-r", "test", "x"),
    ("/sbin/zfs", "destroy", "-r", "zroot/ezjail/x"),
    ("/sbin/zfs", "destroy", "-r", "zroot/ezjail"),
    ("/sbin/zfs", "destroy", "zroot/ezjail/newjail"),
    ("/sbin/zfs", "destroy", "zroot/ezjail/x@_vanilla_newjail_"),
    ("/sbin/zfs", "rollback", "zroot@x"),
    ("/sbin/zfs", "snapshot", "-r", "zroot@jailpanel-20261124-125900"),
    ("/sbin/zfs", "rename", "zroot/ezjail/basejail", "zroot/ezjail/kept-basejail-20261124125900"),
    ("/sbin/zfs", "set", "mountpoint=/etc", "zroot/ezjail/x"),
    (EZJAIL_ADMIN, "archive", "-A"),
    (EZJAIL_ADMIN, "archive", "-a", "/etc/x.tar.gz", "x"),
    ("/bin/unlink", "/etc/rc.conf"),
    ("/bin/link", "/etc/master.passwd", "/usr/jails/ezjail_archives/x.tar.gz"),
)

# A control character is garbling: no builder makes one.
GARBLED: tuple[tuple[str, ...], ...] = (
    (EZJAIL_ADMIN, "onestop", "x\r"),
    (EZJAIL_ADMIN, "onestop", "x\x1b[2J"),
    (EZJAIL_ADMIN, "onestop", "x\t"),
)


async def malformed_requests_are_refused(trial: Trial) -> None:
    for words in MALFORMED:
        answer = await trial.channel.request(words, stdin=b"a\nbc\n", timeout_s=30)
        trial.expect(f"status of {' '.join(words)}", BAD, answer.status)
        trial.expect(f"nothing but a reason comes for {' '.join(words)}", b"", answer.stdout)
        said = answer.stderr.decode("utf-8", "replace")
        trial.expect(f"{' '.join(words)} is told why", "jailpanel-agent: ", said[:17])


async def hostile_arguments_are_refused(trial: Trial) -> None:
    before = await trial.facts()
    for argv in HOSTILE:
        await _expect_start(trial, argv, FORBIDDEN)
    for argv in GARBLED:
        await _expect_start(trial, argv, CUT)
    after = await trial.facts()
    trial.expect("no jail came or went", before.jails, after.jails)
    trial.expect("the basejail is as it was", before.basejail, after.basejail)


async def _expect_start(trial: Trial, argv: tuple[str, ...], status: int) -> None:
    lines = argument_lines(argv)
    words = ("start", new_run_id(), str(len(lines)), USER, JOB)
    answer = await trial.channel.request(words, stdin=lines, timeout_s=30)
    trial.expect(f"status of start {argv!r}", status, answer.status)
    trial.expect(f"no run begins for {argv!r}", b"", answer.stdout)


async def arguments_cut_short_run_nothing(trial: Trial) -> None:
    lines = argument_lines((EZJAIL_ADMIN, "onestop", "no-such-jail"))
    for what, length, stdin in (
        ("cut short", len(lines), lines[:-3]),
        ("nothing came", len(lines), b""),
        ("the last line feed is missing", len(lines) - 1, lines[:-1]),
        ("a NUL is in it", len(lines), lines.replace(b"s", b"\0", 1)),
        ("no arguments at all", 0, b""),
    ):
        run_id = new_run_id()
        words = ("start", run_id, str(length), USER, JOB)
        answer = await trial.channel.request(words, stdin=stdin, timeout_s=30)
        trial.expect(f"status when {what}", CUT, answer.status)
        answer = await trial.channel.request(("follow", run_id, "0"), timeout_s=30)
        trial.expect(f"there is no run when {what}", 66, answer.status)


async def files_beside_the_list_are_refused(trial: Trial) -> None:
    for path in (
        "/etc/master.passwd",
        "/etc/passwd",
        "/etc/fstab",
        "/etc/fstab.",
        "/etc/fstab.x/../passwd",
        "/etc/fstab.a.b",
        "/usr/local/etc/ezjail/../ezjail.conf",
        "/usr/local/etc/ezjail/a/b",
        "/usr/local/etc/ezjail/",
        "etc/fstab.x",
        "//etc/fstab.x",
        "/usr/jails/x/etc/rc.conf",
    ):
        await trial.expect_error(f"read {path}", RequestRefused, trial.agent.read(path))
        write = trial.agent.write(path, None, b"x", USER, JOB)
        await trial.expect_error(f"write {path}", RequestRefused, write)
    write = trial.agent.write("/etc/rc.conf", None, b"x", USER, JOB)
    await trial.expect_error("/etc/rc.conf is for reading only", RequestRefused, write)
