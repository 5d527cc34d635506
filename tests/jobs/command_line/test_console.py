"""What the command writes to a terminal and to a file, and what it says of wrong usage and trouble."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError
from django.core.management.base import OutputWrapper
from django.core.management.color import color_style, no_style
from django.db import OperationalError

from apps.jobs.command_line.console import Console, TerminalGuard, plain
from apps.jobs.management.commands.jobs import Command


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["list", "--state", "nonsense"],
        ["show"],
        ["follow", "a", "b"],
        ["list", "--from-end"],
    ],
)
def test_wrong_usage_is_status_2_and_says_what_is_right(words, capsys):
    with pytest.raises(SystemExit) as end:
        Command().run_from_argv(["manage.py", "jobs", *words])
    assert end.value.code == 2
    assert "usage: manage.py jobs" in capsys.readouterr().err


def test_a_database_that_is_away_is_one_line(run, monkeypatch):
    def away(*_args, **_options):
        raise OperationalError("connection refused\n\tIs the server running?")

    monkeypatch.setattr("apps.jobs.command_line.listing.jobs_list", away)
    with pytest.raises(CommandError, match=r"^The database does not answer: connection refused$"):
        run("list")


def test_who_reads_no_further_is_not_told_of_it(run, monkeypatch, capfd):
    def broken(*_args, **_options):
        raise BrokenPipeError

    monkeypatch.setattr("apps.jobs.command_line.listing.jobs_list", broken)
    monkeypatch.setattr("os.dup2", lambda *_ends: None)
    status, out, err = run("list")
    assert (status, out, err) == (1, "", "")


# -- the terminal ----------------------------------------------------------------------------------------


def console(out: io.StringIO, *, colours: bool = False) -> Console:
    return Console(
        OutputWrapper(out),
        OutputWrapper(io.StringIO()),
        color_style(force_color=True) if colours else no_style(),
    )


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"plain\ttext\r\n", b"plain\ttext\r\n"),
        (b"\x1b[1;31mred\x1b[0m\x1b[K", b"\x1b[1;31mred\x1b[0m\x1b[K"),
        (b"\x1b]0;title\x07", b"^[]0;title^G"),
        (b"\x1b[2J\x1b[6n\x1bP", b"^[[2J^[[6n^[P"),
        (b"\x9b2J \xc2\x9b2J", b"\x9b2J ^[2J"),
        (b"\x00\x7f\x08", b"^@^?\x08"),
        ("ü ✓".encode(), "ü ✓".encode()),
    ],
)
def test_a_terminal_gets_no_sequence_that_it_would_obey(data, shown):
    guard = TerminalGuard()
    assert guard.harmless(data) == shown
    pieces = TerminalGuard()
    assert b"".join(pieces.harmless(data[at : at + 1]) for at in range(len(data))) == shown


def test_output_in_a_file_or_a_pipe_is_left_as_it_is():
    screen, file = Terminal(), io.StringIO()
    for out in (screen, file):
        console(out).raw(b"\x1b[2J")
    assert (screen.getvalue(), file.getvalue()) == ("^[[2J", "\x1b[2J")


def test_a_remark_begins_a_line_of_its_own_on_a_terminal():
    err = io.StringIO()
    both = Console(OutputWrapper(Terminal()), OutputWrapper(err), no_style())
    both.raw(b"in the middle")
    both.note("left out")
    both.note("again")
    assert err.getvalue() == "\nleft out\nagain\n"


def test_colours_are_those_of_the_pages_and_only_where_they_are_wanted():
    assert console(io.StringIO()).state("failed", 10) == "failed    "
    coloured = console(io.StringIO(), colours=True).state("failed", 10)
    assert coloured.startswith("\x1b[")
    assert coloured.endswith("m    ")


def test_text_of_others_is_one_line_of_printable_characters():
    assert plain("a\nb\x1b[2Jü") == "a\\x0ab\\x1b[2Jü"
