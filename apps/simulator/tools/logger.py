"""logger(1) and the part of syslogd that writes what it is told into files that are there.

Source: captures/shell.json (logger).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apps.simulator.faults import DiskFull
from apps.simulator.getopt import BadOption, getopt
from apps.simulator.tools.registry import tool

if TYPE_CHECKING:
    from apps.simulator.call import Call

USAGE = "usage: logger [-46Ais] [-f file] [-h host] [-P port] [-p pri] [-S addr:port] [-t tag] [message ...]"
MESSAGES, AUTH = "/var/log/messages", "/var/log/auth.log"
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")


@tool("/usr/bin/logger")
async def logger(call: Call) -> int:
    """Play logger: arguments are one message, standard input is one a line."""
    try:
        found, operands = getopt(call.args, "46Af:H:h:iP:p:S:st:")
    except BadOption as bad:
        return await call.fail(f"{bad.text('logger')}\n{USAGE}")
    options = dict(found)
    facility, _, level = options.get("p", "user.notice").rpartition(".")
    if level not in LEVELS:
        return await call.fail(f"logger: unknown priority name: {level}", 64)
    text = " ".join(operands) if operands else (await call.stdin()).decode("utf-8", "replace")
    tag = options.get("t", "root")
    for line in text.splitlines():
        _write(call, facility or "user", level, f"{tag}: {line}")
    return 0


def _write(call: Call, facility: str, level: str, message: str) -> None:
    """Write a line where /etc/syslog.conf sends it; syslogd makes no file and minds no full disk."""
    files, machine = call.machine.files_of(call.jid), call.machine
    stamp = time.strftime("%b %e %H:%M:%S", time.gmtime(machine.now()))
    line = f"{stamp} {machine.hostname.partition('.')[0]} {message}\n"
    severe = LEVELS.index(level) <= LEVELS.index("notice")
    targets = [path for path, wanted in ((MESSAGES, severe), (AUTH, facility == "auth")) if wanted]
    for path in targets:
        if files.is_file(path):
            try:
                files.append_text(path, line)
            except DiskFull:
                return
