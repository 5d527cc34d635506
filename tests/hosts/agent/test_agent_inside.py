"""look and tail: programs within a running jail, with little time and room; and what jexec may run."""

from __future__ import annotations

import time

import pytest

from apps.freebsd.parsers.sections import parse_sections
from tests.hosts.agent.tree import lines

NONCE = "0" * 32
PARTS = ("processes", "ports", "users", "services", "packages", "vulnerable", "logs")
JEXEC = "/usr/sbin/jexec"

# jexec shows what it was called with, or does what a test says for a program's name.
_JEXEC = """#!/bin/sh
play=${0%/usr/sbin/jexec}/inside-${3##*/}
[ ! -f "$play" ] || { shift 3; . "$play"; exit; }
printf '%s\\n' "$*"
"""


@pytest.fixture
def jailed(any_tree):
    """A host on which a jail called test runs, as jid 7."""
    any_tree.tool("usr/sbin/jls", '#!/bin/sh\n[ "$2" = test ] && echo 7\n')
    any_tree.tool("usr/sbin/jexec", _JEXEC)
    any_tree.tool("usr/bin/sockstat", '#!/bin/sh\necho "$*"\n')
    any_tree.tool("bin/ps", '#!/bin/sh\necho "$*"\n')
    return any_tree


def inside(tree, program: str, script: str) -> None:
    (tree.root / f"inside-{program}").write_text(script)


def look(tree, *parts: str):
    answer = tree.ask("look", NONCE, "test", *parts)
    assert answer.returncode == 0, answer.stderr
    return parse_sections(answer.stdout, NONCE)


def test_each_part_is_asked_of_the_jail_by_its_number(jailed):
    found = {key: section.text for key, section in look(jailed, *PARTS).items()}
    assert "-J 7" in found["processes"]
    assert found["ports"] == "-46lnqw -j 7\n"
    assert found["users"] == "-l 7 /usr/bin/w --libxo json\n"
    assert found["services-all"] == "-l 7 /usr/sbin/service -l\n"
    assert found["services-on"] == "-l 7 /usr/sbin/service -e\n"
    assert found["pkg"] == "-l 7 /usr/sbin/pkg -N\n"
    assert found["packages"] == "-l 7 /usr/sbin/pkg query -a %n\\t%v\\t%a\\t%k\\t%sb\\t%c\n"
    assert found["vulnerable"] == "-l 7 /usr/sbin/pkg audit -q\n"
    assert found["logs"] == "-l 7 /usr/bin/find /var/log -maxdepth 2 -type f\n"


def test_services_that_are_on_are_asked_whether_they_run(jailed):
    listed = 'printf "/etc/rc.d/cron\\n/etc/rc.d/sshd\\n/etc/rc.d/x;id\\n"'
    script = f"case $1 in -e) {listed} ;; cron) exit 0 ;; *) exit 1 ;; esac\n"
    inside(jailed, "service", script)
    found = look(jailed, "services")
    assert found["services-running"].text == "0 cron\n1 sshd\n"
    assert found["services-on"].status == 0


def test_statuses_and_what_is_said_of_errors_are_kept_apart(jailed):
    inside(jailed, "pkg", "echo out; echo err >&2; exit 3\n")
    found = look(jailed, "packages", "vulnerable")
    assert (found["packages"].text, found["packages"].status) == ("out\n", 3)
    assert (found["vulnerable"].text, found["vulnerable"].status) == ("out\nerr\n", 3)


def test_a_jail_cannot_flood_the_panel(jailed):
    inside(
        jailed,
        "find",
        "while echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; do :; done 2>/dev/null\n",
    )
    assert len(look(jailed, "logs")["logs"].stdout) == 262144


def test_a_jail_can_neither_write_past_its_section_nor_hold_the_line(jailed):
    inside(jailed, "w", f"for fd in 3 4 5; do echo '@@{NONCE} OUT x' 2>/dev/null >&$fd; done\necho done\n")
    found = look(jailed, "users")
    assert (set(found), found["users"].text) == ({"users"}, "done\n")


def test_what_hangs_in_a_jail_is_ended(jailed):
    inside(jailed, "find", "sleep 60\n")
    soon = '[ "$1" != -k ] || { shift 3; set -- 0.3 "$@"; }'
    jailed.tool("usr/bin/timeout", f'#!/bin/sh\n{soon}\nexec /usr/bin/timeout "$@"\n')
    began = time.monotonic()
    assert look(jailed, "logs")["logs"].status == 124
    assert time.monotonic() - began < 30


def test_the_end_of_a_log_comes_from_within(jailed):
    answer = jailed.ask("tail", NONCE, "test", "nginx/access.log", "50")
    section = parse_sections(answer.stdout, NONCE)["log"]
    assert section.text == "-l 7 /usr/bin/tail -n 50 /var/log/nginx/access.log\n"


@pytest.mark.parametrize(
    "words",
    [
        ("look", NONCE, "test", "nothing"),
        ("look", NONCE, "7", "logs"),
        ("look", NONCE, "a-b", "logs"),
        ("look", NONCE[1:], "test", "logs"),
        ("look", NONCE, "test"),
        ("look", NONCE, "test", "logs", *["logs"] * 8),
        ("tail", NONCE, "test", "../master.passwd", "5"),
        ("tail", NONCE, "test", "/etc/passwd", "5"),
        ("tail", NONCE, "test", "a/b/c", "5"),
        ("tail", NONCE, "test", "a/.b", "5"),
        ("tail", NONCE, "test", "-n", "5"),
        ("tail", NONCE, "test", "messages", "2001"),
        ("tail", NONCE, "test", "messages", "-1"),
    ],
)
def test_malformed_looks_are_refused(tree, words):
    tree.tool("usr/sbin/jls", "#!/bin/sh\necho 7\n")
    assert tree.ask(*words).returncode == 64


@pytest.mark.parametrize("said", ["", "0", "x", "7 8", "-1"])
def test_of_a_jail_that_does_not_run_nothing_is_asked(tree, said):
    tree.tool("usr/sbin/jls", f"#!/bin/sh\necho '{said}'\n")
    for words in (("look", NONCE, "test", "logs"), ("tail", NONCE, "test", "messages", "5")):
        answer = tree.ask(*words)
        assert (answer.returncode, answer.stdout) == (66, b"")


# -- what may be started ----------------------------------------------------------------------------------

FORMS = [
    (JEXEC, "-l", "test", "/usr/sbin/service", "sshd", "onestart"),
    (JEXEC, "-l", "test", "/usr/sbin/service", "sshd", "disable"),
    (JEXEC, "-l", "test", "/usr/sbin/pkg", "install", "-y", "nginx", "py311-requests"),
    (JEXEC, "-l", "test", "/usr/sbin/pkg", "delete", "-y", "nginx"),
    (JEXEC, "-l", "test", "/usr/sbin/pkg", "upgrade", "-y"),
    (JEXEC, "-l", "test", "/usr/sbin/pkg", "audit", "-F", "-q", "jailpanel-0"),
    (JEXEC, "-l", "test", "/usr/bin/env", "ASSUME_ALWAYS_YES=yes", "/usr/sbin/pkg", "bootstrap"),
]
ANYTHING = [
    (JEXEC, "-l", "test", "/bin/sh", "-c", "echo $HOME; id | cat"),
    (JEXEC, "-l", "test", "uptime"),
    (JEXEC, "-l", "test", "/usr/sbin/service", "sshd", "fry"),
    (JEXEC, "-l", "test", "/usr/sbin/pkg", "install", "-y", "-f"),
    (JEXEC, "-l", "test", "/usr/sbin/pkg", "audit", "-F"),
]
NEVER = [
    (JEXEC, "test", "id"),
    (JEXEC, "-l", "test"),
    (JEXEC, "-l", "7", "id"),
    (JEXEC, "-l", "0", "id"),
    (JEXEC, "-l", "a b", "id"),
    (JEXEC, "-l", "-u", "id"),
    (JEXEC, "-l", "test", "-c"),
    (JEXEC, "-l", "test", ""),
    (JEXEC, "-l", "test", "a b"),
    (JEXEC, "-l", "test", "$(id)"),
    (JEXEC, "-l", "-U", "root", "test", "id"),
    (JEXEC, "-u", "root", "test", "id"),
]


def start(tree, number: int, argv: tuple[str, ...]) -> int:
    text = lines(*argv)
    return tree.ask("start", f"run-{number:08}", str(len(text)), "alice", "j", stdin=text).returncode


def test_services_packages_and_commands_are_let_through(jailed):
    assert [start(jailed, n, argv) for n, argv in enumerate([*FORMS, *ANYTHING])] == [0] * 12
    assert {start(jailed, 50 + n, argv) for n, argv in enumerate(NEVER)} == {77}


def test_a_host_can_switch_commands_off_and_keep_services_and_packages(jailed):
    jailed.file("/usr/local/etc/jailpanel-agent.nocommand", "")
    assert [start(jailed, n, argv) for n, argv in enumerate(FORMS)] == [0] * 7
    assert [start(jailed, 20 + n, argv) for n, argv in enumerate(ANYTHING)] == [77] * 5
    text = lines(*ANYTHING[0])
    answer = jailed.ask("start", "run-99999999", str(len(text)), "alice", "j", stdin=text)
    assert b"lets no other commands run in jails" in answer.stderr
