"""start, follow and cancel: once only, detached, nothing missed, ended whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

import pytest

from tests.hosts.agent.tree import EZJAIL, SCRIPT, await_that, is_running, last_line, lines
from tests.programs import program

RUN = "run-00000001"
# waits for a file named `go` in the tree, without which the run goes on
WAIT = 'until [ -e "$JAILPANEL_ROOT/go" ]; do /bin/sleep 0.02; done\n'


def let_go(tree):
    tree.file("go", "")


def output_of(tree, run=RUN):
    return (tree.runs / run / "output").read_bytes()


# ---- start -----------------------------------------------------------------------------------------


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
    await_that(lambda: (any_tree.root / "pid").exists(), "the command begins")
    pgid, command = any_tree.pgid(RUN), int((any_tree.root / "pid").read_text())
    assert os.getpgid(command) == os.getsid(command) == pgid
    assert pgid != os.getpgid(0)


def test_run_keeps_no_descriptor_of_its_starter(any_tree):
    any_tree.play(WAIT)
    any_tree.start_jail(RUN)
    wrapper = any_tree.pgid(RUN)
    kept = {os.readlink(f"/proc/{wrapper}/fd/{number}") for number in (0, 1, 2)}
    assert kept == {"/dev/null"}


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


@pytest.mark.parametrize("limit", ["0", "1"])
def test_start_that_cannot_write_says_so_and_leaves_nothing(tree, limit):
    # a limit on the size of files stands for a full disk
    text = lines(EZJAIL, "create", "test", ",".join(["10.0.0.2"] * 200))
    answer = subprocess.run(
        ["/bin/sh", "-c", f'trap "" XFSZ; ulimit -f {limit}; exec "$@"', "sh", tree.script, "start", RUN]
        + [str(len(text)), "alice", "j"],
        input=text,
        env=tree.env(),
        capture_output=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (73, b"")
    assert answer.stderr.endswith(b"cannot write the folder of the run; the disk may be full\n")
    assert not (tree.runs / RUN).exists()


def test_start_where_no_folder_can_be_made_says_so(tree):
    tree.file("var/db/jailpanel", "a file in the way")
    answer = tree.start(RUN, EZJAIL, "onestart", "test")
    assert answer.returncode == 73
    assert answer.stderr.endswith(b"jailpanel-agent: cannot make the folder of runs\n")


def test_full_disk_ends_the_run_and_says_so(tree):
    program("unshare")
    tree.runs.mkdir(parents=True)
    tree.play('head -c 300000 /dev/zero || echo "cannot write" >&2; exit 5\n')
    text = tree.file("argv", lines(EZJAIL, "onestart", "test"))
    steps = f"""
    mount -t tmpfs -o size=128k none {tree.runs} || exit 99
    {SCRIPT} start {RUN} {text.stat().st_size} alice j <{text} && {SCRIPT} follow {RUN} 0 >{tree.root}/out
    """
    answer = subprocess.run(
        ["unshare", "-rm", "/bin/sh", "-c", steps], env=tree.env(), capture_output=True, timeout=60, check=False
    )
    if answer.returncode == 99 or b"unshare" in answer.stderr:
        pytest.skip("this machine lets nobody mount a small disk")
    assert answer.stderr.decode().splitlines()[-2:] == [
        "jailpanel-agent: the disk was full: the output may be cut",
        "exit 5",
    ]
    assert 0 < (tree.root / "out").stat().st_size < 131072


# ---- follow ----------------------------------------------------------------------------------------


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
    await_that((any_tree.runs / RUN / "boot").exists, "the boot time")
    os.killpg(any_tree.pgid(RUN), signal.SIGKILL)
    any_tree.file("boottime", "{ sec = 1795490000, usec = 1 } Tue Nov 24 03:13:20 2026\n")
    with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as stranger:
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


# ---- cancel ----------------------------------------------------------------------------------------


def test_cancel_ends_the_command_and_its_children(any_tree):
    any_tree.play('/bin/sleep 60 & echo $! >"$JAILPANEL_ROOT/pid"; wait\n')
    any_tree.start_jail(RUN)
    await_that(lambda: (any_tree.root / "pid").exists(), "the child begins")
    child = int((any_tree.root / "pid").read_text())
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
        "sh -c 'trap \"\" TERM; echo $$ >\"$JAILPANEL_ROOT/pid.new\";"
        ' mv "$JAILPANEL_ROOT/pid.new" "$JAILPANEL_ROOT/pid"; /bin/sleep 60; /bin/sleep 60\' & wait\n'
    )
    tree.start_jail(RUN)
    await_that(lambda: (tree.root / "pid").exists(), "the child begins")
    child = int((tree.root / "pid").read_text())
    assert tree.ask("cancel", RUN).returncode == 0
    await_that(lambda: not is_running(child), "the child ends")
    assert tree.follow(RUN)[1:] == ("exit 143", 0)


def test_cancel_waits_five_seconds_before_it_kills(tree):
    tree.play("trap '' TERM; echo ready; /bin/sleep 60; /bin/sleep 60\n")
    tree.start_jail(RUN)
    await_that(lambda: output_of(tree), "the trap is set")
    begin = time.monotonic()
    tree.ask("cancel", RUN)
    assert 5 <= time.monotonic() - begin < 10


def test_cancel_reaches_what_runs_in_a_terminal_of_its_own(any_tree):
    # script(1) puts its command into another session, and so into another process group
    any_tree.play('echo $$ >"$JAILPANEL_ROOT/pid"; echo ready\n' + WAIT)
    install = (EZJAIL, "install", "-h", "https://download.freebsd.org", "-r", "13.2-RELEASE")
    assert any_tree.start(RUN, "/usr/bin/script", "-q", "/dev/null", *install).returncode == 0
    await_that(lambda: b"ready" in output_of(any_tree), "the command begins")
    command = int((any_tree.root / "pid").read_text())
    assert os.getpgid(command) != any_tree.pgid(RUN)
    assert any_tree.ask("cancel", RUN).returncode == 0
    await_that(lambda: not is_running(command), "the command ends")
    assert any_tree.follow(RUN)[1:] == ("exit 143", 0)


def test_cancel_ends_what_a_killed_wrapper_left_behind(any_tree):
    any_tree.play('/bin/sleep 60 & echo $! >"$JAILPANEL_ROOT/pid"; echo ready; wait\n')
    any_tree.start_jail(RUN)
    await_that(lambda: output_of(any_tree), "the child begins")
    os.kill(any_tree.pgid(RUN), signal.SIGKILL)
    child = int((any_tree.root / "pid").read_text())
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


# ---- old runs --------------------------------------------------------------------------------------


def old_run(tree, name, age_s, size=0, *, ended=True):
    folder = tree.runs / name
    folder.mkdir(parents=True)
    (folder / "output").write_bytes(b"x" * size)
    if ended:
        (folder / "status").write_text("0\n")
    then = time.time() - age_s
    os.utime(folder, (then, then))
    return folder


def test_ended_runs_go_after_fourteen_days(any_tree):
    old = old_run(any_tree, "run-old-ended", 16 * 86400)
    dead = old_run(any_tree, "run-old-dead", 16 * 86400, ended=False)
    young = old_run(any_tree, "run-young", 13 * 86400)
    any_tree.start_jail(RUN)
    assert not old.exists()
    assert not dead.exists()
    assert young.exists()


def test_old_run_that_goes_on_is_kept(any_tree):
    any_tree.play(WAIT)
    any_tree.start_jail("run-going-on")
    then = time.time() - 30 * 86400
    await_that((any_tree.runs / "run-going-on/boot").exists, "the wrapper is done with the folder")
    os.utime(any_tree.runs / "run-going-on", (then, then))
    any_tree.start_jail(RUN)
    assert (any_tree.runs / "run-going-on").exists()


def test_two_hundred_runs_are_kept_the_latest_ones(tree):
    for number in range(205):
        old_run(tree, f"run-number-{number:03}", 7200 + number)
    going_on = old_run(tree, "run-unended", 90000, ended=False)
    tree.start_jail(RUN)
    kept = {file.name for file in tree.runs.iterdir()}
    assert len(kept) == 200
    assert {RUN, going_on.name, *(f"run-number-{number:03}" for number in range(198))} == kept


def test_a_hundred_megabytes_of_output_are_kept(tree):
    oldest = old_run(tree, "run-big-oldest", 9000, 60 * 2**20)
    newer = old_run(tree, "run-big-newer", 8000, 60 * 2**20)
    recent = old_run(tree, "run-big-recent", 60, 1000)
    tree.start_jail(RUN)
    assert not oldest.exists()
    assert newer.exists()
    assert recent.exists()


def test_output_of_the_last_hour_is_kept_however_large(tree):
    recent = old_run(tree, "run-big-recent", 60, 110 * 2**20)
    tree.start_jail(RUN)
    assert recent.exists()


def test_pruning_follows_no_link(tree):
    tree.runs.mkdir(parents=True)
    keep = tree.file("keep/status", "0\n")
    (tree.runs / "run-link").symlink_to(keep.parent)
    for number in range(201):
        old_run(tree, f"run-number-{number:03}", 7200 + number)
    tree.start_jail(RUN)
    assert keep.exists()
    shutil.rmtree(tree.runs)
