"""A release's MANIFEST, and what an agent says of the basejail's upkeep: read whole or not at all."""

from __future__ import annotations

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.manifest import ManifestSet, parse_manifest
from apps.freebsd.parsers.upkeep import Upkeep, parse_upkeep
from apps.simulator import world

SUM = "0123456789abcdef" * 4
# As freebsd-src release/scripts/make-manifest.sh writes it.
BASE = f'base.txz\t{SUM}\t27155\tbase\t"Base system (MANDATORY)"\ton\n'
DEBUG = f'lib32-dbg.txz\t{SUM}\t253\tlib32-dbg\t"32-bit compatibility libraries (Debugging)"\toff\n'


def test_each_line_is_a_set():
    assert parse_manifest(BASE + DEBUG) == {
        "base": ManifestSet("base", SUM, 27155, "Base system (MANDATORY)", is_default=True),
        "lib32-dbg": ManifestSet(
            "lib32-dbg", SUM, 253, "32-bit compatibility libraries (Debugging)", is_default=False
        ),
    }


def test_the_simulated_mirrors_is_read():
    assert set(parse_manifest(world.manifest("13.2-RELEASE", "amd64"))) == {"base", "lib32", "ports", "src"}
    assert "lib32" not in parse_manifest(world.manifest("13.2-RELEASE", "arm64"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        DEBUG,
        BASE[:-5],
        BASE + BASE,
        BASE.replace("\t", " "),
        BASE.replace(SUM, SUM[1:]),
        BASE.replace(SUM, SUM.upper()),
        BASE.replace("base.txz", "../base.txz"),
        BASE.replace("base.txz", "-x.txz"),
        BASE + "<html>Not Found</html>\n",
        BASE.replace("\n", "\r\n"),
    ],
)
def test_anything_else_is_no_manifest(text):
    with pytest.raises(ParseError):
        parse_manifest(text)


def test_upkeep_is_what_waits_what_lies_there_and_how_the_host_is_made():
    marks = "jailbase pending\njailtemplate none\nother pending\n"
    listed = "13.2-RELEASE/base.txz\nnonsense\n-x/a.txz\n"
    assert parse_upkeep(marks, listed, "FreeBSD-runtime\n") == Upkeep(
        ("basejail",), ("13.2-RELEASE/base.txz",), is_packaged=True
    )


def test_an_older_agent_says_nothing_of_it():
    assert parse_upkeep("", "", "") == Upkeep()
