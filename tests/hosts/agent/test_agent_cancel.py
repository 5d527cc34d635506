"""cancel: the whole run ends, and nothing but the run."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.hosts.agent.tree import (
    EZJAIL,
    RUN,
    WAIT,
    await_command,
    await_that,
    end_runs,
    is_running,
    lines,
    make_tree,
    output_of,
)


def test_cancel_ends_the_command_and_its_children(any_tree):
    any_tree.play('/bin/sleep 60 & echo $! >"$JAILPANEL_ROOT/pid"; wait\n')
    any_tree.start_jail(RUN)
    child = any_tree.noted("pid")
    answer = any_tree.ask("cancel", RUN)
    assert (answer.returncode, answer.stdout) == (0, b"cancelled run-00000001\n")
    assert not is_running(child)
    assert any_tree.follow(RUN)[1:] == ("exit 143", 0)


def test_cancel_lets_the_command_clean_up(any_tree):
    any_tree.play("trap 'echo cleaned; exit 9' TERM; echo ready; while :; do :; done\n")
    any_tree.start_jail(RUN)
    await_that(lambda: output_of(any_tree), "the trap is set")
    any_tree.ask("cancel", RUN)
    assert any_tree.follow(RUN) == (b"ready\ncleaned\n", "exit 9", 0)


def test_cancel_kills_what_ignores_term(any_tree):
    any_tree.hurry()
    any_tree.play("trap '' TERM; echo ready; /bin/sleep 60; /bin/sleep 60\n")
    any_tree.start_jail(RUN)
    await_that(lambda: output_of(any_tree), "the trap is set")
    wrapper = any_tree.pgid(RUN)
    assert any_tree.ask("cancel", RUN).returncode == 0
    await_that(lambda: not is_running(wrapper), "the wrapper ends")
    assert any_tree.follow(RUN)[1:] == ("exit 137", 0)


def test_cancel_kills_children_that_ignore_term_when_their_parent_has_gone(tree):
    tree.hurry()
    tree.play(
        'sh -c \'trap "" TERM; echo $$ >"$JAILPANEL_ROOT/pid.new";'
        ' mv "$JAILPANEL_ROOT/pid.new" "$JAILPANEL_ROOT/pid"; /bin/sleep 60; /bin/sleep 60\' & wait\n'
    )
    tree.start_jail(RUN)
    child = tree.noted("pid")
    assert tree.ask("cancel", RUN).returncode == 0
    await_that(lambda: not is_running(child), "the child ends")
    assert tree.follow(RUN)[1:] == ("exit 143", 0)


def test_cancel_waits_five_seconds_before_it_kills(tree):
    tree.hurry()
    tree.play("trap '' TERM; echo ready; /bin/sleep 60; /bin/sleep 60\n")
    tree.start_jail(RUN)
    await_that(lambda: output_of(tree), "the trap is set")
    before = tree.slept_s()
    tree.ask("cancel", RUN)
    # then it looks until what was killed is gone, which on a busy machine is not at once
    assert 5 <= round(tree.slept_s() - before, 3) < 10


def test_cancel_reaches_what_runs_in_a_terminal_of_its_own(any_tree):
    # script(1) puts its command into another session, and so into another process group
    any_tree.play('echo $$ >"$JAILPANEL_ROOT/pid"; echo ready\n' + WAIT)
    install = (EZJAIL, "install", "-h", "https://download.freebsd.org", "-r", "13.2-RELEASE")
    assert any_tree.start(RUN, "/usr/bin/script", "-q", "/dev/null", *install).returncode == 0
    await_that(lambda: b"ready" in output_of(any_tree), "the command begins")
    command = any_tree.noted("pid")
    assert os.getpgid(command) != any_tree.pgid(RUN)
    assert any_tree.ask("cancel", RUN).returncode == 0
    await_that(lambda: not is_running(command), "the command ends")
    assert any_tree.follow(RUN)[1:] == ("exit 143", 0)


def test_cancel_ends_what_a_killed_wrapper_left_behind(any_tree):
    any_tree.play('/bin/sleep 60 & echo $! >"$JAILPANEL_ROOT/pid"; echo ready; wait\n')
    any_tree.start_jail(RUN)
    await_that(lambda: output_of(any_tree), "the child begins")
    os.kill(any_tree.pgid(RUN), signal.SIGKILL)
    child = any_tree.noted("pid")
    assert any_tree.ask("cancel", RUN).returncode == 0
    assert not is_running(child)
    assert any_tree.follow(RUN)[1:] == ("exit 137", 0)


def test_cancel_of_an_ended_run_changes_nothing(any_tree):
    any_tree.start_jail(RUN)
    any_tree.follow(RUN)
    assert any_tree.ask("cancel", RUN).stdout == b"cancelled run-00000001\n"
    assert any_tree.follow(RUN)[1:] == ("exit 0", 0)


def test_cancel_before_the_run_began_keeps_it_from_beginning(any_tree):
    folder = any_tree.runs / RUN
    folder.mkdir(parents=True)
    (folder / "argv").write_bytes(lines(EZJAIL, "onestart", "test"))
    (folder / "output").write_bytes(b"")
    assert any_tree.ask("cancel", RUN).returncode == 0
    late = any_tree.ask("_run", RUN, env=any_tree.env(JAILPANEL_AGENT="clean", PATH=os.environ["PATH"]))
    assert late.returncode == 75
    assert any_tree.follow(RUN) == (b"", "exit 143", 0)


def test_cancel_is_in_the_hosts_log(tree):
    tree.start_jail(RUN)
    tree.ask("cancel", RUN)
    assert tree.log.endswith(f"verb=cancel run={RUN}\n")


# ---- machines below a simulated host that have no ps, and FreeBSD, which has no setsid ------------------


@pytest.fixture
def bare_tree(tmp_path):
    tree = make_tree(tmp_path, None, ("/bin/ps", "/bin/no-ps"))
    yield tree
    end_runs(tree)


def test_without_ps_cancel_reaches_what_runs_in_a_terminal_of_its_own(bare_tree):
    test_cancel_reaches_what_runs_in_a_terminal_of_its_own(bare_tree)


def test_without_ps_cancel_kills_what_ignores_term(bare_tree):
    test_cancel_kills_what_ignores_term(bare_tree)


def test_without_ps_a_killed_wrapper_makes_the_run_lost(bare_tree):
    bare_tree.play(WAIT)
    bare_tree.start_jail(RUN)
    os.kill(bare_tree.pgid(RUN), signal.SIGKILL)
    assert bare_tree.follow(RUN)[1:] == ("lost", 76)


def test_without_ps_a_stranger_with_the_wrappers_number_is_left_alone(bare_tree):
    bare_tree.play(WAIT)
    bare_tree.start_jail(RUN)
    os.killpg(bare_tree.pgid(RUN), signal.SIGKILL)
    with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as stranger:
        await_command(stranger)
        (bare_tree.runs / RUN / "pgid").write_text(f"{stranger.pid}\n")
        assert bare_tree.ask("cancel", RUN).returncode == 0
        assert bare_tree.follow(RUN)[1:] == ("lost", 76)
        assert stranger.poll() is None
        stranger.kill()


def test_without_setsid_daemon_detaches_the_run(tmp_path):
    tree = make_tree(tmp_path, None, ("setsid", "no-setsid"))
    tree.tool("usr/sbin/daemon", '#!/bin/sh\n[ "$1" = -f ] || exit 1\nshift\nsetsid "$@" &\n')
    tree.start_jail(RUN)
    assert tree.follow(RUN) == (b"onestart\ntest\n", "exit 0", 0)


def test_without_any_way_to_detach_a_start_says_so(tmp_path):
    tree = make_tree(tmp_path, None, ("setsid", "no-setsid"), ("daemon", "no-daemon"))
    tree.hurry()
    answer = tree.start(RUN, EZJAIL, "onestart", "test")
    assert (answer.returncode, answer.stdout) == (73, b"")
    assert answer.stderr == b"jailpanel-agent: the run did not begin\n"
