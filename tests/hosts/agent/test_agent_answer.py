"""Passphrases: they reach the terminal of the run that asks, once, and leave no trace anywhere."""

from __future__ import annotations

import pytest

from tests.hosts.agent.tree import EZJAIL, RUN, await_that, last_line

SECRET = b"correct horse \xc3\xa4 $(id) 'x' \"y\" `z` \\n %s"
TERMINAL = ("/usr/bin/script", "-q", "/dev/null", EZJAIL)
ATTACH = (*TERMINAL, "config", "-i", "attach", "test")
# What was typed goes to a file of the test's, never to the output.
ASKS = r"""
printf 'Enter new passphrase: '
IFS= read -r one; echo
printf 'Reenter new passphrase: '
IFS= read -r two; echo
printf '%s\n%s\n' "$one" "$two" >"${JAILPANEL_ROOT%/root}/typed"
"""
ASKS_ONCE = r"""
printf 'Enter passphrase: '
until [ -e "$JAILPANEL_ROOT/go" ]; do /bin/sleep 0.02; done
IFS= read -r one; echo
"""
FORMS = [
    ATTACH,
    (*TERMINAL, "config", "-i", "fsck", "test"),
    (*TERMINAL, "onestart", "test"),
    (*TERMINAL, "onerestart", "test"),
    (*TERMINAL, "create", "-c", "eli", "-s", "10g", "test", "lo0|10.0.0.2/24"),
    (*TERMINAL, "create", "-f", "a b", "-c", "eli", "-s", "10g", "-b", "test", "lo0|10.0.0.2/24"),
]
REFUSED = [
    (EZJAIL, "create", "-c", "eli", "-s", "10g", "test", "lo0|10.0.0.2/24"),
    (*TERMINAL, "create", "-i", "-s", "10g", "test", "lo0|10.0.0.2/24"),
    (*TERMINAL, "create", "test", "lo0|10.0.0.2/24"),
    (*TERMINAL, "onestop", "test"),
    (*TERMINAL, "delete", "test"),
    (*TERMINAL, "console", "test"),
    (*TERMINAL, "config", "-r", "run", "test"),
    (*TERMINAL, "config", "-i", "detach", "test"),
    (*TERMINAL, "onestart"),
    ("/usr/bin/env", "UNAME_r=13.2-RELEASE", *ATTACH),
    ("/usr/bin/script", "-q", "/dev/null", "/sbin/zfs", "destroy", "tank/newjail@_vanilla_newjail_"),
]


def answer(tree, prompt: str, secret: bytes = SECRET, *, size: int | None = None):
    text = secret + b"\n"
    sized = len(text) if size is None else size
    return tree.ask("answer", RUN, prompt, str(sized), "alice", "j-7", stdin=text)


def asks(tree, prompt: str) -> None:
    output = tree.runs / RUN / "output"
    await_that(lambda: output.read_text().endswith(prompt), f"{prompt} is asked")


def every_byte(tree) -> bytes:
    files = [file for file in tree.root.rglob("*") if file.is_file()]
    return b"".join(file.read_bytes() for file in files)


def test_answers_reach_the_run_and_leave_no_trace(any_tree):
    tree = any_tree
    tree.play(ASKS)
    assert tree.start(RUN, *ATTACH).returncode == 0
    for prompt, said in (("new", "Enter new passphrase: "), ("again", "Reenter new passphrase: ")):
        asks(tree, said)
        done = answer(tree, prompt)
        assert (done.returncode, done.stdout) == (0, f"answered {prompt}\n".encode()), done.stderr
    assert tree.follow(RUN)[1:] == ("exit 0", 0)
    assert (tree.root.parent / "typed").read_bytes() == SECRET + b"\n" + SECRET + b"\n"
    assert b"correct horse" not in every_byte(tree)
    assert not (tree.runs / RUN / "answers").exists()
    assert f"user=alice job=j-7 verb=answer run={RUN} prompt=new" in tree.log


def test_one_prompt_is_answered_once_and_only_the_one_that_is_asked(any_tree):
    tree = any_tree
    tree.play(ASKS_ONCE)
    tree.start(RUN, *ATTACH)
    asks(tree, "Enter passphrase: ")
    for prompt, status in (("new", 75), ("old", 0), ("old", 75)):
        assert answer(tree, prompt).returncode == status
    tree.file("go", "")
    assert tree.follow(RUN)[1:] == ("exit 0", 0)
    late = answer(tree, "old")
    assert (late.returncode, last_line(late.stderr)) == (75, "jailpanel-agent: the run asks for nothing")


@pytest.mark.parametrize(
    ("secret", "size", "status"),
    [
        (b"", None, 65),
        (b"a\rb", None, 65),
        (b"a\nb", None, 65),
        (b"abc", 40, 65),
        (b"abc", 3, 65),
        (b"x", 1025, 64),
    ],
)
def test_what_is_no_line_is_not_given(tree, secret, size, status):
    tree.play(ASKS_ONCE)
    tree.start(RUN, *ATTACH)
    asks(tree, "Enter passphrase: ")
    assert answer(tree, "old", secret, size=size).returncode == status
    assert not list((tree.runs / RUN).glob("answered*"))


def test_a_run_that_asks_for_nothing_takes_no_answer(tree):
    tree.play('until [ -e "$JAILPANEL_ROOT/go" ]; do /bin/sleep 0.02; done\nread -r x || echo closed\n')
    tree.start_jail(RUN)
    assert answer(tree, "old").returncode == 75
    assert tree.ask("answer", RUN, "other", "2", "alice", "j-7", stdin=b"x\n").returncode == 64
    assert tree.ask("answer", "run-00000009", "old", "2", "alice", "j-7", stdin=b"x\n").returncode == 66
    tree.file("go", "")
    assert tree.follow(RUN)[0] == b"closed\n"


def test_these_forms_and_no_others_get_a_terminal_that_asks(tree):
    for number, argv in enumerate(FORMS):
        run = f"run-0000001{number}"
        assert tree.start(run, *argv).returncode == 0, argv
        assert tree.follow(run)[2] == 0
    for argv in REFUSED:
        assert tree.start("run-00000099", *argv).returncode == 77, argv


def test_a_cancelled_run_takes_its_way_in_along(tree):
    tree.play(ASKS)
    tree.start(RUN, *ATTACH)
    asks(tree, "Enter new passphrase: ")
    assert tree.ask("cancel", RUN).returncode == 0
    assert tree.follow(RUN)[1] == "exit 143"
    assert not (tree.runs / RUN / "answers").exists()
