"""For any change of a jail's file: applying or adopting settles just what was asked for, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.commands import FileChange
from apps.freebsd.parsers.ezjail_file import VARIABLES
from apps.hosts.models import Host
from apps.jails.drift.compare import FILE, differences, part_of
from apps.jails.drift.plans import apply_plan
from apps.jails.drift.services import _adopted
from apps.jails.drift.state import State
from apps.jails.models import Jail
from tests.jails.drift.conftest import SIX

SETTABLE = [name for name in VARIABLES if name not in ("hostname", "rootdir")]
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"$`\\'), max_size=12)


def file_with(values: dict[str, str], extra: str) -> str:
    text = SIX
    for name, value in values.items():
        lines = [
            f'export jail_six_{name}="{value}"\n' if line.startswith(f"export jail_six_{name}=") else line
            for line in text.splitlines(keepends=True)
        ]
        text = "".join(lines)
    return text + extra


FILES = st.builds(
    file_with,
    st.dictionaries(st.sampled_from(SETTABLE), VALUES, max_size=4),
    st.sampled_from(["", "# by hand\n", "export jail_six_mine=1\n", 'export jail_six_osrelease="14"\n']),
)
FSTABS = st.sampled_from(["", "/usr/jails/basejail /usr/jails/six/basejail nullfs ro 0 0\n"])
STATES = st.builds(State, FILES, FSTABS, st.booleans(), st.booleans(), st.just(True))


def jail_of(wanted: State, seen: State) -> Jail:
    return Jail(
        host=Host(name="alpha"),
        name="six",
        safe_name="six",
        root="/usr/jails/six",
        config_text=seen.file,
        fstab_text=seen.fstab,
        runs_at_boot=seen.runs_at_boot,
        jid=1 if seen.running else None,
        wanted=wanted.to_json(),
        observed_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def applied(jail: Jail, fields: list[str]) -> None:
    """Do to a row what the steps of its plan do to a host, as ezjail does them."""
    for step in apply_plan(jail, fields).commands:
        if isinstance(step, FileChange):
            _write(jail, step)
            continue
        words = step.argv[1:]
        if words[0] == "config":
            jail.runs_at_boot = words[2] == "run"
        elif jail.runs_at_boot:  # ezjail skips the start and stop of a norun jail without a word
            jail.jid = 1 if words[0] == "onestart" else None


def _write(jail: Jail, step: FileChange) -> None:
    if step.path.startswith("/etc/fstab."):
        assert (step.before or "") == jail.fstab_text
        jail.fstab_text = step.after
        return
    assert step.path.endswith(".norun") is not jail.runs_at_boot
    assert step.before == jail.config_text
    jail.config_text = step.after


@given(STATES, STATES)
def test_applying_all_leaves_no_difference(wanted, seen):
    jail = jail_of(wanted, seen)
    if found := list(differences(jail)):
        applied(jail, found)
    assert differences(jail) == {}
    assert State.observed(jail) == wanted


@given(STATES, STATES, st.data())
def test_applying_one_thing_leaves_all_others(wanted, seen, data):
    jail = jail_of(wanted, seen)
    found = differences(jail)
    alone = [field for field in found if field != FILE]
    if not alone:
        return
    field = data.draw(st.sampled_from(sorted(alone)))
    applied(jail, [field])
    left = differences(jail)
    assert field not in left
    assert {name for name in left if part_of(name) != FILE} == {
        name for name in found if part_of(name) != FILE and name != field
    }
    assert {name: left[name] for name in left if name != FILE} == {
        name: found[name] for name in found if name not in (field, FILE)
    }


@given(STATES, STATES, st.data())
def test_adopting_one_thing_leaves_all_others(wanted, seen, data):
    jail = jail_of(wanted, seen)
    found = differences(jail)
    alone = [field for field in found if field != FILE]
    if not alone:
        return
    field = data.draw(st.sampled_from(sorted(alone)))
    jail.wanted = {**jail.wanted, **_adopted(jail, found, {field: found[field]})}
    left = differences(jail)
    assert {name: left[name] for name in left if name != FILE} == {
        name: found[name] for name in found if name not in (field, FILE)
    }
