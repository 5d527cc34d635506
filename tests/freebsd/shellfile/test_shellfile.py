"""The model of a file that sh sources: nothing is lost, nothing else is touched, nothing is executed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.shellfile import Kind, ShellFile
from tests.freebsd.cases import captured

WHOLE = captured("ezjail")["file-test"]["stdout"].encode()
PIECES = (
    b"A=", b"B=", b"export ", b'"', b"'", b"\\", b"\n", b";", b" ", b"#", b"$", b"`", b"x", b"\\\n", b"${A",
    b"}", b"$(", b")", b"$((", b"(", b"if ", b"fi\n", b"case x in ", b"esac", b";;", b"f() {",
    b"<<E", b"\nE\n", b"&&", b"|", b"<", b"\0", b"\xff", b"\r",
)  # fmt: skip
NOISE = st.lists(st.sampled_from(PIECES), max_size=15).map(b"".join)
VALUES = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_characters="\n\0"), st.sampled_from("\"'\\$`~#*;&|(){}! \t\r=")
    ),
    max_size=12,
) | st.binary(max_size=8).map(lambda raw: raw.translate(None, b"\0\n").decode("utf-8", "surrogateescape"))
LINES = (
    b"A=1\n", b'export A="x y"\n', b"  A='q' # note\n", b"B=2; A=3\n", b"\tB=${A}/b\n", b"# A=5\n", b"\n",
    b"export B=\"two\" C='three'\n", b'C="a\nb" A=\\\n4\n', b"mkdir -p $C\n", b"if true; then\n true\nfi\n",
    b'D="\xff"\r\n', b"export A\n", b"cat <<E\nA=9\nE\n", b"A=7; # odd\n", b"D=1 E=2 \\\n F=3\n",
)  # fmt: skip
FILES = st.builds(
    lambda lines, cut: b"".join(lines)[: -1 if cut else None],
    st.lists(st.sampled_from(LINES), max_size=8),
    st.booleans(),
)
NAMES = st.sampled_from(["A", "B", "C", "D", "E", "new", "B_new"])


@given(st.binary() | NOISE | FILES)
def test_a_file_is_the_sum_of_its_pieces(data):
    assert ShellFile(data).render() == data


@given(FILES | NOISE, NAMES, VALUES, st.sampled_from(["", "A", "B"]), st.booleans())
@settings(max_examples=200)
def test_what_is_set_is_what_is_read(data, name, value, beside, export):
    file = ShellFile(data)
    try:
        changed = file.set(name, value, beside=beside, export=export)
    except ParseError:
        assert file.doubt(name) or file.kept
        return
    assert changed.value(name) == value
    assert changed.others(name) == file.others(name)
    assert [code.removesuffix("\n") for code in changed.kept] == [
        code.removesuffix("\n") for code in file.kept
    ]


@given(FILES, NAMES, VALUES)
def test_outside_the_value_every_byte_is_as_it_was(data, name, value):
    file = ShellFile(data)
    made = [made for piece in file.pieces for made in piece.assignments if made.name == name.encode()]
    if not made or file.doubt(name):
        return
    changed = file.set(name, value).data
    assert changed[: made[-1].value_start] == data[: made[-1].value_start]
    assert changed.endswith(data[made[-1].end :])


@given(FILES, VALUES, st.sampled_from(["", "B"]))
def test_what_is_added_is_one_line(data, value, beside):
    file = ShellFile(data)
    if file.doubt("new"):
        return
    after = file.set("new", value, beside=beside).data
    at = after.index(b"new=")
    begin, end = after.rfind(b"\n", 0, at) + 1, after.find(b"\n", at) + 1
    # At the end of a file without a last line feed, it is the line feed before the new line that was added.
    assert data == (after[:begin] + after[end:] if end else after[: begin - 1])


@given(FILES, NAMES)
def test_what_is_unset_is_gone_and_all_else_stays(data, name):
    file = ShellFile(data)
    try:
        without = file.unset(name)
    except ParseError:
        assert file.doubt(name) or file.kept
        return
    assert without.reading(name) is None
    assert without.others(name) == file.others(name)
    assert [piece.raw.strip() for piece in without.pieces if piece.kind is Kind.COMMENT] == [
        piece.raw.strip() for piece in file.pieces if piece.kind is Kind.COMMENT
    ]
    assert len(without.data) <= len(data)


@given(FILES, NAMES, VALUES)
def test_setting_a_value_to_what_it_is_changes_nothing(data, name, value):
    file = ShellFile(data)
    found = file.value(name)
    if found is not None and "\n" not in found:
        assert file.set(name, found).data == data
    if not file.doubt(name):
        once = file.set(name, value)
        assert once.set(name, value).data == once.data


@given(
    st.sampled_from([name.decode() for name in WHOLE.replace(b"=", b" ").split() if b"jail_" in name]), VALUES
)
def test_a_value_that_is_set_and_set_back_leaves_the_file_of_ezjail_as_it_was(name, value):
    file = ShellFile(WHOLE)
    assert file.set(name, value).set(name, file.value(name) or "").data == WHOLE


@pytest.mark.parametrize(
    ("head", "part", "tail"),
    [
        *(("", part, "") for part in ("A=$(", '"$(', 'A="${x-', "$((", "(", "{ ", "if ", "`", "A=1;", "<<E")),
        ("", "A=1 ", ""), ("", "\\\n", ""), ("", " ", "A=1"), ("", "x\n", ""), ("x ", "=", "\n"),
        ("x ", "unset ", "\n"),
        ("{\n", "\n", "true\n}\n"), ("x ", "> ", "y\n"), ("B=", "$((1))", "\n"), ("B=", "${x}", "\n"),
        ("A=1", " \\\n", " C=$x\n"), ("x ", "a(", "\n"), ("# ", "x", ""), ('B="', "\\\n", '"\n'),
    ],
)  # fmt: skip
def test_a_file_that_is_made_to_hurt_is_read_all_the_same(head, part, tail):
    data = f"{head}{part * (60_000 // len(part))}{tail}".encode()
    file = ShellFile(data)
    assert file.render() == data
    for name in ("A", "B", "C"):
        assert file.reading(name) is None or file.reading(name).name == name
        assert file.doubt(name) or file.set(name, "x").value(name) == "x"


@pytest.mark.parametrize("value", ["a\nb", "\n", "a\0", "\ud800"])
def test_a_value_that_no_line_can_hold_is_refused(value):
    with pytest.raises(InvalidInput):
        ShellFile(b"A=1\n").set("A", value)


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "a=b", "a;b", "é", "a\n", "$(id)"])
def test_a_name_that_the_shell_does_not_know_is_refused(name):
    file = ShellFile(b"A=1\n")
    for use in (lambda: file.set(name, "x"), lambda: file.unset(name), lambda: file.reading(name)):
        with pytest.raises(InvalidInput):
            use()


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        (b'A="x"', "y z", b'A="y z"'),
        (b"A='x'", "y $z", b"A='y $z'"),
        (b"A='x'", "it's", b'A="it\'s"'),
        (b"A=x", "/usr/jails", b"A=/usr/jails"),
        (b"A=x", "two words", b'A="two words"'),
        (b"A=x", "~/x", b'A="~/x"'),
        (b"A=x", "", b"A="),
        (b"A=", "x", b'A="x"'),
        (b"A=$B", "x", b'A="x"'),
        (b"A=a\"b\"'c'", "x", b'A="x"'),
        (b'A="x"', '"$`\\', b'A="\\"\\$\\`\\\\"'),
        (b"\t export  A='x'\t# note \r\n", "y", b"\t export  A='y'\t# note \r\n"),
        (b"A=1; B=2", "3", b"A=3; B=2"),
        (b"A=1 A=2\nB=3\n", "4", b"A=1 A=4\nB=3\n"),
        (b'A="one\ntwo" # note', "x", b'A="x" # note'),
    ],
)
def test_the_way_of_quoting_is_kept_where_it_can_hold_the_value(before, value, after):
    assert ShellFile(before).set("A", value).data == after


@pytest.mark.parametrize(
    ("before", "beside", "after"),
    [
        (b"", "", b'new="x"\n'),
        (b"A=1\n", "", b'A=1\nnew="x"\n'),
        (b"A=1", "", b'A=1\nnew="x"'),
        (b"# end", "", b'# end\nnew="x"'),
        (b"A=1\\\n", "", b'A=1\\\n\nnew="x"'),
        (b"# end \\\n", "", b'# end \\\nnew="x"\n'),
        (b"a_b='1'\n# end\n", "a_", b"a_b='1'\nnew='x'\n# end\n"),
        (b"\texport a_b=1 # note\nC=2\n", "a_", b"\texport a_b=1 # note\n\texport new=x\nC=2\n"),
        (b"C=2; export a_b=1; D=3\nE=4\n", "a_", b"C=2; export a_b=1; D=3\nexport new=x\nE=4\n"),
        (b'a_b="1"', "a_", b'a_b="1"\nnew="x"'),
        (b'a_b="1\n2"\nC=3\n', "a_", b'a_b="1\n2"\nnew="x"\nC=3\n'),
        (b"C=2\n", "a_", b'C=2\nnew="x"\n'),
        (b"a_b=1\n. ./more\n", "a_", b"a_b=1\n. ./more\nnew=x\n"),
    ],
)
def test_a_variable_is_added_beside_its_siblings_or_at_the_end(before, beside, after):
    assert ShellFile(before).set("new", "x", beside=beside).data == after


def test_a_variable_is_exported_where_that_is_asked_for():
    assert ShellFile(b"").set("A", "1", export=True).data == b'export A="1"\n'
    assert ShellFile(b"x_a=1\n").set("x_b", "2", beside="x_", export=True).data == b"x_a=1\nexport x_b=2\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"# a\nA=1\n# b\n", b"# a\n# b\n"),
        (b"A=1", b""),
        (b"B=1\n  export A=1\n", b"B=1\n"),
        (b"A=1 # why\n", b" # why\n"),
        (b"A=1; B=2\n", b" B=2\n"),
        (b"B=2; A=1\nC=3\n", b"B=2;\nC=3\n"),
        (b"B=2; A=1; C=3\n", b"B=2; C=3\n"),
        (b"A=1 B=2\n", b"B=2\n"),
        (b"B=2 A=1 # x\n", b"B=2 # x\n"),
        (b"export A=1 B=2\n", b"export B=2\n"),
        (b"export A=1 C\n", b"export C\n"),
        (b"B=1 \\\n A=2\nC=3\n", b"B=1\nC=3\n"),
        (b"A=1\nB=2\nA=3; A=4\n", b"B=2\n\n"),
        (b"B=1\n", b"B=1\n"),
    ],
)
def test_unset_takes_away_what_sets_it(before, after):
    assert ShellFile(before).unset("A").data == after


@pytest.mark.parametrize(
    "code",
    [
        "if x; then A=2; fi", "A=2 true", "A=2 && true", "unset A", "read A", ": ${A:=2}", "B=${A:=2}",
        "B=$((A=2))", "eval x", '. /etc/"more"', "\\ev'al' x", "$x", "true; $x", "f() { A=2; }", "A+=2",
        "return", "exit 1", "exec true", "readonly A", "alias x=y", "trap x EXIT", "set -e", "A\\\n=2",
        "getopts ab A",
        "B=${C:?gone}", 'export "A=2"', "for A in 1 2; do true; done", "{ A=2; }", "while A=2; do true; done",
    ],
)  # fmt: skip
def test_shell_that_may_set_a_variable_keeps_us_from_changing_it(code):
    file = ShellFile(f"A=1\n{code}\n".encode())
    assert file.doubt("A")
    assert file.value("A") is None
    with pytest.raises(ParseError, match="by hand"):
        file.set("A", "3")


@pytest.mark.parametrize(
    "code",
    [
        "mkdir -p /usr/jails", "[ -d /x ] || mkdir /x", "if true; then B=2; fi", "echo $A | cat > /dev/null",
        "export A", "B=$(echo $A)", "B=$A", "AA=2", "# A=2", "x() { echo; }", "cat <<X\nA=2\nX",
        "case x in a) ;; b|c) true ;; esac", "! true", "( cd / )", "B='A=2'",
    ],
)  # fmt: skip
def test_shell_that_does_not_name_it_keeps_nothing_from_us(code):
    file = ShellFile(f"A=1\n{code}\n".encode())
    if "<<" in code:
        assert file.doubt("A")  # we do not look into what a command is fed
        return
    assert not file.doubt("A")
    assert file.set("A", "3").data == f"A=3\n{code}\n".encode()


@pytest.mark.parametrize(
    "broken",
    [
        "A='", 'A="', "A=`", "A=$(", "A=${", "A=\\", "if true", "fi", "}", ")", ";;", "; A=1", "A=1;;",
        "f() ", "case x in", "A=(1 2)", "cat <<E\nA=1\n", "select x", "function f {", 'A="${B-"x"}"',
        "A=${B/x/y}",
        "A=$(case x in x) ;; esac)", "true &&", "A=$\\\nB", "then true", "fi; A=1", "true >", "{ true; } x",
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_kept_and_nothing_in_the_file_is_sure(broken):
    file = ShellFile(f"C=1\n{broken}".encode())
    assert file.problem
    assert file.kept == (broken,)
    assert file.value("C") is None
    with pytest.raises(ParseError, match="by hand"):
        file.set("C", "2")
    with pytest.raises(ParseError, match="by hand"):
        file.set("new", "2")


def test_what_is_set_too_often_is_not_unset_at_all():
    with pytest.raises(ParseError, match="by hand"):
        ShellFile(b"A=1\n" * 60).unset("A")
