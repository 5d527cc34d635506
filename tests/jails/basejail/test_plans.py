"""From what is asked of a basejail to the exact steps: every set is proven before ezjail is given it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.commands import Transfer
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.manifest import parse_manifest
from apps.freebsd.values import AbsolutePath, Mirror, Release
from apps.jails.basejail.plans import OFF_MIRROR, OVERLAY_WARNING, Ground, InstallWish, basejail_install_plan
from apps.jobs.plan import Plan
from apps.simulator import world

EZJAIL = "/usr/local/bin/ezjail-admin"
TERMINAL = "/usr/bin/script -q /dev/null"
RELEASE = Release.parse("13.2-RELEASE")
FOLDER = "/var/db/jailpanel/files/sets/13.2-RELEASE"
SOURCE = "https://download.freebsd.org/releases/amd64/amd64/13.2-RELEASE"
SETS = parse_manifest(world.manifest("13.2-RELEASE", "amd64"))
GROUND = Ground(
    Release.parse("13.2-RELEASE-p3"),
    "amd64",
    AbsolutePath("/usr/jails/basejail"),
    is_present=False,
    sets=SETS,
    folder=SOURCE,
    place="amd64/amd64/13.2-RELEASE",
)


def lines(plan: Plan) -> list[str]:
    return [" ".join(step.argv) for step in plan.commands]


def fetched(name: str, source: str = SOURCE) -> str:
    return f"/usr/bin/fetch -r -o {FOLDER}/{name}.txz {source}/{name}.txz"


def checked(name: str) -> str:
    return f"/sbin/sha256 -c {SETS[name].sha256} {FOLDER}/{name}.txz"


def test_each_set_is_fetched_and_proven_before_ezjail_gets_it_and_removed_after():
    assert lines(basejail_install_plan(InstallWish(RELEASE), GROUND)) == [
        f"/usr/bin/install -d {FOLDER}",
        fetched("base"),
        fetched("lib32"),
        checked("base"),
        checked("lib32"),
        f"{TERMINAL} {EZJAIL} install -h file://{FOLDER} -r 13.2-RELEASE",
        f"/bin/unlink {FOLDER}/base.txz",
        f"/bin/unlink {FOLDER}/lib32.txz",
    ]


def test_an_older_release_is_told_to_freebsd_update_and_portsnap_serves_up_to_13():
    old = Release.parse("13.1-RELEASE")
    wish = InstallWish(old, sources=True, ports=True)
    (install,) = (line for line in lines(basejail_install_plan(wish, GROUND)) if EZJAIL in line)
    assert install.startswith(f"/usr/bin/env UNAME_r=13.1-RELEASE {TERMINAL} {EZJAIL} install")
    assert install.endswith("-r 13.1-RELEASE -s -p")


def test_later_the_ports_tree_comes_from_the_releases_own_set():
    ground = replace(GROUND, host_release=Release.parse("14.1-RELEASE"))
    ran = lines(basejail_install_plan(InstallWish(RELEASE, ports=True), ground))
    unpacked = ran.index(f"/usr/bin/tar -xf {FOLDER}/ports.txz -C /usr/jails/basejail")
    assert ran.index(checked("ports")) < unpacked < ran.index(f"/bin/unlink {FOLDER}/ports.txz")
    assert not any(line.endswith("-p") for line in ran)


def test_lib32_is_taken_where_the_release_has_it_only():
    without = {name: item for name, item in SETS.items() if name != "lib32"}
    for ground in (replace(GROUND, machine="arm64"), replace(GROUND, sets=without)):
        assert not any("lib32" in line for line in lines(basejail_install_plan(InstallWish(RELEASE), ground)))


@pytest.mark.parametrize("field", ["sources", "ports"])
def test_a_set_that_the_release_lacks_is_told_at_its_field(field):
    ground = replace(GROUND, host_release=Release.parse("14.1-RELEASE"), sets={"base": SETS["base"]})
    with pytest.raises(InvalidInput) as refused:
        basejail_install_plan(replace(InstallWish(RELEASE), **{field: True}), ground)
    assert refused.value.field == field


def test_another_mirror_is_measured_by_the_same_manifest_and_said():
    wish = InstallWish(RELEASE, mirror=Mirror("https://ftp.example.org/pub/FreeBSD"))
    plan = basejail_install_plan(wish, GROUND)
    other = "https://ftp.example.org/pub/FreeBSD/releases/amd64/amd64/13.2-RELEASE"
    assert lines(plan)[1] == fetched("base", other)
    assert checked("base") in lines(plan)
    assert plan.warnings == (OFF_MIRROR,)


def test_a_host_without_a_way_out_is_brought_the_sets():
    plan = basejail_install_plan(InstallWish(RELEASE, brings=True), GROUND)
    transfers = [step for step in plan.commands if isinstance(step, Transfer)]
    assert [(step.source, step.source_path, step.path, step.sha256) for step in transfers] == [
        ("panel", f"sets/amd64-13.2-RELEASE/{name}.txz", f"{FOLDER}/{name}.txz", SETS[name].sha256)
        for name in ("base", "lib32")
    ]
    assert not any("fetch" in step.argv[0] for step in plan.commands)


def test_a_set_that_failed_its_proof_comes_anew_from_its_first_byte():
    ran = lines(basejail_install_plan(InstallWish(RELEASE), replace(GROUND, spoilt=("base",))))
    assert ran[0] == f"/bin/unlink {FOLDER}/base.txz"


@pytest.mark.parametrize("is_present", [True, False])
def test_laying_a_basejail_over_another_is_warned_of(is_present):
    plan = basejail_install_plan(InstallWish(RELEASE), replace(GROUND, is_present=is_present))
    assert plan.warnings == ((OVERLAY_WARNING,) if is_present else ())


@pytest.mark.parametrize("release", ["13.3-RELEASE", "13.2-STABLE"])
def test_what_cannot_be_installed_is_told_at_the_release(release):
    with pytest.raises(InvalidInput) as refused:
        basejail_install_plan(InstallWish(Release.parse(release)), GROUND)
    assert refused.value.field == "release"
