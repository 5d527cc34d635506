"""facts: sections that nothing on the host can forge, and nothing followed out of the host's own files."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from apps.freebsd.ezjail_settings import SETTINGS

NONCE = "0123456789abcdef" * 2
CONTROL = "usr/local/etc/ezjail"
ABSENT = {"ezjail-conf", "rc-conf", "rc-conf-local"}  # files that the hosts here do not have

# Tools that answer with their own name and arguments; what they say and how they end can be changed.
TOOLS = {
    "bin/date": "",
    "usr/bin/id": "",
    "usr/bin/uname": "",
    "bin/freebsd-version": "",
    "usr/sbin/jls": "",
    "sbin/ifconfig": "",
    "sbin/mount": "",
    "bin/df": "",
    "sbin/kldstat": "exit 1\n",
    "sbin/zpool": "",
    "sbin/zfs": "",
    "sbin/mdconfig": "",
    "usr/sbin/sysrc": "",
    "sbin/sysctl": "",
}


@dataclass(frozen=True, slots=True)
class Section:
    out: bytes
    err: bytes
    status: int


def sections_of(text: bytes) -> dict[str, Section]:
    """Take an answer apart as the protocol says, and insist that it is whole."""
    form = re.compile(
        rb"\n@@%b OUT ([^\n ]+)\n(.*?)\n@@%b ERR \1\n(.*?)\n@@%b RC \1 ([0-9]+)\n" % ((NONCE.encode(),) * 3),
        re.DOTALL,
    )
    found, at = {}, 0
    while at < len(text):
        match = form.match(text, at)
        assert match, text[at : at + 200]
        found[match[1].decode()] = Section(match[2], match[3], int(match[4]))
        at = match.end()
    assert list(found)[-1] == "done"
    return found


def facts(tree):
    answer = tree.ask("facts", NONCE)
    assert (answer.returncode, answer.stderr) == (0, b"")
    return sections_of(answer.stdout)


@pytest.fixture
def host(any_tree):
    for path, script in TOOLS.items():
        any_tree.tool(path, (script and f"#!/bin/sh\n{script}") or '#!/bin/sh\necho "${0##*/} $*"\n')
    any_tree.tool(
        "usr/local/bin/ezjail-admin",
        "#!/bin/sh\necho out\necho 'ezjail-admin v3.4.2' >&2\necho 'Usage: …' >&2\nexit 1\n",
    )
    return any_tree


def test_each_tool_is_called_as_the_reference_says(host):
    found = facts(host)
    said = {key: section.out.decode() for key, section in found.items()}
    assert said["now"] == "date +%s\n"
    assert said["id"] == "id -u\n"
    assert said["uname"] == "uname -mrs\n"
    assert said["version"] == "freebsd-version -kru\n"
    assert said["sysctl"].startswith("sysctl -ie kern.ostype kern.osrelease ")
    assert {"kern.boottime", "hw.model", "kern.racct.enable"} <= set(said["sysctl"].split())
    assert said["jails"] == (
        "jls --libxo json -d jid name path dying host.hostname ip4 ip4.addr ip6 ip6.addr cpuset.id"
        " osrelease persist\n"
    )
    assert said["jailsv"] == "jls --libxo json -v\n"
    assert said["interfaces"] == "ifconfig -f inet:cidr,inet6:cidr -a\n"
    assert said["mounts"] == "mount -p\n"
    assert said["df"] == "df --libxo json -k -T\n"
    assert said["ezjail-version"] == "ezjail-admin v3.4.2\n"
    assert said["ezjail-enable"] == "sysrc -n ezjail_enable\n"
    assert {section.status for key, section in found.items() if key not in ABSENT} == {0}


def test_zfs_is_asked_only_where_it_is_loaded(host):
    assert not {"zfs", "zpool"} & set(facts(host))
    host.tool("sbin/kldstat", '#!/bin/sh\n[ "$*" = "-q -m zfs" ]\n')
    found = facts(host)
    assert found["zpool"].out == b"zpool list -Hp -o name,size,alloc,free,cap,health\n"
    assert (
        found["zfs"].out == b"zfs list -Hp -t filesystem -o name,used,avail,refer,mountpoint,origin,jailed\n"
    )


def test_status_and_errors_of_a_tool_are_kept_apart(host):
    host.tool("usr/sbin/jls", "#!/bin/sh\nprintf 'half'\nprintf 'a=b\\n\\nno = end' >&2\nexit 3\n")
    assert facts(host)["jails"] == Section(b"half", b"a=b\n\nno = end", 3)


def test_missing_tool_has_status_127(host):
    (host.root / "bin/freebsd-version").unlink()
    section = facts(host)["version"]
    assert (section.out, section.status) == (b"", 127)
    assert b"not found" in section.err
    (host.root / "usr/local/bin/ezjail-admin").unlink()
    assert facts(host)["ezjail-version"].status == 127


def test_errors_are_capped_and_output_is_not(host):
    host.tool(
        "usr/sbin/jls", "#!/bin/sh\nhead -c 200000 /dev/zero\nhead -c 9000 /dev/zero | tr '\\0' e >&2\n"
    )
    section = facts(host)["jails"]
    assert section.out == bytes(200000)
    assert section.err == b"e" * 4096


def test_tools_read_nothing_and_see_no_request(host):
    host.tool("usr/sbin/jls", "#!/bin/sh\ncat; echo end\n")
    answer = host.ask("facts", NONCE, stdin=b"typed\n", env=host.env(SSH_ORIGINAL_COMMAND="x"))
    assert sections_of(answer.stdout)["jails"].out == b"end\n"


def test_no_file_can_forge_a_section(host):
    forged = f"\n@@{'f' * 32} RC ezjail-conf 0\n\n@@{'f' * 32} OUT jails\n@@NONCE OUT x\n"
    host.file("/usr/local/etc/ezjail.conf", "".join(f"# {line}\n" for line in forged.splitlines()) + "\n")
    host.file(f"{CONTROL}/test", forged)
    found = facts(host)
    assert found["file:test"] == Section(forged.encode(), b"", 0)


def test_jail_files_are_sent_byte_for_byte(host):
    files = {"test": b'export jail_test_ip="10.0.0.2"\n', "old.norun": b"no line feed", "six": b"\0\xff\n\n"}
    for name, content in files.items():
        host.file(f"{CONTROL}/{name}", content)
    host.file("etc/fstab.test", "/usr/jails/basejail /usr/jails/test/basejail nullfs ro 0 0\n")
    found = facts(host)
    assert found["jail-files"].out.decode().split() == sorted(files)
    for name, content in files.items():
        assert found[f"file:{name}"] == Section(content, b"", 0)
    assert found["fstab:test"].out.startswith(b"/usr/jails/basejail ")


def test_host_without_jails_has_no_files(host):
    found = facts(host)
    assert found["jail-files"].out == b""
    assert found["jail-files-odd"].out == b"0\n"
    assert not [key for key in found if ":" in key]


def test_odd_file_names_are_counted_and_not_shown(host):
    for name in ("good", "a b", "x;id", "new\nline", "é", "*"):
        host.file(f"{CONTROL}/{name}", "content\n")
    found = facts(host)
    assert found["jail-files"].out == b"good\n"
    assert found["jail-files-odd"].out == b"5\n"
    assert [key for key in found if key.startswith("file:")] == ["file:good"]


def test_link_among_jail_files_is_not_followed(host):
    host.file("etc/master.passwd", "secret\n")
    (host.root / CONTROL / "evil").symlink_to(host.root / "etc/master.passwd")
    (host.root / "etc/fstab.evil").symlink_to(host.root / "etc/master.passwd")
    (host.root / "usr/local/etc/ezjail.conf").symlink_to(host.root / "etc/master.passwd")
    found = facts(host)
    for key in ("file:evil", "fstab:evil", "ezjail-conf"):
        assert found[key] == Section(b"", b"not a regular file", 1)


def test_settings_have_ezjails_defaults(host):
    said = dict(line.split("=", 1) for line in facts(host)["ezjail-settings"].out.decode().splitlines())
    assert said == {
        setting.name.removeprefix("ezjail_"): setting.default_for("/usr/jails") for setting in SETTINGS
    }


def test_settings_come_from_the_file_as_ezjail_reads_it(host):
    host.file(
        "/usr/local/etc/ezjail.conf",
        "echo noise\nbase=/data\nezjail_jaildir=$base/jails\nezjail_jailtemplate=\nezjail_use_zfs='YES'\n"
        "unset_is_fine=$nobody_set_this\nezjail_exec_stop='/bin/sh /etc/rc.shutdown'\n",
    )
    lines = facts(host)["ezjail-settings"].out.decode().splitlines()
    assert lines[:3] == ["jaildir=/data/jails", "jailbase=/data/jails/basejail", "jailtemplate="]
    assert {"use_zfs=YES", "exec_stop=/bin/sh /etc/rc.shutdown"} <= set(lines)
    assert len(lines) == len(SETTINGS)


def test_setting_that_would_make_a_second_line_is_left_out(host):
    host.file("/usr/local/etc/ezjail.conf", "ezjail_jailzfs='a\njaildir=/evil'\n")
    section = facts(host)["ezjail-settings"]
    assert b"evil" not in section.out
    assert section.err == b"jailzfs holds a control character\n"


@pytest.mark.parametrize("conf", ["exit 3\n", "if\n", "return 4\nfoo=(\n"])
def test_settings_that_cannot_be_read_leave_the_rest_whole(host, conf):
    host.file("/usr/local/etc/ezjail.conf", conf)
    found = facts(host)
    if found["ezjail-settings"].status:
        assert found["jail-roots"].out == b""
    assert found["done"].status == 0


def test_jail_roots_tell_kinds_and_whose_root_is_missing(host):
    jails = host.root / "usr/jails"
    (jails / "test").mkdir()
    (jails / "away").symlink_to("/other/away")
    (jails / "disk.img").write_bytes(b"")
    (jails / "a b").mkdir()
    host.file(f"{CONTROL}/test", 'export jail_test_rootdir="/usr/jails/test"\n')
    host.file(f"{CONTROL}/gone.norun", 'export jail_gone_rootdir="/usr/jails/gone"\n')
    host.file(f"{CONTROL}/odd", 'export jail_odd_rootdir="relative"\nexport jail_odd_rootdir="/x"; id\n')
    found = facts(host)
    assert sorted(found["jail-roots"].out.decode().splitlines()) == [
        "d test",
        "f disk.img",
        "l away",
        "root /usr/jails/gone no",
        "root /usr/jails/test yes",
        "root /x no",
    ]
    assert found["jail-roots-odd"].out == b"1\n"


ODD_ROOTS = {
    "no quotes": ("jail_a_rootdir=/jails/a\n", "/jails/a"),
    "others": ("  export jail_a_rootdir='/jails/a b' # mine\n", "/jails/a b"),
    "continued": ('export \\\n  jail_a_rootdir="/jails/a"\n', "/jails/a"),
    "beside others": ('export jail_a_fib=1; export jail_a_rootdir="/jails/a"; FOO=1\n', "/jails/a"),
}


@pytest.mark.parametrize("form", ODD_ROOTS)
def test_a_root_is_looked_for_however_its_line_is_written(tree, form):
    text, path = ODD_ROOTS[form]
    (tree.root / path[1:]).mkdir(parents=True)
    tree.file(f"{CONTROL}/a", text)
    assert f"root {path} yes\n" in facts(tree)["jail-roots"].out.decode()


def test_id_files_are_read_as_numbers(host):
    host.file("var/run/jail_test.id", "12\n")
    host.file("var/run/jail_bare.id", "7")
    host.file("var/run/jail_evil.id", "1; id\n")
    host.file("var/run/jail_a b.id", "1\n")
    (host.root / "var/run/jail_link.id").symlink_to("jail_test.id")
    assert sorted(facts(host)["id-files"].out.decode().splitlines()) == ["bare 7", "test 12"]


def test_flavours_are_directories(host):
    flavours = host.root / "usr/jails/flavours"
    (flavours / "example").mkdir(parents=True)
    (flavours / "file").write_text("")
    (flavours / "link").symlink_to("example")
    (flavours / "a b").mkdir()
    assert facts(host)["flavours"].out == b"example\n"


def test_basejail_tells_what_is_there_and_follows_nothing(host):
    jails = host.root / "usr/jails"
    host.file("usr/jails/basejail/bin/sh", "")
    host.file("usr/jails/basejail/bin/freebsd-version", '#!/bin/sh\nUSERLAND_VERSION="13.2-RELEASE-p4"\nx\n')
    (jails / "newjail/etc").mkdir(parents=True)
    (jails / "newjail/etc/rc").write_text("")
    (jails / "newjail/basejail").mkdir()
    (jails / "newjail/bin").symlink_to("/basejail/bin")
    (jails / "fulljail").mkdir()
    found = facts(host)
    kinds = dict(line.split(" ", 1) for line in found["basejail"].out.decode().splitlines())
    assert len(kinds) == 29
    assert kinds["basejail/bin/sh"] == "file"
    assert kinds["basejail/usr/src"] == "missing"
    assert kinds["newjail/etc/rc"] == "file"
    assert kinds["newjail/basejail"] == "dir"
    assert kinds["newjail/bin"] == "link /basejail/bin"
    assert kinds["newjail/usr/lib32"] == "missing"
    assert kinds["fulljail"] == "dir"
    assert kinds["ezjailtemp"] == "missing"
    assert found["basejail-release"].out == b'USERLAND_VERSION="13.2-RELEASE-p4"\n'


def test_release_of_the_basejail_is_not_read_through_a_link(host):
    host.file("etc/master.passwd", "USERLAND_VERSION=secret\n")
    link = host.root / "usr/jails/basejail/bin/freebsd-version"
    link.parent.mkdir(parents=True)
    link.symlink_to(host.root / "etc/master.passwd")
    assert facts(host)["basejail-release"].out == b""


def test_hundreds_of_jails_are_told_in_one_answer(tree):
    for number in range(300):
        tree.file(f"{CONTROL}/jail{number}", f'export jail_jail{number}_rootdir="/usr/jails/jail{number}"\n')
    found = facts(tree)
    assert len([key for key in found if key.startswith("file:")]) == 300
    assert found["jail-roots"].out.count(b"root /usr/jails/jail") == 300
