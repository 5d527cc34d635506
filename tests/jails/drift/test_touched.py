"""What a job may have changed of a jail, by its steps."""

from __future__ import annotations

import pytest

from apps.freebsd.commands import Command, FileChange, Transfer
from apps.jails.drift.touched import EVERYTHING, touched

EZJAIL = "/usr/local/bin/ezjail-admin"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (f"{EZJAIL} onestart web", {"running"}),
        (f"{EZJAIL} onestop web", {"running"}),
        (f"{EZJAIL} onerestart web", {"running"}),
        (f"{EZJAIL} config -r norun web", {"runs_at_boot"}),
        (f"{EZJAIL} config -n new web", EVERYTHING),
        (f"/usr/bin/env UNAME_r=x /usr/bin/script -q /dev/null {EZJAIL} create web lo1|10.0.0.2", EVERYTHING),
        (f"{EZJAIL} archive web", set()),
        ("/sbin/zfs rollback tank/web@x", {"root", "running"}),
    ],
)
def test_a_call_changes(line, parts):
    assert touched([Command(tuple(line.split()), "Do it.")]) == parts


def test_files_and_transfers_change_what_they_are():
    steps = [
        FileChange("/usr/local/etc/ezjail/web.norun", "", "", "Change it."),
        FileChange("/etc/fstab.web", "", "", "Change it."),
        FileChange("/usr/local/etc/ezjail.conf", "", "", "Change it."),
        Transfer("panel", "a", "/var/db/jailpanel/files/a", "Bring it."),
    ]
    assert touched(steps) == {"file", "fstab"}
