"""What a change of a file does to it, line by line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.commands import FileChange
from apps.jobs.file_diff import AROUND, DiffLine, compare_texts, diff_lines

TEXTS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30).map("\n".join)


@given(TEXTS, TEXTS)
def test_what_goes_and_what_comes_are_the_two_texts(before, after):
    shown = compare_texts(before, after)
    skipped = sum(int(line.text.split()[0]) for line in shown if line.mark == "skip")
    assert skipped + sum(line.mark in ("kept", "gone") for line in shown) == count(before)
    assert skipped + sum(line.mark in ("kept", "new") for line in shown) == count(after)
    assert any(line.mark in ("gone", "new") for line in shown) == (before != after)


def count(text: str) -> int:
    return len(text.splitlines()) + (not text.endswith("\n") and text != "")


def test_lines_far_from_a_difference_are_counted_and_left_out():
    before = "\n".join(str(number) for number in range(20))
    shown = compare_texts(before, before.replace("10", "ten"))
    assert shown[0] == DiffLine("skip", f"{10 - AROUND} lines stay as they are")
    assert [line for line in shown if line.mark in ("gone", "new")] == [
        DiffLine("gone", "10"),
        DiffLine("new", "ten"),
    ]


def test_a_new_file_has_only_new_lines():
    change = FileChange("/etc/fstab.web", None, "one\ntwo\n", "Write it.")
    assert {line.mark for line in diff_lines(change)} == {"new"}
