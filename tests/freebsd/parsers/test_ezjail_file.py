"""Jail files: plain text is read, shell is refused, and every byte is kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.ezjail_file import OLD_ENDS, VARIABLES, EzjailJail, parse_ezjail_file
from tests.freebsd.cases import captured, cases, check, text_of


@pytest.mark.parametrize("case", cases("parse_ezjail_file"))
def test_parse_ezjail_file(case):
    check(case, lambda: _shown(parse_ezjail_file(text_of(case), case["safe_name"])), ParseError)


def _shown(jail: EzjailJail) -> dict[str, Any]:
    return {
        "hostname": jail.hostname,
        "root": jail.root,
        "kind": jail.kind,
        "addresses": jail.addresses,
        "blocking": jail.blocking,
        "parameters": jail.parameters,
        "values": {name: jail.value(name) for name in VARIABLES if jail.value(name)},
        "unknown": [line.text for line in jail.unknown],
        **({"doubts": jail.doubts, "problem": jail.problem} if jail.doubts else {}),
        **({"missing": jail.missing} if jail.missing else {}),
    }


@pytest.mark.parametrize(
    "case", [case for case in cases("parse_ezjail_file") if "expected" in case.values[0]]
)
def test_rendering_gives_the_same_bytes(case):
    assert parse_ezjail_file(text_of(case), case["safe_name"]).render() == text_of(case)


def _file(safe_name: str, values: dict[str, str]) -> str:
    head = "# PROVIDE: standard_ezjail\n# REQUIRE: \n\n"
    known = {"hostname": "a", "rootdir": "/usr/jails/a"}
    body = {variable: values.get(variable, known.get(variable, "")) for variable in VARIABLES}
    return head + "".join(f'export jail_{safe_name}_{name}="{value}"\n' for name, value in body.items())


WHOLE = captured("ezjail")["file-test"]["stdout"]
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters='"\\$`\0'), min_size=1)


@given(st.dictionaries(st.sampled_from([*VARIABLES[3:], "ip"]), PLAIN))
def test_plain_values_are_what_they_were(values):
    text = _file("a", values)
    jail = parse_ezjail_file(text, "a")
    assert {name: jail.value(name) for name in values} == values
    assert jail.render() == text


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), max_size=4))
def test_strange_lines_are_kept_or_the_file_is_refused(lines):
    text = WHOLE + "".join(f"{line}\n" for line in lines)
    try:
        jail = parse_ezjail_file(text, "test")
    except ParseError:
        return
    assert jail.render() == text
    assert jail.hostname == "test"


@given(st.integers(0, len(WHOLE) - 2))
def test_a_file_cut_anywhere_is_refused_unless_older_ones_ended_there(at):
    try:
        jail = parse_ezjail_file(WHOLE[:at], "test")
    except ParseError:
        return
    assert VARIABLES[-len(jail.missing) - 1] in OLD_ENDS
    assert WHOLE[at - 1] == "\n"


@given(
    st.sampled_from(VARIABLES),
    st.text(max_size=5),
    st.sampled_from(['"', "`", "$x", "$(", "\\\\", "\\$"]),
    st.text(max_size=5),
)
def test_a_value_with_shell_in_it_is_never_taken_for_text(variable, before, shell, after):
    hostile = f"{before}{shell}{after}"
    try:
        jail = parse_ezjail_file(_file("a", {variable: hostile}), "a")
    except ParseError:
        return
    assert jail.value(variable) != hostile


@pytest.mark.parametrize("last", ["forceblocking", "fib", "post_start_script"])
def test_a_file_of_an_older_ezjail_is_read_and_says_what_it_lacks(last):
    names = VARIABLES[: VARIABLES.index(last) + 1]
    lines = [
        line for line in WHOLE.splitlines(keepends=True) if "export" not in line or _variable(line) in names
    ]
    jail = parse_ezjail_file("".join(lines), "test")
    assert jail.missing == VARIABLES[len(names) :]
    assert (jail.hostname, jail.problem) == ("test", "")


def _variable(line: str) -> str:
    return line.partition("jail_test_")[2].partition("=")[0]


def test_a_file_with_a_gap_is_by_hand_and_not_cut_short():
    text = "".join(line for line in WHOLE.splitlines(keepends=True) if "exec_st" not in line)
    assert parse_ezjail_file(text, "test").missing == ("exec_start", "exec_stop")


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with pytest.raises(ParseError):
        parse_ezjail_file(text, "test")
