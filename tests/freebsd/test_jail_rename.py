"""What ezjail's rename leaves of a jail's files, predicted: the simulator was written apart from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from apps.freebsd.errors import Conflict
from apps.freebsd.jail_file import JailFile
from apps.freebsd.jail_rename import Renamed
from apps.freebsd.values import JailName
from tests.freebsd.cases import captured
from tests.jails.settings.posts import FILE, FSTAB
from tests.simulator.machines import ZFS, done, make

NEW = JailName.parse("re.named")
CONTROL = "/usr/local/etc/ezjail"


def renamed(text: str = FILE, fstab: str = FSTAB, new: JailName = NEW) -> Renamed:
    return Renamed(JailFile("test", text), fstab, new, "/usr/jails", "/usr/jails/basejail")


def test_the_file_is_what_a_real_ezjail_wrote():
    was = renamed(FILE.replace("lo0|10.0.0.2/24", "lo1|10.0.0.5/24"), new=JailName.parse("renamed"))
    assert was.file_as_ezjail_writes_it() == captured("ezjail")["file-renamed"]["stdout"]


def test_where_nothing_is_lost_nothing_is_put_back():
    was = renamed()
    assert was.file_with_the_rest() == was.file_as_ezjail_writes_it()
    assert was.fstab_with_the_rest() == was.fstab_as_ezjail_writes_it()


@pytest.mark.parametrize(
    ("line", "back"),
    [
        ('export jail_test_consolelog="/x"\n', 'export jail_re_named_consolelog="/x"\n'),
        ("jail_test_odd='1'  # why\n", "jail_re_named_odd='1'# why\n"),
        ("  # indented\n", "# indented\n"),
        ('logger "$jail_test_ip"', 'logger "$jail_re_named_ip"\n'),
        ("other_jail_test_x=1\n", "other_jail_test_x=1\n"),
        ('jail_test_exec=""\n', ""),
    ],
)
def test_what_ezjail_drops_is_put_back_under_the_new_name(line, back):
    was = renamed(FILE + line)
    assert was.file_with_the_rest().replace("\n# why", "# why") == was.file_as_ezjail_writes_it() + back


@pytest.mark.parametrize(
    "line",
    [
        "test -f /x && export jail_test_ip=1\n",
        'export jail_test_fib="$X"\n',
        'export jail_test_hostname="test" jail_test_x="1"\n',
    ],
)
def test_a_file_of_which_nobody_knows_what_becomes_is_not_renamed(line):
    with pytest.raises(Conflict):
        renamed(FILE + line).file_with_the_rest()


def test_a_root_that_is_elsewhere_stays_there():
    was = renamed(FILE.replace("/usr/jails/test", "/data/test"))
    assert (was.moves, was.new_root) == (False, "/data/test")
    assert was.fstab_as_ezjail_writes_it() == "/usr/jails/basejail /data/test/basejail nullfs ro 0 0\n"


def test_lines_of_the_fstab_follow_the_root():
    lines = (
        "/data/x /usr/jails/test/x nullfs ro 0 0\n# kept\n/usr/jails/test2 /usr/jails/test/y nullfs ro 0 0\n"
    )
    assert renamed(fstab=FSTAB + lines).fstab_with_the_rest() == (
        "/usr/jails/basejail /usr/jails/re.named/basejail nullfs ro 0 0\n"
        "/data/x /usr/jails/re.named/x nullfs ro 0 0\n"
        "# kept\n"
        "/usr/jails/test2 /usr/jails/re.named/y nullfs ro 0 0\n"
    )


SPECS = {"dataset": (ZFS, ""), "image": (replace(ZFS, ezjail_conf="", pool=None), "-i -s 10m ")}


@pytest.mark.parametrize("kind", SPECS)
def test_what_is_predicted_is_what_the_simulated_ezjail_writes(tmp_path, kind):
    spec, options = SPECS[kind]
    machine = make(tmp_path, spec)
    done(machine, f"create {options}test 'lo1|10.0.0.2/24'")
    root = Path(machine.files.root)
    file = root / CONTROL.lstrip("/") / "test"
    file.write_text(f'{file.read_text()}# last\nexport jail_test_exec="/bin/sh /x"\n')
    jailzfs = "zroot/ezjail" if kind == "dataset" else ""
    was = replace(renamed(file.read_text(), (root / "etc/fstab.test").read_text()), jailzfs=jailzfs)
    done(machine, "config -n re.named test")
    assert (root / CONTROL.lstrip("/") / "re_named").read_text() == was.file_as_ezjail_writes_it()
    assert (root / "etc/fstab.re_named").read_text() == was.fstab_as_ezjail_writes_it()
