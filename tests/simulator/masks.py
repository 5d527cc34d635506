"""What may differ between a captured answer and a simulated one: times, numbers, sizes, keys, file lists."""

from __future__ import annotations

import re

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_COUNTERS = "(?:received|sent)-(?:packets|bytes)"
_PROCESS = "pid|ppid|jail-id|percent-cpu|percent-memory|rss|virtual-size|elapsed-times|cpu-time"

MASKS = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        # times
        (rf"{_DAY} {_MONTH} [ \d]\d \d\d:\d\d:\d\d (?:UTC )?\d{{4}}", "TIME"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
        (r"\{ sec = \d+, usec = \d+ \}", "BOOTTIME"),
        (rf"{_MONTH} [ \d]\d (?:\d\d:\d\d| \d{{4}})", "DATE"),
        (r"-\d{12}\.\d\d\.tar\.gz", "-STAMP.tar.gz"),
        (r'"time-of-day":"[^"]*","uptime":\d+,"days":\d+,"hours":\d+,"minutes":\d+,"seconds":\d+', "CLOCK"),
        (r'"uptime-human":"[^"]*"', '"uptime-human":TEXT'),
        (r'"load-average-(\d+)":[\d.]+', r'"load-average-\1":N'),
        (r"\{ \d+\.\d\d \d+\.\d\d \d+\.\d\d \}", "LOAD"),
        # numbers of jails and processes
        (r'"(jid|cpuset\.id|cpusetid)":"?\d+"?', r'"\1":N'),
        (rf'"({_PROCESS})":"[^"]*"', r'"\1":N'),
        (r"\b(jid|cpuset\.id)=\d+", r"\1=N"),
        (r"^ +\d+( +[\d.]+ +\S+ +/usr/jails)", r" JID\1"),
        (r"^(D[RSA]N? +)\d+( +)", r"\1JID\2"),
        (r"^    \d+( +\S+\|)", r"    JID\1"),
        (r"^(\d+) (test|two_example|six)( /|$| false)", r"JID \2\3"),
        (r"^(0 +sshd +)\d+", r"\1PID"),
        (r"^ *\d+$", "NUMBER"),
        (r"^ *\d+ +\d+ +\d+ +\d+ (.*?)( -p \d+)?$", r"N N N N \1"),
        (r"^ *PID +PPID +PGID +SID ", "PID PPID PGID SID "),
        # what the rules counted that let the captures' own connection through
        (r"^(0000[12]) +\d+ +\d+ ", r"\1 N N "),
        # sizes
        (r"^total \d+$", "total N"),
        (r"^([-dl][-rwxst]{9} +\d+ root  wheel) +\d+ DATE", r"\1 N DATE"),
        (r'"(total|used|available)-blocks":\d+', r'"\1-blocks":N'),
        (r'"used-percent":\d+', '"used-percent":N'),
        (r"^(/dev/gpt/rootpart +)\d+ +\d+ +\d+ +\d+%", r"\1N N N N%"),
        (r"^Filesystem +1024-blocks +Used +Avail", "Filesystem 1024-blocks Used Avail"),
        (rf'"({_COUNTERS})":\d+', r'"\1":N'),
        (r"^\d+ blocks$", "N blocks"),
        (r"^\d+ \d+ (\d+)$", r"N N \1"),
        # what a jail used
        (r"^(cputime|datasize|memoryuse|vmemoryuse|wallclock|pcpu)=[\d.]+[KMG]?$", r"\1=N"),
        # keys
        (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:KEY"),
        # the names that cpio -v prints, shortened in the captures
        (r"^\[\.\.\. .* characters left out \.\.\.\]\n.*\n", "NAMES\n"),
        (r"(?:^(?:/usr/jails/\S*[^:\s]|\[\.\.\. .* more lines .*\]|NAMES)\n)+", "NAMES\n"),
        (r"(?:^NAMES\nN blocks\n)+", "NAMES\nN blocks\n"),
    )
)


def mask(text: str) -> str:
    """Put words in the place of what may differ."""
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return text
