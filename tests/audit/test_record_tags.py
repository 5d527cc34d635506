from __future__ import annotations

import pytest

from apps.audit.templatetags.record import in_short, said


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        ("", "–"),
        ([], "–"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (22, "22"),
        (["10.0.0.2", "10.0.0.3"], "10.0.0.2, 10.0.0.3"),
        ({"host_key": None, "port": 22}, "host key: –, port: 22"),
    ],
)
def test_a_value_is_said_in_words(value, words):
    assert said(value) == words


def test_the_short_line_leaves_out_what_is_empty_and_hashes_of_plans():
    detail = {"before": None, "plan_hash": "3fa", "wipe": False, "jid": 4}

    assert in_short(detail) == "wipe no · jid 4"
