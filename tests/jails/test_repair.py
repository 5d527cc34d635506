"""What is half made as it was last seen, and which ways on are offered: findings in, plans out."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.permissions import Perm
from apps.freebsd.commands import FileChange
from apps.freebsd.parsers.ezjail_file import VARIABLES
from apps.jails.models import Jail, JailAddress, Kind
from apps.jails.repair import findings
from apps.jails.repair_kinds import Finding, Install, Known, Wish
from apps.jobs.plan import Plan

EZJAIL = "/usr/local/bin/ezjail-admin"
ADDRESS = "lo0|10.0.0.7/24"
CREATE = Wish("jails.create", "web", ADDRESS, was_cut=True)
DELETE = Wish("jails.delete", "web", ADDRESS, wipe=True, was_cut=True)
ON_ZFS = {"use_zfs": True, "use_zfs_for_jails": True, "jailzfs": "tank/ezjail"}
ROOT = {"roots": ["/usr/jails/web"]}
DATASET = {**ROOT, "datasets": ["tank/ezjail/web"]}
SNAPSHOT = "tank/ezjail/newjail@_vanilla_newjail_"


def known(
    left: dict[str, Any] | None = None,
    *jails: Jail,
    wish: Wish | None = None,
    zfs: bool = False,
    basejail: dict[str, Any] | None = None,
    **more: Any,
) -> Known:
    settings = {"jaildir": "/usr/jails", "use_zfs": False, "use_zfs_for_jails": False, "jailzfs": ""}
    facts = {
        "leftovers": left or {},
        "ezjail": {"settings": settings | (ON_ZFS if zfs else {})},
        "basejail": {"present": True, "missing": [], "half_made": []} | (basejail or {}),
    }
    wishes = {"web": wish} if wish else {}
    return Known("alpha", facts, {jail.safe_name: jail for jail in jails}, wishes=wishes, **more)


def only(found: Known) -> Finding:
    (finding,) = findings(found)
    return finding


def ways(finding: Finding) -> dict[str, list[str]]:
    """The commands of each way, as one could paste them."""
    return {
        repair.way: [command.shell_text().replace(EZJAIL, "ezjail-admin") for command in repair.plan.commands]
        for repair in finding.repairs
    }


REGISTER, WIPE = f"ezjail-admin create -x web '{ADDRESS}'", "ezjail-admin delete -w -f web"
MAKE = f"ezjail-admin create web '{ADDRESS}'"
UNKNOWN_REGISTER = "ezjail-admin create -x web 203.0.113.1"


def test_a_host_on_which_all_is_well_has_nothing_to_mend():
    assert findings(known()) == []
    assert findings(Known("alpha", {}, {})) == []


# -- what is left under the name of a jail ----------------------------------------------------------------


@pytest.mark.parametrize(("left", "zfs"), [(ROOT, False), (DATASET, True)])
def test_a_jail_that_was_being_made_is_made_anew_or_taken_away(left, zfs):
    finding = only(known(left, wish=CREATE, zfs=zfs))
    assert finding.key == "remains-web"
    assert "The jail web was being made" in finding.sentence
    assert all(path in finding.sentence for paths in left.values() for path in paths)
    assert ways(finding) == {"finish": [REGISTER, WIPE, MAKE], "undo": [REGISTER, WIPE]}
    assert [repair.typed_name for repair in finding.repairs] == ["web", "web"]
    assert all("is destroyed" in " ".join(repair.plan.warnings) for repair in finding.repairs)
    assert {repair.perm for repair in finding.repairs} == {Perm.JAIL_DELETE}


def test_it_is_made_anew_with_its_flavour():
    wish = Wish("jails.create", "web", ADDRESS, "example", was_cut=True)
    assert (
        ways(only(known(ROOT, wish=wish)))["finish"][-1] == f"ezjail-admin create -f example web '{ADDRESS}'"
    )


def test_the_snapshot_that_a_create_left_goes_with_it():
    left = {**DATASET, "snapshots": [SNAPSHOT]}
    destroy = f"/sbin/zfs destroy {SNAPSHOT}"
    found = ways(only(known(left, wish=CREATE, zfs=True)))
    assert found == {"finish": [destroy, REGISTER, WIPE, MAKE], "undo": [destroy, REGISTER, WIPE]}


def test_a_snapshot_alone_is_told_and_taken_away():
    finding = only(known({"snapshots": [SNAPSHOT]}, zfs=True))
    assert "the next jail would be made of it" in finding.sentence
    assert ways(finding) == {"finish": [f"/sbin/zfs destroy {SNAPSHOT}"]}


@pytest.mark.parametrize(("left", "zfs"), [(ROOT, False), (DATASET, True)])
def test_a_jail_that_was_being_deleted_is_destroyed_or_taken_back_in(left, zfs):
    finding = only(known(left, wish=DELETE, zfs=zfs))
    assert "ezjail has forgotten it" in finding.sentence
    assert ways(finding) == {"finish": [REGISTER, WIPE], "undo": [REGISTER]}
    (_, undo) = finding.repairs
    assert ("some may be gone" in " ".join(undo.plan.warnings)) == (not zfs)
    assert "becomes ezjail's default" in " ".join(undo.plan.warnings)
    assert (undo.perm, undo.typed_name) == (Perm.JAIL_CREATE, "")


def test_files_that_a_delete_was_to_keep_can_be_destroyed_or_taken_back_in():
    finding = only(known(ROOT, wish=Wish("jails.delete", "web", ADDRESS)))
    assert "ezjail has no jail that it belongs to" in finding.sentence
    assert ways(finding) == {"finish": [REGISTER, WIPE], "undo": [REGISTER]}
    assert "some may be gone" not in " ".join(finding.repairs[1].plan.warnings)


@pytest.mark.parametrize("wish", [None, Wish("jails.create", "web", ADDRESS), Wish("jails.delete", "web")])
def test_what_nobody_knows_of_is_only_destroyed_when_its_name_is_typed(wish):
    """A create that ezjail refused since something was there already did not make what is there."""
    finding = only(known(ROOT, wish=wish))
    register = REGISTER if wish and wish.addresses else UNKNOWN_REGISTER
    assert ways(finding) == {"finish": [register, WIPE]}
    assert finding.repairs[0].typed_name == "web"


@pytest.mark.parametrize(
    ("left", "zfs"),
    [
        (ROOT, True),
        (DATASET, False),
        ({"roots": ["/usr/jails/we b"]}, False),
        ({"roots": ["/usr/jails/-web"]}, False),
        ({"roots": ["/srv/web"]}, False),
    ],
    ids=["directory among datasets", "dataset among directories", "odd", "option", "elsewhere"],
)
def test_what_ezjail_could_not_take_is_left_to_a_hand(left, zfs):
    finding = only(known(left, wish=CREATE, zfs=zfs))
    assert finding.repairs == ()
    assert "remove by hand what nobody needs" in finding.advice


def test_without_a_basejail_ezjail_registers_nothing():
    assert findings(known(ROOT, basejail={"present": False}))[0].repairs == ()


def test_a_jail_that_a_job_is_at_is_left_alone():
    assert findings(known(ROOT, wish=CREATE, busy=frozenset({"web"}))) == []


# -- jails that are there ---------------------------------------------------------------------------------


def jail(*addresses: JailAddress, **values: Any) -> Jail:
    defaults = {"name": "web", "safe_name": "web", "root": "/usr/jails/web", "observed_at": timezone.now()}
    row = Jail(pk=1, **(defaults | values))
    row._prefetched_objects_cache = {"addresses": list(addresses)}  # type: ignore[attr-defined]
    return row


def test_a_file_without_a_root_can_be_forgotten():
    finding = only(known({}, jail(root_exists=False)))
    assert finding.sentence == "ezjail has a file for web, but its root /usr/jails/web is not there."
    assert ways(finding) == {"undo": ["ezjail-admin delete web"]}


def test_a_directory_that_is_gone_is_made_anew_with_the_addresses_of_its_file():
    address = JailAddress(interface="lo0", address="10.0.0.7", prefix=24)
    finding = only(known({}, jail(address, root_exists=False)))
    assert ways(finding) == {"finish": ["ezjail-admin delete web", MAKE], "undo": ["ezjail-admin delete web"]}


@pytest.mark.parametrize("kind", [Kind.ZFS, Kind.IMAGE, Kind.GELI])
def test_a_root_that_may_only_not_be_mounted_is_not_made_anew(kind):
    """A create would receive over the dataset that is there."""
    finding = only(known({}, jail(root_exists=False, kind=kind)))
    assert finding.repairs == ()
    assert "zfs mount -a" in finding.advice


def test_a_jail_that_ezjail_takes_for_stopped_is_restarted_or_stopped():
    finding = only(known({"unmarked": ["web"]}, jail(jid=4)))
    assert ways(finding) == {
        "finish": ["ezjail-admin onerestart web"],
        "undo": ["ezjail-admin onestop web"],
    }


def test_a_jail_that_was_asked_for_and_not_seen_hides_nothing():
    assert only(known(ROOT, jail(observed_at=None, root=""), wish=CREATE)).key == "remains-web"


# -- the basejail -----------------------------------------------------------------------------------------

AGAIN = Install(Plan("jails.basejail_install", "Install the basejail", ()), {"release": "13.2-RELEASE"})


def test_an_install_that_was_cut_short_early_is_run_again_or_taken_away():
    half = {"half_made": ["fulljail", "ezjailtemp"]}
    finding = only(known({}, basejail=half, install=AGAIN))
    assert ways(finding) == {
        "finish": [],
        "undo": [
            "ezjail-admin create -x -r fulljail jailpanel-leftover 203.0.113.1",
            "ezjail-admin delete -w jailpanel-leftover",
            "ezjail-admin create -x -r ezjailtemp jailpanel-leftover 203.0.113.1",
            "ezjail-admin delete -w jailpanel-leftover",
        ],
    }
    assert finding.repairs[0].plan is AGAIN.plan


def test_its_dataset_is_destroyed():
    finding = only(known({}, basejail={"half_made": ["fulljail"]}, zfs=True))
    assert ways(finding) == {"undo": ["/sbin/zfs destroy -r tank/ezjail/fulljail"]}


@pytest.mark.parametrize(
    ("basejail", "zfs"),
    [
        ({"half_made": ["fulljail"], "missing": ["newjail/etc/rc"]}, False),
        ({"missing": ["basejail/bin/sh"]}, False),
        ({"half_made": ["fulljail"], "present": False}, False),
        ({"half_made": ["fulljail", "ezjailtemp"]}, True),
    ],
    ids=["template gone", "basejail broken", "first install", "no command of ezjail's"],
)
def test_what_cannot_be_taken_back_is_only_finished(basejail, zfs):
    finding = findings(known({}, basejail=basejail, zfs=zfs, install=AGAIN))[-1]
    assert (finding.key, list(ways(finding))) == ("basejail", ["finish"])


def test_a_jail_that_lives_where_an_install_unpacks_is_never_taken_for_its_leftovers():
    here = jail(root="/usr/jails/fulljail")
    finding = only(known({}, here, basejail={"half_made": ["fulljail"]}, install=AGAIN))
    assert (finding.key, finding.repairs) == ("endangered-web", ())
    assert "would wipe it" in finding.sentence
    assert "mv /usr/jails/fulljail" in finding.advice


def test_a_directory_that_config_may_have_moved_there_is_not_wiped_either():
    """`ezjail-admin config -n fulljail web` moves the root, and refuses the name then."""
    half = {"half_made": ["fulljail"]}
    _, finding = findings(known({}, jail(root_exists=False), basejail=half, install=AGAIN))
    assert (finding.key, finding.repairs) == ("basejail", ())
    assert "fulljail may be the root of web" in finding.advice


def test_while_a_job_is_at_the_host_itself_nothing_of_it_is_told():
    left = {"snapshots": [SNAPSHOT], "images": ["/usr/jails/x.img"]}
    assert findings(known(left, basejail={"half_made": ["fulljail"]}, zfs=True, busy=frozenset({""}))) == []


# -- files and mounts -------------------------------------------------------------------------------------

WHOLE = "".join(f'export jail_web_{name}="x"\n' for name in VARIABLES)


def test_a_file_that_was_cut_short_is_removed_or_written_as_it_was():
    cut = jail(root="", problem="It was cut short.", config_text=WHOLE[:200], wanted={"file": WHOLE})
    finding = only(known({}, cut))
    (write, remove) = finding.repairs
    (change,) = write.plan.commands
    assert isinstance(change, FileChange)
    assert (change.path, change.before, change.after) == ("/usr/local/etc/ezjail/web", WHOLE[:200], WHOLE)
    assert (write.perm, remove.perm) == (Perm.JAIL_CHANGE, Perm.JAIL_DELETE)
    assert ways(finding)["undo"] == ["/bin/unlink /usr/local/etc/ezjail/web"]


@pytest.mark.parametrize("values", [{"jid": 4}, {"config_text": WHOLE}], ids=["it runs", "it is whole"])
def test_a_file_that_is_needed_or_whole_is_not_removed(values):
    cut = {"root": "", "problem": "No sh.", "config_text": WHOLE[:200]} | values
    finding = only(known({}, jail(**cut)))
    assert (finding.repairs, "look at it on the host" in finding.advice) == ((), True)


def test_what_a_change_of_a_file_left_is_removed_and_what_is_a_hands_is_not():
    first, second = findings(known({"files": ["notes.txt", "web.a1B2c3"]}))
    assert (first.key, first.repairs, "notes.txt" in first.advice) == ("stray-notes-txt", (), True)
    assert (second.key, second.safe_name) == ("temporary-web-a1B2c3", "web")
    assert ways(second) == {"finish": ["/bin/unlink /usr/local/etc/ezjail/web.a1B2c3"]}


def test_mounts_without_a_jail_or_anything_else_are_removed():
    finding = only(known({"fstabs": ["/etc/fstab.web"]}))
    assert (finding.key, ways(finding)) == ("remains-web", {"finish": ["/bin/unlink /etc/fstab.web"]})


def test_what_a_stop_left_is_unmounted_last_first_and_jail_by_jail():
    points = ["/usr/jails/web/dev", "/usr/jails/db/proc", "/usr/jails/web/dev/fd", "/home/x/dev"]
    others, web, db = findings(known({"mounts": points}))
    assert ways(web) == {"finish": ["/sbin/umount /usr/jails/web/dev/fd", "/sbin/umount /usr/jails/web/dev"]}
    assert (web.key, db.key) == ("mounts-web", "mounts-db")
    assert (others.advice, others.repairs) == ("On the host: umount /home/x/dev", ())
    busy = findings(known({"mounts": points[:1]}, busy=frozenset({"web"})))
    assert busy == [], "a start mounts before it starts"


def test_what_a_restore_left_is_removed():
    finding = only(known({"restores": ["/tmp/ezjail.prop.Ab12Cd34"]}))
    assert ways(finding) == {"finish": ["/bin/unlink /tmp/ezjail.prop.Ab12Cd34"]}


def test_images_are_destroyed_once_they_are_not_attached():
    image = only(known({"images": ["/usr/jails/x.img"]}))
    assert (image.key, ways(image)) == ("image-x-img", {"undo": ["/bin/unlink /usr/jails/x.img"]})
    assert image.repairs[0].typed_name == "x"
    attached = {"images": ["/usr/jails/x.img"], "attached": ["md3 /usr/jails/x.img"]}
    image = only(known(attached))
    assert (image.repairs, "mdconfig -d -u md3" in image.advice) == ((), True)
