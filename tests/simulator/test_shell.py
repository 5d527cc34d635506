"""The prompt of a simulated host understands shell, and sees that host's files and programs only."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from apps.simulator.call import Buffer, Call, Captured
from apps.simulator.shell import external
from apps.simulator.shell.expand import arithmetic
from apps.simulator.shell.parser import parse
from apps.simulator.shell.run import Shell
from apps.simulator.shell.streams import Streams, given
from apps.simulator.shell.tree import SyntaxFault
from apps.simulator.ssh_session import LOGIN
from tests.simulator.machines import PLAIN, make

DEADLINE_S = 20


@pytest.fixture(scope="module")
def module_machine(tmp_path_factory):
    return make(tmp_path_factory.mktemp("shell"), replace(PLAIN, ezjail=False))


@pytest.fixture
def machine(module_machine):
    """One host for all: each test begins with an empty /tmp and /root."""
    for folder in ("/tmp", "/root"):
        module_machine.files.remove_tree(folder)
        module_machine.files.mkdir(folder)
    return module_machine


def sh(machine, line: str, stdin: bytes = b"") -> Captured:
    async def scenario():
        out, err = Buffer(), Buffer()
        call = Call(("sh",), machine, out, err, env=LOGIN, cwd="/root")
        async with asyncio.timeout(DEADLINE_S):
            status = await Shell(call).run(line, Streams(given(stdin), out, err))
        await external.kill_left(machine)
        return Captured(status, out.text, err.text)

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("echo a 'b  $x' \"c  $HOME\" \\$d", "a b  $x c  /root $d\n"),
        ("x=1 y='2 3'; echo $x$y \"$y\" '$y'", "12 3 2 3 $y\n"),
        ("x='a  b'; echo $x; for i in $x; do echo \"<$i>\"; done", "a b\n<a>\n<b>\n"),
        ("echo ${no:-one} ${no-two} ${HOME:+three} ${no:+four} ${#HOME}", "one two three 5\n"),
        ("echo ${no:=set} $no; empty=; echo ${empty-x} ${empty:-y}", "set set\ny\n"),
        ("f=/a/b.c.d; echo ${f##*/} ${f%/*} ${f%.*} ${f%%.*} ${f#*/}", "b.c.d /a /a/b.c /a/b a/b.c.d\n"),
        ("echo $((1 + 2 * 3)) $((7 / 2)) $((7 % 4)) $((3 > 2))", "7 3 3 1\n"),
        ("n=4; echo $((n + 1)) $(($n * 2))", "5 8\n"),
        ("echo $(echo in $(echo side)) `echo back`", "in side back\n"),
        (
            'set -- a "b c"; echo $#; for i in "$@"; do echo "<$i>"; done; shift; echo "$1"',
            "2\n<a>\n<b c>\nb c\n",
        ),
        ('set --; echo "$@" end; for i in "$@"; do echo no; done', "end\n"),
        ("true && echo yes || echo no; false && echo yes || echo no", "yes\nno\n"),
        ("! false && echo turned", "turned\n"),
        ("if false; then echo 1; elif true; then echo 2; else echo 3; fi", "2\n"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; echo $i; done", "1\n3\n"),
        ("i=0; until [ $i = 2 ]; do i=$((i+1)); done; echo $i", "2\n"),
        ("for i in a b c; do [ $i = c ] && break; echo $i; done", "a\nb\n"),
        ("case x.tar.gz in *.zip) echo zip;; *.tar.*|*.tgz) echo tar ;; *) echo none; esac", "tar\n"),
        ("case '*' in '*') echo star;; esac; case ab in '*') echo star;; ?b) echo two;; esac", "star\ntwo\n"),
        ("f() { echo $1 $#; return 3; }; f a b; echo $?", "a 2\n3\n"),
        ("(cd /etc; x=1; pwd); pwd; echo ${x:-unset}", "/etc\n/root\nunset\n"),
        ("{ echo out; echo err >&2; } 2>&1 | sort", "err\nout\n"),
        ('echo a | { read -r x; echo "<$x>"; }', "<a>\n"),
        (
            "printf 'a b\\n$(id)\\n;x\\n' | while IFS= read -r l; do echo \"[$l]\"; done",
            "[a b]\n[$(id)]\n[;x]\n",
        ),
        ("printf '%s-%05d-%%|' a 42 b 7; echo", "a-00042-%|b-00007-%|\n"),
        ("echo one > f; echo two >> f; cat f; cat < f | wc -l", "one\ntwo\n       2\n"),
        ("cat <<E\n$HOME \\$x\n  tail\nE\n", "/root $x\n  tail\n"),
        ("cat <<'E'\n$HOME\nE\necho after", "$HOME\nafter\n"),
        ("cat <<-E | tr a-z A-Z\n\tone\n\tE\n", "ONE\n"),
        ("touch b.x a.x c.y; echo *.x; echo '*.x' \"*\"; echo no*such", "a.x b.x\n*.x *\nno*such\n"),
        ("exit 3 | true; echo $?; (exit 4); echo $?", "0\n4\n"),
        ("echo a#b # comment\necho c", "a#b\nc\n"),
        ("echo a \\\n b", "a b\n"),
        ("eval 'x=5; echo $x'; echo 'y=6' > v; . ./v; echo $y", "5\n6\n"),
        ("X=own env | grep ^X=; export Y=all; env | grep ^Y=; echo ${X:-none}", "X=own\nY=all\nnone\n"),
        ("seq 100000 | head -2", "1\n2\n"),
        ("sleep 5 & wait; echo $?; sleep 5 & kill $!; wait; echo $?", "0\n143\n"),
        ("sh -c 'echo $0 $1' name arg; echo 'echo $1' > s; sh s x; chmod +x s; ./s y", "name arg\nx\ny\n"),
        ("command -v jls; command -v nosuch || echo none", "/usr/sbin/jls\nnone\n"),
        ("set -e; false || true; if false; then :; fi; echo still; false; echo never", "still\n"),
        ("[ -f /etc/rc.conf ] && [ -d /etc ] && [ ! -e /nosuch ] && [ -n x -a -z '' ] && echo all", "all\n"),
        ("ln -s /etc l; [ -L l ] && [ -d l ] && readlink l && realpath l/rc.conf", "/etc\n/etc/rc.conf\n"),
        ("daemon -p pid sleep 9; ps -p $(cat pid) -o command=; kill $(cat pid)", "sleep 9\n"),
    ],
)
def test_line_prints(machine, line, stdout):
    done = sh(machine, line)
    assert (done.stdout, done.stderr) == (stdout, "")


@pytest.mark.parametrize(
    ("line", "status", "stderr"),
    [
        ("nosuch a", 127, "sh: nosuch: not found\n"),
        ("echo x > /nosuch/f", 2, "sh: cannot create /nosuch/f: No such file or directory\n"),
        ("cat < /nosuch", 2, "sh: cannot open /nosuch: No such file or directory\n"),
        ("cat /nosuch", 1, "cat: /nosuch: No such file or directory\n"),
        ("cd /nosuch", 2, "cd: /nosuch: No such file or directory\n"),
        ("echo 'open", 2, "sh: Syntax error: Unterminated quoted string\n"),
        ("if true; then", 2, 'sh: Syntax error: "end of file" unexpected (expecting "fi")\n'),
        ("echo a )", 2, 'sh: Syntax error: ")" unexpected\n'),
        ("; echo", 2, 'sh: Syntax error: ";" unexpected\n'),
        ("echo ${x?gone}; echo never", 2, "sh: x: gone\n"),
        ("echo : > s; ./s", 126, "sh: ./s: Permission denied\n"),
        ("sh /nosuch", 2, "sh: cannot open /nosuch: No such file or directory\n"),
        ("rm -rf /", 1, "rm: /: may not be removed\n"),
        ("kill 99999", 1, "kill: 99999: No such process\n"),
        ("exit 7", 7, ""),
        ("timeout 1 sleep 60", 124, ""),
        ("sed y/a/b/ </dev/null", 1, 'sed: 1: "y/a/b/": the simulator does not play this script\n'),
    ],
)
def test_line_fails(machine, line, status, stderr):
    machine.pace = 0.001
    done = sh(machine, line)
    machine.pace = 0.0
    assert (done.status, done.stdout, done.stderr) == (status, "", stderr)


def test_nothing_leads_out_of_the_tree(machine, tmp_path):
    (tmp_path / "secret").write_text("outside\n")
    outside = str(tmp_path / "secret")
    for line in (
        f"cat {outside}",
        f"ln -s {outside} l; cat l",
        f"cat ../../../../../..{outside}",
        f". {outside}",
    ):
        done = sh(machine, line)
        assert "outside" not in done.stdout
        assert "No such file or directory" in done.stderr


def test_input_comes_to_whoever_reads_it(machine):
    assert sh(machine, 'read -r a; cat; echo "<$a>"', b"first\nsecond\n").stdout == "second\n<first>\n"


def test_standard_input_is_a_script_for_sh(machine):
    assert sh(machine, "sh", b"echo $((1+1))\n").stdout == "2\n"


@pytest.mark.parametrize("text", ["9**9**9", "1<<99", "__import__('os')", "1+", "a b", "", "1//0", "1/0"])
def test_arithmetic_does_sums_and_nothing_else(text):
    assert arithmetic(text) == 0


@pytest.mark.parametrize(
    "text", ["'", '"', "$(", "`", "${", "${x", "$((1", "(", "{ a", "case x in", "a |", "&&"]
)
def test_half_a_text_is_a_syntax_error(text):
    with pytest.raises(SyntaxFault):
        parse(text)
