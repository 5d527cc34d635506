"""Every half-made state of docs/users/half-made.md: the code knows it, a test makes and mends it.

Those of a command that is killed in its middle are in `test_repair_simulated` and beside their topics; here
are those that are made by what such a command leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from apps.freebsd.errors import Conflict
from apps.freebsd.values import Release
from apps.jails import remains
from apps.jails.basejail.plans import InstallWish
from apps.jails.basejail.services import basejail_plan
from apps.jails.models import Jail
from apps.jails.repair_kinds import Finding
from apps.simulator.state import Mount
from tests.jails.test_repair_simulated import Place
from tests.places import make_host
from tests.simulated import Simulated, simulated_hosts
from tests.simulator.machines import READY, ZFS

REPOSITORY = Path(__file__).parents[2]
DOC = REPOSITORY / "docs/users/half-made.md"
TESTS = REPOSITORY / "tests/jails"
# A finding's kind, and the test that makes it, sees it and mends it.
TESTED = {
    "archive": "test_repair_table.py::test_an_archive_that_is_not_whole",
    "basejail": "test_repair_table.py::test_a_template_that_was_not_put_in_its_place",
    "endangered": "test_repair_table.py::test_a_jail_that_lives_where_an_installation_unpacks",
    "file": "test_repair_table.py::test_a_jails_file_that_was_cut_short",
    "flavour": "test_repair_simulated.py::test_a_flavour_that_may_be_missing_is_told_and_the_jail_made_anew",
    "half-patched": "basejail/test_updates.py::test_a_patch_that_perhaps_missed_the_template_is_run_again",
    "image": "test_repair_table.py::test_an_image_without_a_jail",
    "mounts": "test_repair_table.py::test_mounts_that_a_stop_left",
    "norun": "test_repair_simulated.py::test_a_norun_jail_does_not_stay_runnable",
    "pending": "basejail/test_simulated.py::test_an_update_that_was_cut_short_is_seen_and_finished",
    "remains": "test_repair_simulated.py::test_a_create_that_was_cut_short_is_undone_to_the_byte",
    "rename": "settings/test_simulated.py::test_a_rename_that_was_cut_is_one_finding_and_nothing_offers_to_"
    "destroy_its_root",
    "restores": "test_repair_table.py::test_what_a_restore_left",
    "rootless": "test_repair_table.py::test_a_root_that_is_not_there",
    "sets": "basejail/test_updates.py::test_sets_that_lie_about_can_be_removed",
    "snapshot": "test_repair_table.py::test_a_snapshot_that_a_create_left",
    "staging": "basejail/test_updates.py::test_a_staging_dataset_that_is_not_mounted_is_in_the_way",
    "stopped": "test_repair_simulated.py::test_a_restart_that_was_cut_short_leaves_the_jail_stopped_and_is_"
    "finished",
    "stray": "test_repair_table.py::test_a_file_among_the_jails_that_is_none",
    "temporary": "test_repair_table.py::test_a_temporary_file_that_a_change_left",
    "unmarked": "test_repair_simulated.py::test_a_jail_whose_start_was_killed_runs_without_its_note",
}


# -- the table --------------------------------------------------------------------------------------------


def kinds_in_code() -> set[str]:
    """The kinds of findings that the code makes: what their keys begin with."""
    text = "".join(path.read_text() for path in (REPOSITORY / "apps/jails").rglob("*.py"))
    keys = re.findall(r'\bFinding\(\s*f?"([^"]+)"', text)
    return {key.partition("-{")[0] for key in keys}


def kinds_in_table() -> list[str]:
    return re.findall(r"^\| `([a-z-]+)` \|", DOC.read_text(), re.MULTILINE)


def test_the_table_names_every_finding_once_and_no_other():
    assert sorted(kinds_in_table()) == sorted(kinds_in_code())


def test_each_row_has_its_test():
    assert sorted(TESTED) == sorted(kinds_in_code())
    for place in TESTED.values():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(), place


# -- the states -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Simulated]:
    specs = [replace(READY, name="plain"), replace(ZFS, name="zfs")]
    with simulated_hosts(tmp_path_factory.mktemp("table"), specs, pace=0.0, in_process=True) as running:
        yield running


@pytest.fixture
def of_kind(db, hosts, settings, monkeypatch) -> Callable[[str], Place]:
    """Gives a host that has its jails in directories, or in datasets."""
    settings.JOB_OUTPUT_FLUSH_S = 0.01
    monkeypatch.setattr("apps.hosts.gateway.private_key_path", lambda: hosts.private_key_path)

    def made(name: str) -> Place:
        target = hosts.target(name)
        row = make_host(name, address=target.address, port=target.port, host_key=target.host_key)
        return Place(hosts, name, row)

    return made


@pytest.fixture
def place(of_kind) -> Iterator[Place]:
    """A host with a jail web that the panel has seen."""
    place = of_kind("plain")
    place.does("ezjail-admin create web 'lo1|10.0.0.2/24'")
    place.look()
    assert remains.host_findings(place.row) == []
    yield place
    place.does("ezjail-admin delete -wf web; rm -rf /usr/jails/web; rm -f /etc/fstab.*; true")


def only(place: Place) -> Finding:
    """Look at the host, and give the one thing that is half made there."""
    (finding,) = remains.host_findings(place.look())
    return finding


def file(place: Place, path: str) -> Path:
    return place.root() / path.lstrip("/")


def mended(place: Place, kind: str, way: str) -> None:
    """Mend what is there, which is of one kind, and see that nothing is left of it."""
    finding = only(place)
    assert finding.key.startswith(kind)
    place.mend(finding, way, None)
    assert remains.host_findings(place.row) == []


def web(place: Place) -> Jail:
    return Jail.objects.get(host=place.row, safe_name="web")


def test_a_temporary_file_that_a_change_left(place):
    left = file(place, "/usr/local/etc/ezjail/web.a1B2c3")
    left.write_text("export jail_web_hostname=")
    mended(place, "temporary-web-a1B2c3", "finish")
    assert not left.exists()


def test_a_file_among_the_jails_that_is_none(place):
    left = file(place, "/usr/local/etc/ezjail/notes.txt")
    left.write_text("by hand\n")
    finding = only(place)
    assert (finding.key, finding.repairs, "notes.txt" in finding.advice) == ("stray-notes-txt", (), True)
    left.unlink()
    assert remains.host_findings(place.look()) == []


def test_mounts_without_a_jail(place):
    left = file(place, "/etc/fstab.other")
    left.write_text("/usr/jails/basejail /usr/jails/other/basejail nullfs ro 0 0\n")
    mended(place, "remains-other", "finish")
    assert not left.exists()


def test_a_jails_file_that_was_cut_short(place):
    path = file(place, "/usr/local/etc/ezjail/web")
    whole = path.read_text()
    path.write_text(whole[:500])
    mended(place, "file-web", "finish")
    assert (path.read_text(), web(place).problem) == (whole, "")


def test_a_jails_file_that_was_cut_short_is_removed_and_then_the_rest(place):
    path = file(place, "/usr/local/etc/ezjail/web")
    path.write_text(path.read_text()[:500])
    place.mend(only(place), "undo", None)
    assert not path.exists()
    mended(place, "remains-web", "finish")
    assert not file(place, "/usr/jails/web").exists()
    assert not file(place, "/etc/fstab.web").exists()


def test_mounts_that_a_stop_left(place):
    points = [f"/usr/jails/web/{name}" for name in ("basejail", "dev", "dev/fd")]
    for point, kind in zip(points, ("nullfs", "devfs", "fdescfs"), strict=True):
        file(place, point).mkdir(exist_ok=True)
        place.machine.mount(Mount("/usr/jails/basejail" if kind == "nullfs" else kind, point, kind))
    mended(place, "mounts-web", "finish")
    assert not [item for item in place.machine.kernel.mounts if item.point in points]


def test_what_a_restore_left(place):
    left = [file(place, f"/tmp/ezjail.prop.{name}") for name in ("000000", "Ab12Cd34")]
    for path in left:
        path.write_text("export jail_web_hostname=web\n")
    mended(place, "restores", "finish")
    assert not any(path.exists() for path in left)


def test_an_archive_that_is_not_whole(place):
    folder = file(place, "/usr/jails/ezjail_archives")
    folder.mkdir(exist_ok=True)
    names = [f"partial.web-20261124125{number}.00.tar.gz" for number in (8, 9)]
    for name in names:
        (folder / name).write_bytes(b"\x1f\x8b")
    first, second = remains.host_findings(place.look())
    place.mend(first, "finish", None)
    assert [path.name for path in folder.iterdir()] == names[1:], "each by itself"
    mended(place, second.key, "finish")
    assert not list(folder.iterdir())


def test_a_snapshot_that_a_create_left(of_kind):
    place = of_kind("zfs")
    place.does("zfs snapshot zroot/ezjail/newjail@_vanilla_newjail_")
    mended(place, "snapshot", "finish")


def test_an_image_without_a_jail(place):
    left = file(place, "/usr/jails/other.img")
    left.write_bytes(b"")
    place.machine.mount(Mount("/dev/md0", "/usr/jails/other", "ufs"))
    finding = only(place)
    assert (finding.key, finding.repairs) == ("image-other-img", ())
    assert "mdconfig -d -u md0" in finding.advice
    place.does("umount /usr/jails/other")
    mended(place, "image-other-img", "undo")
    assert not left.exists()


def test_a_root_that_is_not_there(place):
    place.does("rm -rf /usr/jails/web")
    mended(place, "rootless-web", "finish")
    assert file(place, "/usr/jails/web/etc/rc").exists()


def test_a_rename_to_a_reserved_name_leaves_the_root_where_an_installation_would_wipe_it(place):
    place.does("ezjail-admin config -n fulljail web; test -d /usr/jails/fulljail")
    basejail, rootless = sorted(remains.host_findings(place.look()), key=lambda finding: finding.key)
    assert (basejail.repairs, rootless.key) == ((), "rootless-web")
    assert "may be the root of web" in basejail.advice
    with pytest.raises(Conflict, match="may be it"):
        basejail_plan(place.row, InstallWish(Release.parse(READY.basejail)))
    place.does("mv /usr/jails/fulljail /usr/jails/web")
    assert remains.host_findings(place.look()) == []


def test_a_jail_that_lives_where_an_installation_unpacks(place):
    path = file(place, "/usr/local/etc/ezjail/web")
    whole = path.read_text()
    place.does("mv /usr/jails/web /usr/jails/fulljail")
    path.write_text(whole.replace('rootdir="/usr/jails/web"', 'rootdir="/usr/jails/fulljail"'))
    finding = only(place)
    assert (finding.key, finding.repairs) == ("endangered-web", ())
    place.does("mv /usr/jails/fulljail /usr/jails/web")
    path.write_text(whole)
    assert remains.host_findings(place.look()) == []


def test_a_template_that_was_not_put_in_its_place(place):
    place.does("mv /usr/jails/newjail /usr/jails/fulljail")
    mended(place, "basejail", "finish")
    assert file(place, "/usr/jails/newjail/etc/rc").exists()
    assert not file(place, "/usr/jails/fulljail").exists()
