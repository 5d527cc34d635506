"""Hundreds of jails made outside of the panel, written in every way that sh takes, taken over at once."""

from __future__ import annotations

import subprocess
from time import monotonic

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.freebsd.parsers.ezjail_file import VARIABLES, parse_ezjail_file
from apps.freebsd.parsers.facts import parse_facts
from apps.freebsd.parsers.sections import parse_sections
from apps.jails.models import Jail
from apps.jails.observing import observe
from tests.freebsd.probes import NONCE, envelope, jail_file, out, whole_probe

MANY = 200


def ordinary(name: str, address: str) -> str:
    return jail_file(name, name, address)


def other_quotes(name: str, address: str) -> str:
    return ordinary(name, address).replace(f'"{address}"', f"'{address[:5]}'\"{address[5:]}\"")


def continued_lines(name: str, address: str) -> str:
    return ordinary(name, address).replace("export ", "export \\\n  ")


def several_a_line(name: str, address: str) -> str:
    head, _, exports = ordinary(name, address).partition("export ")
    return f"{head}export {exports.replace(chr(10) + 'export ', '; export ', 3)}"


def without_export(name: str, address: str) -> str:
    return ordinary(name, address).replace("export ", "")


def comments_and_code(name: str, address: str) -> str:
    return f"#!/bin/sh\n# mine\n{ordinary(name, address)}\nif true; then : ; fi # end\nMINE=`date`\n"


def unknown_variables(name: str, address: str) -> str:
    extra = f'export jail_{name}_sysvipc_allow=YES jail_{name}_mine="a b"\n'
    return ordinary(name, address) + extra


def older(name: str, address: str) -> str:
    lines = ordinary(name, address).splitlines(keepends=True)
    new = ("exec_st", "zfs_datasets", "cpuset", "fib", "parentzfs", "parameters", "post_start", "retention")
    kept = [line for line in lines if not any(f"_{word}" in line for word in new)]
    return "".join(kept) + f'export jail_{name}_exec="/bin/sh /etc/rc"\n'


def windows_comment(name: str, address: str) -> str:
    return f"# made on another machine\r\n{ordinary(name, address)}"


def image(name: str, address: str) -> str:
    return ordinary(name, address).replace('imagetype=""', 'imagetype="simple"')


def zfs(name: str, address: str) -> str:
    return ordinary(name, address).replace('imagetype=""', "imagetype=zfs")


WAYS = (
    ordinary, other_quotes, continued_lines, several_a_line, without_export, comments_and_code,
    unknown_variables, older, windows_comment, image, zfs,
)  # fmt: skip
KINDS = {"image": "I", "zfs": "Z"}


def address_of(number: int) -> str:
    return f"lo1|10.1.{number // 250}.{number % 250 + 2}/32"


def made_outside(count: int = MANY) -> bytes:
    """What the agent answers for a host with so many jails: each tenth norun, each with its fstab."""
    sections = whole_probe(_file_six=None, _file_test=None, _file_two_example=None, _fstab_test=None)
    for number in range(count):
        name = f"jail{number}"
        text = WAYS[number % len(WAYS)](name, address_of(number))
        sections[f"file:{name}{'.norun' if number % 10 == 9 else ''}"] = out(text)
        sections[f"fstab:{name}"] = out(f"/usr/jails/basejail /usr/jails/{name}/basejail nullfs ro 0 0\n")
    return envelope(sections)


@pytest.fixture
def imported(host):
    raw = made_outside()
    began = monotonic()
    observe(host, parse_facts(parse_sections(raw, NONCE)))
    return monotonic() - began


def test_all_are_there_rightly_and_in_seconds(host, imported):
    rows = {jail.safe_name: jail for jail in Jail.objects.prefetch_related("addresses", "drifts")}
    assert len(rows) == MANY
    for number in range(MANY):
        jail, way = rows[f"jail{number}"], WAYS[number % len(WAYS)].__name__
        assert (jail.name, jail.root) == (f"jail{number}", f"/usr/jails/jail{number}"), way
        assert [str(address) for address in jail.addresses.all()] == [address_of(number)], way
        assert (jail.kind, jail.problem) == (KINDS.get(way, "D"), ""), way
        assert jail.config_text == WAYS[number % len(WAYS)](jail.name, address_of(number))
        assert jail.runs_at_boot is (number % 10 != 9)
        assert jail.fstab_text.endswith("nullfs ro 0 0\n")
        assert jail.adopted_at is not None
        assert not jail.drifts.all()
    assert imported < 10, "seconds, not minutes, however slow the machine is"


def test_a_shell_agrees_with_what_was_read_of_each(tmp_path):
    read = []
    for number in range(len(WAYS)):
        name, text = f"jail{number}", WAYS[number](f"jail{number}", address_of(number))
        (tmp_path / name).write_bytes(text.encode())
        file = parse_ezjail_file(text, name)
        read += [f"{name} {variable}={file.value(variable)}" for variable in VARIABLES]
    show = "; ".join(
        f'eval "printf \'%s %s=%s\\n\' $f {variable} \\"\\$jail_${{f}}_{variable}\\""'
        for variable in VARIABLES
    )
    names = " ".join(f"jail{number}" for number in range(len(WAYS)))
    script = f"for f in {names}; do (. ./$f; {show}); done"
    said = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == read


def test_storing_them_takes_few_queries_and_the_same_again_a_constant_number(host):
    needed = {}
    for count in (20, MANY):
        Jail.objects.all().delete()
        facts = parse_facts(parse_sections(made_outside(count), NONCE))
        for what in ("new", "same"):
            with CaptureQueriesContext(connection) as queries:
                assert observe(host, facts) is (what == "new")
            needed[count, what] = len(queries)
    assert needed[MANY, "same"] == needed[20, "same"]
    assert needed[MANY, "new"] < 30
