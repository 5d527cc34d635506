"""ezjail's file of a jail: one value changes, and nothing else by a byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.jail_file import JailFile, jail_file_path
from apps.freebsd.jail_file_edit import edited
from apps.freebsd.parsers.ezjail_file import VARIABLES
from tests.jails.settings.posts import FILE

VALUES = st.text(st.sampled_from("abcXYZ019 /.:|,-_=@+;()<>*'#~"), max_size=12)
FREE = [name for name in VARIABLES if name in ("ip", "exec_stop", "parameters", "attachparams", "hostname")]
EXTRAS = st.lists(
    st.sampled_from(
        [
            "# a comment\n",
            "\n",
            "  # one that is indented\n",
            "export jail_test_exec_prestart0='one  two'\n",
            "jail_test_unheard_of=bare   # and why\n",
            'export jail_test_two="a" jail_test_three="b"\n',
            'logger "started" || true\n',
            "export LATER=yes\n",
            'jail_test_long="a \\\nb"\n',
        ]
    ),
    max_size=6,
)


def lines_without(text: str, *names: str) -> list[str]:
    return [line for line in text.splitlines() if not any(f"jail_test_{name}=" in line for name in names)]


@given(EXTRAS, EXTRAS, st.sampled_from(FREE), VALUES)
def test_a_value_changes_and_nothing_else_by_a_byte(before, after, variable, value):
    file = JailFile("test", "".join(before) + FILE + "".join(after))
    made = file.changed({variable: value})
    assert made.value(variable) == value
    assert lines_without(made.text, variable) == lines_without(file.text, variable)
    assert [name for name in made.variables if made.value(name) != file.value(name)] in ([], [variable])


@given(EXTRAS, st.sampled_from(["exec_poststart0", "enforce_statfs"]), st.sampled_from(["1", "2"]))
def test_a_variable_that_comes_and_goes_leaves_the_file_as_it_was(extras, variable, value):
    file = JailFile("test", FILE + "".join(extras))
    made = file.changed({variable: value})
    assert made.value(variable) == value
    assert made.changed({variable: None}).text == file.text


@pytest.mark.parametrize("value", ['a"b', "$(id)", "`id`", "a\\b", "a\nb", "a\0b", "x" * 5000])
def test_a_value_that_root_would_run_is_refused_at_its_variable(value):
    with pytest.raises(InvalidInput) as refused:
        JailFile("test", FILE).changed({"exec_stop": value})
    assert refused.value.field == "exec_stop"


def test_a_value_of_another_kind_is_refused_at_its_variable():
    with pytest.raises(InvalidInput) as refused:
        JailFile("test", FILE).changed({"fib": "many"})
    assert (refused.value.field, refused.value.message) == ("fib", "“many” is no whole number.")


def test_what_may_set_a_variable_keeps_it_from_being_changed():
    file = JailFile("test", FILE + "if test -f /x; then\n  jail_test_fib=1\nfi\n")
    assert "is shell that may change it" in file.doubt("fib")
    assert file.doubt("cpuset") == ""
    with pytest.raises(ParseError):
        file.changed({"fib": "2"})


def test_a_computed_value_says_so():
    file = JailFile("test", FILE + 'export jail_test_fib="$HERE"\n')
    assert file.doubt("fib") == 'The shell computes it, from "$HERE": change it by hand.'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has not seen"),
        (FILE + "\N{REPLACEMENT CHARACTER}", "bytes that are no text"),
        (FILE + 'export jail_test_x="', "cut short"),
    ],
)
def test_a_file_of_which_nothing_is_certain_says_why(text, problem):
    assert problem in JailFile("test", text).problem


def test_numbered_variables_come_by_their_numbers():
    names = [f"exec_prestart{number}" for number in (10, 2, 0)]
    file = JailFile("test", FILE + "".join(f'jail_test_{name}="x"\n' for name in names))
    assert file.numbered("exec_prestart") == ("exec_prestart0", "exec_prestart2", "exec_prestart10")


def test_the_files_name_says_whether_it_runs_at_boot():
    assert jail_file_path("a_b", runs_at_boot=True) == "/usr/local/etc/ezjail/a_b"
    assert jail_file_path("a_b", runs_at_boot=False) == "/usr/local/etc/ezjail/a_b.norun"


# -- edited as text ---------------------------------------------------------------------------------------

SHELL = 'logger "$jail_test_hostname"\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('fib=""', 'fib="1"'),
        ("# BEFORE: \n", "# BEFORE: other\n"),
        ('export jail_test_fib=""\n', 'export jail_test_fib="1"\nexport jail_test_enforce_statfs="1"\n'),
        (SHELL, ""),
    ],
)
def test_plain_changes_may_be_written(old, new):
    before = FILE + SHELL
    text = before.replace(old, new)
    assert text != before
    assert edited(JailFile("test", before), text).text == text


@pytest.mark.parametrize(
    ("added", "why"),
    [
        ("id\n", "no assignment of plain text"),
        (SHELL.replace("logger", "rm"), "no assignment of plain text"),
        (SHELL, "no assignment of plain text"),
        ('export jail_test_fib="$(id)"\n', "compute"),
        ("export jail_test_fib=`id`\n", "compute"),
        ("export jail_test_exec_stop='a$b'\n", "cannot hold $"),
        ('export jail_test_exec_stop="a\\\\b"\n', "cannot hold \\"),
        ("export jail_test_exec_stop='a\"b'\n", 'cannot hold "'),
        ('export jail_other_fib="1"\n', "no variable of this jail"),
        ('PATH="/tmp"\n', "no variable of this jail"),
        ("export PATH\n", "exports a variable that it does not set"),
        ('export jail_test_fib="many"\n', "no whole number"),
        ('export jail_test_fib="', "cut short"),
        ("\x07", "control characters"),
        ("\r", "control characters"),
        ("#" * 70_000, "at most 64 KiB"),
        ("\ud800", "control characters or halves"),
    ],
)
def test_what_root_would_run_may_not_be_added(added, why):
    before = JailFile("test", FILE + SHELL)
    with pytest.raises(InvalidInput) as refused:
        edited(before, before.text + added)
    assert why in refused.value.message
    assert refused.value.field == "text"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('export jail_test_fib=""\n', "", "jail_test_fib is missing"),
        ("jail_test_", "jail_other_", "is missing"),
        ('rootdir="/usr/jails/test"', 'rootdir="jails"', "rootdir"),
        ('hostname="test"', 'hostname=""', "hostname"),
    ],
)
def test_a_file_has_to_stay_whole(old, new, why):
    with pytest.raises(InvalidInput, match=why):
        edited(JailFile("test", FILE), FILE.replace(old, new))


@given(st.text(max_size=40))
def test_no_text_at_all_gets_a_command_into_the_file(text):
    try:
        made = edited(JailFile("test", FILE), FILE + text)
    except InvalidInput:
        return
    assert made.shell.kept == ()
    assert made.text == FILE + text
