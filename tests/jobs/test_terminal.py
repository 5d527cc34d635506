"""Output as a terminal shows it: colours, redrawn lines, and nothing else that could do anything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.jobs.terminal import LONG_BYTES, PLAIN, Style, cut_lines, joined, plain, shown, style_at

ESC = "\x1b"


def lines_of(data: bytes) -> list[bytes]:
    lines, rest = cut_lines(data)
    return [line.data for line in lines] + ([data[rest:]] if rest < len(data) else [])


def text_of(data: bytes) -> str:
    return "".join(run.text for runs in shown(lines_of(data)) for run in runs)


def styled(text: str) -> list[tuple[str, str]]:
    """What is shown of one line: texts with their classes."""
    (runs,) = shown([text.encode()])
    return [(run.text, run.style.css) for run in joined(runs)]


# -- what is drawn over -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain\n", "plain\n"),
        ("dos\r\nends\r\n", "dos\nends\n"),
        ("twice\r\r\n", "twice\n"),
        ("tab\tstays\n", "tab\tstays\n"),
        ("  1%\r 50%\r100%\n", "100%\n"),
        ("long line\rshort\n", "shortline\n"),
        (f"long line\r{ESC}[Kshort\n", "short\n"),
        (f"long line\r{ESC}[2Kshort\n", "short\n"),
        (f"abcdef{ESC}[3D{ESC}[1K\n", "    ef\n"),
        (f"abcdef\r{ESC}[0Jx\n", "x\n"),
        ("abc\b\b\bx\n", "xbc\n"),
        ("\b\b\bx\n", "x\n"),
        ("N\bNA\bAM\bME\bE\n", "NAME\n"),
        (f"ab{ESC}[3Cd\n", "ab   d\n"),
        (f"abcdef{ESC}[2Gx\n", "axcdef\n"),
        (f"abcdef{ESC}[3Dx\n", "abcxef\n"),
        ("", ""),
        ("\n\n", "\n\n"),
        ("no end", "no end"),
        ("\r\n", "\n"),
    ],
)
def test_what_is_drawn_over_is_gone(raw, text):
    assert text_of(raw.encode()) == text


def test_a_progress_line_that_is_drawn_a_hundred_times_is_one_line():
    drawn = [f"base.txz {number:3}% of 150 MB   {number} MBps" for number in range(101)]
    assert text_of("\r".join(drawn).encode() + b"\r\nnext\n") == f"{drawn[-1]}\nnext\n"


def test_a_progress_line_that_is_drawn_for_hours_is_one_line():
    drawn = [f"base.txz {number:7} of 100000" for number in range(20_000)]
    assert text_of("\r".join(drawn).encode()) == drawn[-1]


# -- what vanishes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sequence",
    [
        f"{ESC}]0;a title\x07", f"{ESC}]0;a title{ESC}\\", f"{ESC}]8;;https://evil.example/\x07",
        f"{ESC}Pq#0;2;0;0;0{ESC}\\", f"{ESC}_application{ESC}\\", f"{ESC}^private\x07",
        f"{ESC}Xstring{ESC}\\",
        f"{ESC}c", f"{ESC}(B", f"{ESC}=", f"{ESC}7{ESC}8", f"{ESC}[?25l", f"{ESC}[?1049h", f"{ESC}[2J",
        f"{ESC}[H",
        f"{ESC}[10;20H", f"{ESC}[5A", f"{ESC}[6n", f"{ESC}[>c", f"{ESC}[!p", f"{ESC}[4;1$y", "\x07", "\x00",
        "\x7f",
        "\x0b", "\x0c", "\x0e\x0f", "\x9b31m", "\x9d0;title\x9c", "\x85", f"{ESC}[m", f"{ESC}[38;5m",
        f"{ESC}[99999999999999999999m", f"{ESC}[1;;;;m{ESC}[0m", f"{ESC}[<1;2m",
    ],
)  # fmt: skip
def test_a_sequence_that_shows_nothing_shows_nothing(sequence):
    assert text_of(f"be{sequence}fore\n".encode()) == "before\n"


@pytest.mark.parametrize(
    "sequence", [ESC, f"{ESC}[", f"{ESC}[31", f"{ESC}[38;5;", f"{ESC}]0;a tit", f"{ESC}("]
)
def test_a_sequence_that_is_not_there_whole_yet_shows_nothing(sequence):
    assert text_of(f"line{sequence}".encode()) == "line"


def test_a_title_without_an_end_swallows_its_own_line_at_most():
    assert text_of(f"one\ntwo{ESC}]0;title\nthree\n".encode()) == "one\ntwo\nthree\n"


def test_bytes_that_are_no_text_show_as_such():
    assert text_of(b"a\xff\xfeb\n") == "a\ufffd\ufffdb\n"


# -- colours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "css"),
    [
        ("31", "t-1"), ("1;32", "t-bold t-2"), ("97", "t-15"), ("44", "t-on t-on-4"), ("103", "t-on t-on-3"),
        ("2;3;4;9", "t-dim t-italic t-strike t-underline"), ("7", "t-reverse"),
        ("31;7", "t-on t-on-1"),
        ("31;39", ""), ("1;22", ""), ("4;24;3;23;9;29;7;27", ""), ("31;0", ""), ("31;", ""), ("", ""),
        ("38;5;9", "t-9"), ("38;5;196", "t-9"), ("38;5;21", "t-4"), ("38;5;244", "t-8"),
        ("48;5;16", "t-on t-on-0"),
        ("38;2;255;255;255", "t-15"), ("38:5:9", "t-9"), ("38;2;1", "t-0"), ("38;9;1", "t-bold"), ("38", ""),
        ("5;8;21;50;1234", ""),
    ],
)  # fmt: skip
def test_colours_become_classes(words, css):
    assert styled(f"{ESC}[{words}mx") == [("x", css)]


def test_a_colour_lasts_until_it_is_changed_over_lines_too():
    lines = [f"{ESC}[31mred\n".encode(), b"red too\n", f"{ESC}[0mplain\n".encode()]
    assert [[(run.text, run.style.css) for run in joined(runs)] for runs in shown(lines)] == [
        [("red", "t-1"), ("\n", "")],
        [("red too", "t-1"), ("\n", "")],
        [("plain\n", "")],
    ]


def test_colours_are_known_from_what_came_before():
    assert style_at(f"x{ESC}[1m{ESC}[31my".encode()) == Style(1, None, frozenset({"bold"}))
    assert style_at(f"{ESC}[31mx{ESC}[m".encode()) == PLAIN


def test_what_is_drawn_over_takes_the_new_colour():
    assert styled(f"{ESC}[31mabc\r{ESC}[32mx") == [("x", "t-2"), ("bc", "t-1")]


# -- however it comes --------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["a", "é", "字", "🦊", "\n", "\r\n", "\r", "\b", "\t", "%", f"{ESC}[31m", f"{ESC}[0m", f"{ESC}[K",
     f"{ESC}[5C",
     f"{ESC}]0;t\x07", ESC, f"{ESC}[", "\x9b", "x" * 3000, "y" * LONG_BYTES, "\r" + "z" * 40]
)  # fmt: skip
OUTPUT = st.one_of(
    st.lists(PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode()), st.binary(max_size=300)
)


def read_in_pieces(data: bytes, cuts: list[int]) -> str:
    """Read as a page does that follows: what ended is kept, the last line is read anew from its beginning."""
    closed, start = "", 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        if end > start:
            lines, rest = cut_lines(data[start:end])
            closed += "".join(run.text for runs in shown(line.data for line in lines) for run in runs)
            start += rest
    return closed + text_of(data[start:])


@settings(max_examples=60, deadline=None)
@given(OUTPUT, st.lists(st.integers(0, 100_000), max_size=20))
def test_however_output_is_cut_the_same_is_shown(data, cuts):
    assert read_in_pieces(data, cuts) == text_of(data)


@settings(max_examples=60, deadline=None)
@given(OUTPUT)
def test_nothing_that_is_shown_controls_anything(data):
    text = text_of(data)
    assert not set(text) & {chr(code) for code in [*range(9), *range(11, 32), *range(127, 160)]}
    assert len(text) < 20 * len(data) + 1


@settings(max_examples=60, deadline=None)
@given(OUTPUT)
def test_lines_hold_every_byte_but_those_that_are_drawn_over(data):
    lines, rest = cut_lines(data)
    end = 0
    for line in lines:
        assert line.data == data[line.start : line.start + len(line.data)]
        assert line.start == end or data[line.start : line.start + 1] == b"\r"
        end = line.start + len(line.data)
    assert rest == end or data[rest : rest + 1] == b"\r"
    assert len(data) - rest <= LONG_BYTES
    assert all(len(line.data) <= LONG_BYTES for line in lines)


def test_a_long_line_is_cut_inside_no_character_and_no_sequence():
    for before in range(6):
        data = ("x" * (LONG_BYTES - before) + "🦊" + "y" * 100).encode()
        assert text_of(data) == data.decode()
        data = ("x" * (LONG_BYTES - before) + f"{ESC}[31my" + "z" * 100).encode()
        assert text_of(data) == "x" * (LONG_BYTES - before) + "y" + "z" * 100


@settings(max_examples=60, deadline=None)
@given(OUTPUT)
def test_a_line_as_text_is_what_is_shown(data):
    assert "".join(plain(line) for line in lines_of(data)) == text_of(data)
