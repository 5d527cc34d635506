"""start: once only, detached, and never half."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.hosts.agent.tree import EZJAIL, RUN, WAIT, is_running, let_go, lines


def test_of_twenty_starts_at_once_one_runs(any_tree):
    any_tree.play('echo "ran $$"\n' + WAIT)
    text = lines(EZJAIL, "onestart", "test")
    starts = [
        subprocess.Popen(
            [any_tree.script, "start", RUN, str(len(text)), "alice", "j"],
            env=any_tree.env(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(20)
    ]
    answers = [start.communicate(text) for start in starts]
    said = sorted((start.returncode, out) for start, (out, _) in zip(starts, answers, strict=True))
    assert said == [(0, b"started run-00000001\n"), *[(75, b"exists run-00000001\n")] * 19]
    let_go(any_tree)
    assert any_tree.follow(RUN)[0].count(b"ran ") == 1


def test_run_id_stays_used_after_its_run_has_ended(any_tree):
    any_tree.start_jail(RUN)
    any_tree.follow(RUN)
    again = any_tree.start(RUN, EZJAIL, "delete", "-w", "test")
    assert (again.returncode, again.stdout) == (75, b"exists run-00000001\n")
    assert any_tree.follow(RUN)[0] == b"onestart\ntest\n"


def test_start_answers_while_the_run_goes_on(any_tree):
    any_tree.play(WAIT)
    any_tree.start_jail(RUN)
    assert is_running(any_tree.pgid(RUN))
    assert not (any_tree.runs / RUN / "status").exists()


def test_run_is_in_a_session_of_its_own(any_tree):
    any_tree.play('echo "$$" >"$JAILPANEL_ROOT/pid"\n' + WAIT)
    any_tree.start_jail(RUN)
    pgid, command = any_tree.pgid(RUN), any_tree.noted("pid")
    assert os.getpgid(command) == os.getsid(command) == pgid
    assert pgid != os.getpgid(0)


def test_run_keeps_no_descriptor_of_its_starter(any_tree):
    any_tree.play(WAIT)
    any_tree.start_jail(RUN)
    wrapper = any_tree.pgid(RUN)
    # While the wrapper writes its notes, bash points standard output at them for a moment.
    deadline = time.monotonic() + 10
    while descriptors(wrapper) != {"/dev/null"}:
        assert time.monotonic() < deadline, descriptors(wrapper)
        time.sleep(0.01)


def descriptors(pid: int) -> set[str]:
    return {str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in (0, 1, 2)}


def test_output_holds_both_streams_in_order(any_tree):
    any_tree.play("for n in 1 2 3; do echo out $n; echo err $n >&2; done; exit 4\n")
    any_tree.start_jail(RUN)
    assert any_tree.follow(RUN) == (b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n", "exit 4", 0)


def test_command_reads_nothing(any_tree):
    any_tree.play("cat; echo end\n")
    any_tree.start_jail(RUN)
    assert any_tree.follow(RUN)[0] == b"end\n"


def test_missing_program_ends_with_127(any_tree):
    (any_tree.root / EZJAIL.lstrip("/")).unlink()
    any_tree.start_jail(RUN)
    assert any_tree.follow(RUN)[1:] == ("exit 127", 0)


def test_command_that_dies_of_a_signal_has_its_number_and_128(any_tree):
    any_tree.play("echo own; kill -s KILL $$\n")
    any_tree.start_jail(RUN)
    # and the wrapper adds no word of its own to the output
    assert any_tree.follow(RUN) == (b"own\n", "exit 137", 0)


def test_start_is_in_the_hosts_log_before_it_runs(tree):
    tree.play('cat "$JAILPANEL_ROOT/log"\n')
    tree.start_jail(RUN)
    logged = f"-t jailpanel -p auth.notice user=alice job=j-7 verb=start run={RUN} {EZJAIL} onestart test\n"
    assert tree.follow(RUN)[0].decode() == logged


def test_log_line_is_bounded(tree):
    tree.start(RUN, "/bin/sh", *["x" * 1000] * 9)
    assert len(tree.log) < 1000


def test_start_works_where_syslog_does_not(tree):
    tree.tool("usr/bin/logger", "#!/bin/sh\necho no syslogd >&2\nexit 1\n")
    answer = tree.start(RUN, EZJAIL, "onestart", "test")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"started run-00000001\n", b"")


def test_start_where_no_folder_can_be_made_says_so(tree):
    tree.file("var/db/jailpanel", "a file in the way")
    answer = tree.start(RUN, EZJAIL, "onestart", "test")
    assert answer.returncode == 73
    assert answer.stderr.endswith(b"jailpanel-agent: cannot make the folder of runs\n")
