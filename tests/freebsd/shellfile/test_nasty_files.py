"""Files as people leave them behind: read as expected, as sh reads them, and changed in one place only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.shellfile import ShellFile
from tests.freebsd.shellfile.shells import shells, sourced

FILES = Path(__file__).parents[2] / "fixtures" / "ezjail-files"
NAMES = sorted(path.stem for path in FILES.glob("*.txt"))
SHELLS = [pytest.param(shell, id=" ".join(shell)) for shell in shells()]


def _case(name):
    return ShellFile((FILES / f"{name}.txt").read_bytes()), json.loads((FILES / f"{name}.json").read_text())


def test_there_are_thirty_of_them():
    assert len(NAMES) >= 30
    assert sorted(path.stem for path in FILES.glob("*.json")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_as_expected(name):
    file, expected = _case(name)
    readings = [reading for variable in file.names if (reading := file.reading(variable))]
    assert file.render() == file.data
    assert {reading.name: reading.text for reading in readings if reading.text is not None} == expected[
        "values"
    ]
    assert {reading.name: reading.words for reading in readings if reading.text is None} == expected[
        "computed"
    ]
    assert list(file.kept) == expected["kept"]
    assert {name for name in {*file.names, *expected["doubtful"]} if file.doubt(name)} == {
        *expected["doubtful"]
    }
    assert bool(file.problem) == bool(expected["problem"])
    assert expected["problem"] in file.problem


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_as_sh_reads_it(name, shell, tmp_path):
    file, expected = _case(name)
    certain = {key: text for key, text in expected["values"].items() if key not in expected["doubtful"]}
    assert sourced(shell, file.data, tuple(certain), tmp_path) == certain


@pytest.mark.parametrize("name", NAMES)
def test_each_value_can_be_changed_and_nothing_else_is(name):
    file, expected = _case(name)
    for variable in expected["values"] | expected["computed"]:
        if variable in expected["doubtful"]:
            with pytest.raises(ParseError, match="by hand"):
                file.set(variable, "new")
            continue
        changed = file.set(variable, "a new 'value'")
        words = file.reading(variable).words.encode("utf-8", "surrogateescape")
        at = file.data.rindex(words, 0, _common_end(file.data, changed.data) + len(words))
        assert changed.value(variable) == "a new 'value'"
        assert changed.others(variable) == file.others(variable)
        assert file.data[:at] == changed.data[:at]
        assert changed.data.endswith(file.data[at + len(words) :])


def _common_end(one: bytes, other: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_changed_file_is_what_sh_sees(name, shell, tmp_path):
    file, expected = _case(name)
    certain = {key: text for key, text in expected["values"].items() if key not in expected["doubtful"]}
    for variable in list(certain)[:3]:
        file = file.set(variable, 'it\'s `a` "$new" \\value\\')
        certain[variable] = 'it\'s `a` "$new" \\value\\'
    if not file.doubt("added_by_us"):
        file = file.set("added_by_us", "$(exit 1)", beside="jail_", export=True)
        certain["added_by_us"] = "$(exit 1)"
    assert sourced(shell, file.data, tuple(certain), tmp_path) == certain
