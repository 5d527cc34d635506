"""docs/limits.md says of every resource and action how the panel treats it, and stays true."""

from __future__ import annotations

import re

import pytest

from tests.freebsd.limits.table import LAST, PAGE, table_on_page, tables

ANSWERS = re.compile(r"(?:Read and written|Read, and not offered|Left out: |Not yet\b).*\.")


@pytest.mark.parametrize("key", tables())
def test_the_page_has_the_rows_of_the_catalogue(key):
    head, _, *rows = table_on_page(key)
    wanted, *others = tables()[key]
    assert head == (*wanted, LAST)
    assert [row[:-1] for row in rows] == others, "write it anew: python -m tests.freebsd.limits.table"


@pytest.mark.parametrize("key", tables())
def test_each_row_says_how_the_panel_treats_it(key):
    for name, *_, said in table_on_page(key)[2:]:
        assert ANSWERS.fullmatch(said), name


def test_the_page_is_linked():
    assert "limits.md" in (PAGE.parents[1] / "README.md").read_text()
