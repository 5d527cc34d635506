"""follow: from any byte, nothing missed, and the truth about how the run ended."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.hosts.agent.tree import (
    EZJAIL,
    RUN,
    WAIT,
    await_command,
    await_that,
    last_line,
    let_go,
    lines,
    output_of,
)


def test_follow_from_any_byte_gives_the_rest(any_tree):
    any_tree.play("printf 'abc\\0\\377\\n'\n")
    any_tree.start_jail(RUN)
    whole = any_tree.follow(RUN)[0]
    assert whole == b"abc\0\xff\n"
    for offset in range(len(whole) + 2):
        assert any_tree.follow(RUN, offset) == (whole[offset:], "exit 0", 0)


def test_follow_gives_output_as_it_comes(any_tree):
    any_tree.play('echo first; until [ -e "$JAILPANEL_ROOT/go" ]; do :; done; echo second\n')
    any_tree.start_jail(RUN)
    with any_tree.begin("follow", RUN, "0") as follower:
        assert follower.stdout.readline() == b"first\n"
        let_go(any_tree)
        assert follower.communicate() == (b"second\n", b"exit 0\n")


def test_two_followers_see_the_same(any_tree):
    any_tree.play(WAIT + "for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done\n")
    any_tree.start_jail(RUN)
    with any_tree.begin("follow", RUN, "0") as one, any_tree.begin("follow", RUN, "7") as two:
        let_go(any_tree)
        whole, rest = one.communicate()[0], two.communicate()[0]
    assert whole == b"".join(b"line %d\n" % n for n in range(1, 10))
    assert rest == whole[7:]


def test_long_output_is_followed_whole_while_it_is_written(any_tree):
    any_tree.play("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i + 1)); done\n")
    any_tree.start_jail(RUN)
    assert any_tree.follow(RUN)[0] == b"".join(b"line %d\n" % n for n in range(3000))


def test_follower_that_is_killed_is_taken_up_at_its_byte(any_tree):
    any_tree.play('echo first; until [ -e "$JAILPANEL_ROOT/go" ]; do :; done; echo second\n')
    any_tree.start_jail(RUN)
    with any_tree.begin("follow", RUN, "0") as follower:
        assert follower.stdout.read(3) == b"fir"
        follower.kill()
    let_go(any_tree)
    assert any_tree.follow(RUN, 3)[0] == b"st\nsecond\n"


def test_silent_run_gives_a_sign_of_life(tree):
    tree.hurry()
    tree.play(WAIT)
    tree.start_jail(RUN)
    with tree.begin("follow", RUN, "0") as follower:
        assert follower.stderr.readline() == b"alive\n"
        let_go(tree)
        output, errors = follower.communicate()
    assert (output, last_line(errors)) == (b"", "exit 0")


def test_follower_of_a_silent_run_ends_when_nobody_listens(any_tree):
    any_tree.hurry()
    any_tree.play(WAIT)
    any_tree.start_jail(RUN)
    follower = any_tree.begin("follow", RUN, "0")
    follower.stdout.close()
    follower.stderr.close()
    assert follower.wait(20) != 0


def test_follower_of_a_busy_run_ends_when_nobody_listens(any_tree):
    any_tree.play('until [ -e "$JAILPANEL_ROOT/go" ]; do echo more; /bin/sleep 0.02; done\n')
    any_tree.start_jail(RUN)
    follower = any_tree.begin("follow", RUN, "0")
    follower.stdout.readline()
    follower.stdout.close()
    assert follower.wait(20) != 0
    follower.stderr.close()


def test_unknown_run_is_said_to_be(any_tree):
    for words in (("follow", "run-unknown", "0"), ("cancel", "run-unknown")):
        answer = any_tree.ask(*words)
        assert (answer.returncode, answer.stdout) == (66, b"")


def test_wrapper_that_was_killed_makes_the_run_lost(any_tree):
    any_tree.play("echo before\n" + WAIT)
    any_tree.start_jail(RUN)
    await_that(lambda: output_of(any_tree), "the first line")
    os.kill(any_tree.pgid(RUN), signal.SIGKILL)
    assert any_tree.follow(RUN) == (b"before\n", "lost", 76)
    let_go(any_tree)


def test_wrapper_killed_while_it_is_followed_makes_the_run_lost(tree):
    tree.play("echo before\n" + WAIT)
    tree.start_jail(RUN)
    with tree.begin("follow", RUN, "0") as follower:
        assert follower.stdout.readline() == b"before\n"
        os.killpg(tree.pgid(RUN), signal.SIGKILL)
        assert follower.communicate() == (b"", b"lost\n")
    assert follower.returncode == 76


def test_reboot_makes_the_run_lost_even_when_another_process_has_its_number(any_tree):
    any_tree.play(WAIT)
    any_tree.start_jail(RUN)
    await_that((any_tree.runs / RUN / "boot").read_text, "the boot time")
    os.killpg(any_tree.pgid(RUN), signal.SIGKILL)
    any_tree.file("boottime", "{ sec = 1795490000, usec = 1 } Tue Nov 24 03:13:20 2026\n")
    with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as stranger:
        await_command(stranger)
        (any_tree.runs / RUN / "pgid").write_text(f"{stranger.pid}\n")
        answer = any_tree.ask("follow", RUN, "0")
        assert answer.stderr == b"jailpanel-agent: the host was booted since\nlost\n"
        assert answer.returncode == 76
        assert any_tree.ask("cancel", RUN).returncode == 0
        assert stranger.poll() is None
        stranger.kill()


def test_clock_that_was_set_does_not_lose_a_run(tree):
    tree.play(WAIT + "echo end\n")
    tree.start_jail(RUN)
    tree.file("boottime", "{ sec = 1795487999, usec = 1 } Tue Nov 24 02:39:59 2026\n")
    with tree.begin("follow", RUN, "0") as follower:
        let_go(tree)
        assert follower.communicate() == (b"end\n", b"exit 0\n")


def test_run_that_never_began_is_lost_and_never_begins(any_tree):
    any_tree.hurry()
    folder = any_tree.runs / RUN
    folder.mkdir(parents=True)
    (folder / "argv").write_bytes(lines(EZJAIL, "onestart", "test"))
    (folder / "output").write_bytes(b"")
    assert any_tree.follow(RUN)[1:] == ("lost", 76)
    late = any_tree.ask("_run", RUN, env=any_tree.env(JAILPANEL_AGENT="clean", PATH=os.environ["PATH"]))
    assert late.returncode == 75
    assert output_of(any_tree) == b""
