"""What may run: each form is accepted and nothing else, by the script and by its grammar said again here."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hosts.agent.tree import EZJAIL, SCRIPT, lines, make_tree

ARCHIVES = "/usr/jails/ezjail_archives"
MIRROR = "https://download.freebsd.org"
INSTALL = (EZJAIL, "install", "-h", MIRROR, "-r", "13.2-RELEASE")
ZFS = "/sbin/zfs"
TERMINAL = ("/usr/bin/script", "-q", "/dev/null")
UNAME = ("/usr/bin/env", "UNAME_r=13.2-RELEASE")

ACCEPTED = [
    INSTALL,
    (*INSTALL, "-s"),
    (*INSTALL, "-p"),
    (*INSTALL, "-s", "-p"),
    (*TERMINAL, *INSTALL),
    (*UNAME, *INSTALL),
    (*UNAME, *TERMINAL, *INSTALL, "-s", "-p"),
    (EZJAIL, "install", "-h", "https://mirror.example:8443/pub/FreeBSD~1", "-r", "15.0-BETA2"),
    (EZJAIL, "install", "-h", "file:///var/dist/14.1", "-r", "14.1-RC1"),
    (EZJAIL, "create", "test", "lo0|10.0.0.2/24"),
    (EZJAIL, "create", "--", "test", "lo0|10.0.0.3/24,re0|192.0.2.10/24"),
    (EZJAIL, "create", "-f", "example", "foo-bar.com", "10.0.0.2"),
    (EZJAIL, "create", "-x", "test", "lo0|10.0.0.2/24"),
    (EZJAIL, "create", "-x", "-r", "fulljail", "test", "203.0.113.1"),
    (EZJAIL, "create", "-x", "-r", "ezjailtemp", "--", "test", "203.0.113.1"),
    (EZJAIL, "create", "-f", "example", "--", "a", "em0.5|2001:db8::5/64,::1"),
    (EZJAIL, "create", "-f", "example web.2 db_3", "test", "lo0|10.0.0.2/24"),
    (EZJAIL, "create", "-r", "/usr/jails/elsewhere", "test", "lo0|10.0.0.2/24"),
    (EZJAIL, "create", "-r", "/data/jails/test", "-i", "-s", "10g", "-b", "--", "test", "lo0|10.0.0.2/24"),
    (EZJAIL, "create", "-z", "tank/jails", "-k", "test", "lo0|10.0.0.2/24"),
    (EZJAIL, "create", "-a", f"{ARCHIVES}/test-202611241200.00.tar.gz", "test", "lo0|10.0.0.2/24"),
    (ZFS, "set", "compression=lz4", "tank/ezjail/test"),
    (ZFS, "set", "quota=20g", "tank/ezjail/test"),
    (ZFS, "set", "reservation=none", "tank/ezjail/test"),
    (EZJAIL, "onestart", "test"),
    (EZJAIL, "onestop", "test"),
    (EZJAIL, "onerestart", "test"),
    (EZJAIL, "delete", "test"),
    (EZJAIL, "delete", "-w", "test"),
    (EZJAIL, "delete", "-f", "--", "test"),
    (EZJAIL, "delete", "-w", "-f", "--", "test"),
    (*TERMINAL, EZJAIL, "create", "-c", "eli", "-s", "10g", "test", "lo0|10.0.0.2/24"),
    (*TERMINAL, EZJAIL, "onestart", "test"),
    (*TERMINAL, EZJAIL, "config", "-i", "attach", "test"),
    (EZJAIL, "config", "-i", "detach", "--", "test"),
    (EZJAIL, "config", "-r", "run", "test"),
    (EZJAIL, "config", "-r", "norun", "--", "test"),
    (EZJAIL, "config", "-n", "new.name", "test"),
    (EZJAIL, "config", "-n", "new", "--", "test"),
    (ZFS, "destroy", "-r", "tank/ezjail/fulljail"),
    (ZFS, "destroy", "tank/ezjail/newjail@_vanilla_newjail_"),
]

REFUSED = [
    ("",),
    ("/bin/sh", "-c", "id"),
    ("ezjail-admin", "onestart", "test"),
    ("/usr/local/bin/../bin/ezjail-admin", "onestart", "test"),
    (EZJAIL,),
    (EZJAIL, ""),
    (EZJAIL, "list"),
    (EZJAIL, "console", "-e", "id", "test"),
    (EZJAIL, "start", "test"),
    (EZJAIL, "forcestop", "test"),
    (EZJAIL, "update", "-u"),
    (EZJAIL, "onestart"),
    (EZJAIL, "onestart", ""),
    (EZJAIL, "onestart", "-v"),
    (EZJAIL, "onestart", "--", "test"),
    (EZJAIL, "onestart", "test", "other"),
    (EZJAIL, "onestart", "basejail"),
    (EZJAIL, "onestart", "a..b"),
    (EZJAIL, "onestart", "../etc"),
    (EZJAIL, "onestart", "a/b"),
    (EZJAIL, "onestart", ".hidden"),
    (EZJAIL, "onestart", "_x"),
    (EZJAIL, "onestart", "*"),
    (EZJAIL, "onestart", "a b"),
    (EZJAIL, "onestart", "test;id"),
    (EZJAIL, "onestart", "$(id)"),
    (EZJAIL, "onestart", "`id`"),
    (EZJAIL, "onestart", "é"),
    (EZJAIL, "onestart", "x" * 64),
    (EZJAIL, "onestart", "test", "&&", "id"),
    (EZJAIL, "onestart", "test", "|", "id"),
    (EZJAIL, "delete", "-wf", "test"),
    (EZJAIL, "delete", "-f", "-w", "test"),
    (EZJAIL, "delete", "-w", "-w", "test"),
    (EZJAIL, "delete", "--", "-w"),
    (EZJAIL, "delete", "--", "--", "test"),
    (EZJAIL, "delete", "-w", "--"),
    (EZJAIL, "delete", "--", "-w", "test"),
    (EZJAIL, "delete", "-w", "newjail"),
    (EZJAIL, "config", "-r", "test", "test"),
    (EZJAIL, "config", "-r", "run"),
    (EZJAIL, "config", "-n", "fulljail", "test"),
    (EZJAIL, "config", "-n", "-f", "test"),
    (EZJAIL, "config", "-n", "a/b", "test"),
    (EZJAIL, "config", "-n", "", "test"),
    (EZJAIL, "config", "-n", "new"),
    (EZJAIL, "config", "-n", "new", "-r", "run", "test"),
    (EZJAIL, "config", "-n", "new", "test", "other"),
    (EZJAIL, "config", "-c", "0-1", "test"),
    (EZJAIL, "config", "-z", "tank/data", "test"),
    (EZJAIL, "config", "-f", "1", "test"),
    (EZJAIL, "config", "-r", "run", "-f", "test"),
    (EZJAIL, "config", "--", "-r", "run", "test"),
    (EZJAIL, "create", "test"),
    (EZJAIL, "create", "test", ""),
    (EZJAIL, "create", "test", "10.0.0.2,"),
    (EZJAIL, "create", "test", ",10.0.0.2"),
    (EZJAIL, "create", "test", "10.0.0.2,,10.0.0.3"),
    (EZJAIL, "create", "test", "lo0||10.0.0.2"),
    (EZJAIL, "create", "test", "|10.0.0.2"),
    (EZJAIL, "create", "test", "-lo0|10.0.0.2"),
    (EZJAIL, "create", "test", "lo0|10.0.0.2/"),
    (EZJAIL, "create", "test", "lo0|10.0.0.2/24/24"),
    (EZJAIL, "create", "test", "lo0|10.0.0.2/129"),
    (EZJAIL, "create", "test", "lo0|10.0.0.2/024"),
    (EZJAIL, "create", "test", "lo0|banana"),
    (EZJAIL, "create", "test", "dead"),
    (EZJAIL, "create", "test", "10.0.0.2 "),
    (EZJAIL, "create", "test", '10.0.0.2";id;"'),
    (EZJAIL, "create", "test", "-x"),
    (EZJAIL, "create", "-x", "-x", "test", "10.0.0.2"),
    (EZJAIL, "create", "-x", "-f", "example", "test", "10.0.0.2"),
    (EZJAIL, "create", "-f", "example", "-x", "test", "10.0.0.2"),
    (EZJAIL, "create", "-x", "-r", "basejail", "test", "10.0.0.2"),
    (EZJAIL, "create", "-x", "-r", "/usr/jails/fulljail", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "fulljail", "test", "10.0.0.2"),
    (EZJAIL, "create", "-f", "a -x", "test", "10.0.0.2"),
    (EZJAIL, "create", "-f", "a  b", "test", "10.0.0.2"),
    (EZJAIL, "create", "-f", " a", "test", "10.0.0.2"),
    (EZJAIL, "create", "-f", "a ../../etc", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "/etc/jails", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "/data", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "/usr/jails/../../etc/x", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "/data//x", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "/data/x.img", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "/usr/local/etc/ezjail", "test", "10.0.0.2"),
    (EZJAIL, "create", "-i", "test", "10.0.0.2"),
    (EZJAIL, "create", "-i", "-s", "0g", "test", "10.0.0.2"),
    (EZJAIL, "create", "-i", "-s", "10", "test", "10.0.0.2"),
    (EZJAIL, "create", "-c", "bde", "-s", "10g", "test", "10.0.0.2"),
    (EZJAIL, "create", "-C", "-P", "test", "10.0.0.2"),
    (EZJAIL, "create", "-z", "-x", "test", "10.0.0.2"),
    (EZJAIL, "create", "-a", "/etc/passwd", "test", "10.0.0.2"),
    (EZJAIL, "create", "-a", "/etc/x.tar.gz", "test", "10.0.0.2"),
    (EZJAIL, "create", "-a", "-", "test", "10.0.0.2"),
    (EZJAIL, "create", "-A", "/etc/passwd", "test", "10.0.0.2"),
    (EZJAIL, "create", "-b", "-i", "-s", "10g", "test", "10.0.0.2"),
    (ZFS, "set", "mountpoint=/etc", "tank/ezjail/test"),
    (ZFS, "set", "compression=lz4", "tank"),
    (ZFS, "set", "quota=20g", "tank/ezjail/newjail"),
    (ZFS, "set", "quota=20g", "tank/ezjail/test", "tank/x"),
    (EZJAIL, "create", "-x", "fulljail", "10.0.0.2"),
    (ZFS, "list"),
    (ZFS, "destroy"),
    (ZFS, "destroy", "tank/ezjail/test"),
    (ZFS, "destroy", "-r", "tank/ezjail/test"),
    (ZFS, "destroy", "-r", "tank/ezjail"),
    (ZFS, "destroy", "-r", "/fulljail"),
    (ZFS, "destroy", "-r", "fulljail"),
    (ZFS, "destroy", "-r", "-f/fulljail"),
    (ZFS, "destroy", "-r", "tank//fulljail"),
    (ZFS, "destroy", "-r", "tank/x@y/fulljail"),
    (ZFS, "destroy", "-R", "tank/ezjail/fulljail"),
    (ZFS, "destroy", "-r", "-f", "tank/ezjail/fulljail"),
    (ZFS, "destroy", "tank/ezjail/fulljail"),
    (ZFS, "destroy", "-r", "tank/ezjail/newjail@_vanilla_newjail_"),
    (ZFS, "destroy", "tank/ezjail/newjail"),
    (ZFS, "destroy", "tank/ezjail/newjail@other"),
    (ZFS, "destroy", "tank/ezjail/test@_vanilla_newjail_"),
    (ZFS, "destroy", "/newjail@_vanilla_newjail_"),
    (ZFS, "destroy", "tank/a%b/newjail@_vanilla_newjail_"),
    (EZJAIL, "create", "-f", "-x", "test", "10.0.0.2"),
    (EZJAIL, "create", "-f", "../../etc", "test", "10.0.0.2"),
    (EZJAIL, "create", "-r", "/etc", "test", "10.0.0.2"),
    (EZJAIL, "create", "-f", "x", "-f", "y", "test", "10.0.0.2"),
    (EZJAIL, "create", "--", "test"),
    (EZJAIL, "create", "flavours", "10.0.0.2"),
    (EZJAIL, "install"),
    (EZJAIL, "install", "-r", "13.2-RELEASE", "-h", MIRROR),
    (EZJAIL, "install", "-h", MIRROR),
    (EZJAIL, "install", "-h", MIRROR, "-r"),
    (EZJAIL, "install", "-h", MIRROR, "-r", "13.2-RELEASE-p5"),
    (EZJAIL, "install", "-h", MIRROR, "-r", "13.2"),
    (EZJAIL, "install", "-h", MIRROR, "-r", "13-RELEASE"),
    (EZJAIL, "install", "-h", MIRROR, "-r", "../13.2-RELEASE"),
    (EZJAIL, "install", "-h", MIRROR, "-r", "13.2-release"),
    (EZJAIL, "install", "-h", MIRROR, "-r", "13.-RELEASE"),
    (EZJAIL, "install", "-h", MIRROR, "-r", "-RELEASE"),
    (EZJAIL, "install", "-h", "http://mirror.example", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "ftp.freebsd.org", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "https://", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "https://-x", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "https://host/../x", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "https://host/$(id)", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "https://host/a b", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "file://etc", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "file:///", "-r", "13.2-RELEASE"),
    (EZJAIL, "install", "-h", "file:///a/../b", "-r", "13.2-RELEASE"),
    (*INSTALL, "-p", "-s"),
    (*INSTALL, "-S"),
    (*INSTALL, "--"),
    (*INSTALL, "-s", "x"),
    TERMINAL,
    (*TERMINAL, *TERMINAL, *INSTALL),
    (*TERMINAL, *UNAME, *INSTALL),
    (*TERMINAL, EZJAIL, "onestop", "test"),
    (*TERMINAL, EZJAIL, "create", "test", "10.0.0.2"),
    (EZJAIL, "create", "-c", "eli", "-s", "10g", "test", "10.0.0.2"),
    (EZJAIL, "config", "-i", "test"),
    (EZJAIL, "config", "-i", "mount", "test"),
    (*TERMINAL, "/bin/sh"),
    ("/usr/bin/script", "-q", "/etc/passwd", *INSTALL),
    ("/usr/bin/script", "/dev/null", *INSTALL),
    (*UNAME, EZJAIL, "delete", "test"),
    (*UNAME, *UNAME, *INSTALL),
    UNAME,
    ("/usr/bin/env",),
    ("/usr/bin/env", *INSTALL),
    ("/usr/bin/env", "-S", "id", *INSTALL),
    ("/usr/bin/env", "LD_PRELOAD=/x", *INSTALL),
    ("/usr/bin/env", "UNAME_r=13.2-RELEASE x", *INSTALL),
    ("/usr/bin/env", "UNAME_r=", *INSTALL),
    ("/usr/bin/env", "UNAME_r=$(id)", *INSTALL),
]


def is_formed(argv: tuple[str, ...]) -> bool:
    """The grammar, said again. Arguments stand between line feeds, which no argument holds."""
    name = r"(?!\S*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
    jail = rf"(?!(?:basejail|newjail|fulljail|flavours|ezjailtemp|ezjail_archives)\n){name}"
    number = r"(?:0|[1-9][0-9]?)"
    release = rf"{number}\.{number}-[A-Z][A-Z0-9]{{0,14}}"
    mirror = (
        r"(?!\S*\.\.)(?!\S{1024})(?:https://[A-Za-z0-9]|file:///[A-Za-z0-9._:/@=+,~-])[A-Za-z0-9._:/@=+,~-]*"
    )
    prefix = r"(?:0|[1-9][0-9]?|1[01][0-9]|12[0-8])"
    ip = r"(?!\.)(?=[^\n,/|]*[.:])[0-9A-Fa-f.:]{1,45}(?<!\.)"
    address = rf"(?:[A-Za-z][A-Za-z0-9._-]{{0,14}}\|)?{ip}(?:/{prefix})?"
    before = rf"(?:/usr/bin/env\nUNAME_r={release}\n)?(?:/usr/bin/script\n-q\n/dev/null\n)?"
    existing = r"-x\n(?:-r\n(?:fulljail|ezjailtemp)\n)?"
    dataset = r"(?!\S*//)(?=[^\n@]{1,200}(?:/fulljail|/newjail@_vanilla_newjail_)\n)[A-Za-z][A-Za-z0-9._:/-]*"
    asking = r"/usr/bin/script\n-q\n/dev/null\n"
    forms = (
        rf"{before}{EZJAIL}\ninstall\n-h\n{mirror}\n-r\n{release}\n(?:-s\n)?(?:-p\n)?",
        rf"{EZJAIL}\ncreate\n(?:{existing}|{created(name)})(?:--\n)?{jail}\n{address}(?:,{address})*\n",
        rf"{ZFS}\nset\n{PROPERTY}\n(?=[A-Za-z])(?!\S*//)(?=\S{{3,200}}\n)[A-Za-z0-9._:/-]*/{jail}\n",
        rf"{ZFS}\ndestroy\n(?:-r\n{dataset}/fulljail|{dataset}/newjail@_vanilla_newjail_)\n",
        rf"{EZJAIL}\none(?:start|stop|restart)\n{jail}\n",
        rf"{EZJAIL}\ndelete\n(?:-w\n)?(?:-f\n)?(?:--\n)?{jail}\n",
        rf"{EZJAIL}\nconfig\n(?:-r\n(?:run|norun)|-n\n{jail}|-i\n(?:attach|detach|fsck))\n(?:--\n)?{jail}\n",
        rf"{asking}{EZJAIL}\n(?:one(?:start|restart)|config\n-i\n(?:attach|fsck))\n{jail}\n",
        rf"{asking}{EZJAIL}\ncreate\n{created(name, ELI)}(?:--\n)?{jail}\n{address}(?:,{address})*\n",
    )
    text = "".join(f"{word}\n" for word in argv)
    return any(re.fullmatch(form, text) for form in forms)


SIZE = r"[1-9][0-9]{0,8}[kmgKMG]"
IMAGE = rf"(?:-i\n-s\n{SIZE}\n|-z\nDATASET\n)?"
ELI = rf"-c\neli\n-s\n{SIZE}\n"
PROPERTY = rf"(?:compression=(?:off|on|lz4|zstd|gzip)|(?:quota|reservation)=(?:none|{SIZE}))"


def created(name: str, image: str = IMAGE) -> str:
    """The options of create, in their one order."""
    place = r"/(?!(?:bin|boot|dev|etc|lib|libexec|proc|rescue|root|sbin|sys|tmp|usr|var|compat)/)"
    place = rf"(?:/usr/jails/|/usr/local/jails/|/usr/home/|/var/jails/|{place}[^/\n]+/)"
    plain = r"(?!\S*//)(?!\S*/\.{1,2}(?:/|\n))(?!\S*/\n)(?!\S*\.(?:img|device)\n)(?!\S{1024})"
    root = rf"(?:-r\n{plain}(?={place}[^/\n])[A-Za-z0-9._@:=+,~/-]+\n)?"
    dataset = r"(?!\S*//)(?!\S*/\n)(?!\S{201})[A-Za-z][A-Za-z0-9._:/-]*"
    archive = rf"(?:-a\n{ARCHIVES}/(?!\S*\.\.)(?!\S{{256}})[A-Za-z0-9][A-Za-z0-9._-]*(?:\.tar\.gz|\.tgz)\n)?"
    flavours = rf"(?:-f\n(?![^\n]{{1024}}){name}(?: {name})*\n)?"
    return rf"{flavours}{root}{image.replace('DATASET', dataset)}{archive}(?:-b\n)?(?:-k\n)?"


def test_every_form_is_accepted_and_arrives_as_sent(tree):
    for number, argv in enumerate(ACCEPTED):
        assert is_formed(argv)
        run = f"run-{number:08}"
        answer = tree.start(run, *argv)
        assert (answer.returncode, answer.stdout) == (0, f"started {run}\n".encode()), argv
        before = b"script -q /dev/null\n" if "/usr/bin/script" in argv else b""
        program = ZFS if argv[0] == ZFS else EZJAIL
        assert tree.follow(run) == (before + lines(*argv[argv.index(program) + 1 :]), "exit 0", 0)


def test_release_of_the_basejail_is_told_to_what_installs_it(tree):
    tree.play('echo "$UNAME_r"\n')
    tree.start("run-00000001", *UNAME, *INSTALL)
    assert tree.follow("run-00000001")[0] == b"13.2-RELEASE\n"


def test_anything_else_is_refused_and_makes_nothing(tree):
    sentence = b"jailpanel-agent: this command is not on the allow-list\n"
    for argv in REFUSED:
        assert not is_formed(argv)
        answer = tree.start("run-00000001", *argv)
        assert (answer.returncode, answer.stdout, answer.stderr) == (77, b"", sentence), argv
    assert not tree.runs.exists()


def test_refusal_is_in_the_hosts_log(tree):
    tree.start("run-00000001", "/bin/sh", "-c", "id")
    assert tree.log == (
        "-t jailpanel -p auth.notice user=alice job=j-7 verb=start run=run-00000001 refused: /bin/sh -c id\n"
    )


# ---- what hypothesis makes of it -------------------------------------------------------------------

WORDS = sorted({word for argv in ACCEPTED + REFUSED for word in argv})
TEXT = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"), max_size=12)
CLOSE = st.text("ab01.-_/|:,=$;&é \"'`~*?A@", max_size=8)


@st.composite
def mutants(draw: st.DrawFn) -> tuple[str, ...]:
    """A form with a word changed, left out, doubled or put in."""
    argv = list(draw(st.sampled_from(ACCEPTED)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, max(0, len(argv) - 1)))
        new = draw(st.sampled_from(WORDS) | TEXT | CLOSE)
        joined = draw(
            st.sampled_from(["", new, new + "".join(argv[at : at + 1]), "".join(argv[at : at + 1]) + new])
        )
        argv[at : at + draw(st.integers(0, 1))] = [joined]
    return tuple(argv)


ARGVS = mutants() | st.lists(st.sampled_from(WORDS) | TEXT | CLOSE, min_size=1, max_size=9).map(tuple)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """The script's own allow-list behind a loop that reads many argument vectors, for speed."""
    text = SCRIPT.read_text()
    rules = text[text.index("# THE ALLOW-LIST") : text.index("# What more than one verb needs.")]
    loop = """
set -fu
LC_ALL=C R='' NL='
'
ezjail_settings() { :; }
path_of() {
    case $1 in
    archivedir) echo /usr/jails/ezjail_archives ;;
    jaildir) echo /usr/jails ;;
    *) echo "/usr/jails/$1" ;;
    esac
}
while IFS= read -r count; do
    set --
    while [ $# -lt "$count" ]; do IFS= read -r word; set -- "$@" "$word"; done
    if allowed "$@"; then echo yes; else echo no; fi
done
"""
    file = tmp_path_factory.mktemp("judge") / "judge"
    file.write_text(rules + loop)
    return file


@given(argvs=st.lists(ARGVS, min_size=1, max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_script_and_grammar_agree_on_every_argument_vector(judge, argvs):
    asked = b"".join(b"%d\n" % len(argv) + lines(*argv) for argv in argvs)
    said = subprocess.run(["/bin/sh", judge], input=asked, capture_output=True, check=True).stdout
    assert said.decode().split() == ["yes" if is_formed(argv) else "no" for argv in argvs]


@given(argv=ARGVS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_accepted_reaches_the_program_exactly(tmp_path_factory, argv):
    tree = make_tree(tmp_path_factory.mktemp("host"))
    answer = tree.start("run-00000001", *argv)
    assert answer.returncode == (0 if is_formed(argv) else 77)
    if answer.returncode == 0:
        output = tree.follow("run-00000001")[0]
        assert output.endswith(lines(*argv[argv.index(ZFS if argv[0] == ZFS else EZJAIL) + 1 :]))
