import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.training.reading.conftest import ReadText

from synthserve_training.data.reading.delimited import fast
from synthserve_training.data.reading.delimited.records import Dialect, records
from synthserve_training.errors import ReadingError


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "~", "^", "\x01", "\x1f"])
def test_separator_is_found(read_text: ReadText, separator: str) -> None:
    lines = ["id,name,when", "1,Ann,2020-01-02", "2,Bob,2021-12-31"]
    found = read_text("\n".join(lines).replace(",", separator) + "\n")
    assert found.layout.separator == separator
    assert found.layout.names == ("id", "name", "when")
    assert found.rows == [("1", "Ann", "2020-01-02"), ("2", "Bob", "2021-12-31")]


@pytest.mark.parametrize(
    ("text", "separator", "first"),
    [
        ("a;b;c\n1,5;2,3;x\n2,5;3,3;y\n", ";", ("1,5", "2,3", "x")),
        ("date;v\n01.02.2020;1.234,56\n02.02.2020;2.345,60\n", ";", ("01.02.2020", "1.234,56")),
        ("geo,unit\\time\t2008 \t2009 \nA,AT\t1 \t2 p\nA,DE\t3 \t: \n", "\t", ("A,AT", "1 ", "2 p")),
        ("name|text\nAnn|one, two; three\nBob|four, five; six\n", "|", ("Ann", "one, two; three")),
        ("id,at\n1,12:30:45\n2,12:31:45\n", ",", ("1", "12:30:45")),
        ("a b c\n1 2 3\n4 5 6\n", " ", ("1", "2", "3")),
        ("a:b\n1:2\n3:4\n", ":", ("1", "2")),
        ("a,b\n1,=cmd|calc!A0\n2,=cmd|calc!A1\n", ",", ("1", "=cmd|calc!A0")),
        ("a,b\n=cmd|calc!A0,+cmd|calc!B0\n=cmd|calc!A1,+cmd|calc!B1\n", ",", ("=cmd|calc!A0", "+cmd|calc!B0")),
        ("film,genres\nHeat,Crime|Drama\nBig,Comedy|Drama\n", ",", ("Heat", "Crime|Drama")),
        ("id,genres,n\n7,a|b|c,1\n8,c|a|b,2\n", ",", ("7", "a|b|c", "1")),
        ("id,text\n1,one; two\n2,three; four\n", ",", ("1", "one; two")),
        ("name\ttown\nSmith, John\tParis, FR\nDoe, Ann\tRome, IT\n", "\t", ("Smith, John", "Paris, FR")),
        ('a,b\n"x\ty",1\n"z\tw",2\n', ",", ("x\ty", "1")),
        ('"x\ty",1\n"z\tw",2\n"q\tr",3\n', ",", ("x\ty", "1")),
        ('1,"x,y","a|b"\n2,"y,z","c|d"\n', ",", ("1", "x,y", "a|b")),
        ("id,url\n1,http://x.y/?a=1;b=2|c\n2,http://x.z/?a=3;b=4|d\n", ",", ("1", "http://x.y/?a=1;b=2|c")),
        ("id|place\n1|52.1,13.4\n2|48.9,2.4\n", "|", ("1", "52.1,13.4")),
    ],
)
def test_separator_is_no_character_of_the_values(
    read_text: ReadText, text: str, separator: str, first: tuple[str, ...]
) -> None:
    found = read_text(text)
    assert found.layout.separator == separator
    assert found.rows[0] == first


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("name\nAnn\nBob\n", "name", ["Ann", "Bob"]),
        ("comment\nHello, world\nFine\nwell, a, b\n", "comment", ["Hello, world", "Fine", "well, a, b"]),
        ("value\n1,5\n2,3\n", "value", ["1,5", "2,3"]),
        ("time\n12:30:45\n12:31:45\n", "time", ["12:30:45", "12:31:45"]),
        ("full name\nAnn Smith\nBob Jones\n", "full name", ["Ann Smith", "Bob Jones"]),
        ('text\n"a, ""b"""\n"c\nd"\n', "text", ['a, "b"', "c\nd"]),
    ],
)
def test_single_column_is_not_separated(read_text: ReadText, text: str, name: str, values: list[str]) -> None:
    found = read_text(text)
    assert found.layout.names == (name,)
    assert found.frame[name].to_list() == values


def test_blank_lines_of_a_single_column_are_missing_values(read_text: ReadText) -> None:
    found = read_text("v\n1\n\n\n3\n\n")
    assert found.rows == [("1",), ("",), ("",), ("3",)]
    assert found.note("2 blank lines").line == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,5\n2,3\n", "line 1: its commas may separate cells or decimals"),
        ("a,b\n1,5,2,3\n2,5,3,3\n", "line 2: it has 4 cells, and the header has 2"),
        ("name\nSmith, John\nDoe, Jane\n", "line 1: the first line has one cell, the others have 2"),
        ("genres\nDrama|Crime\nComedy|Crime\n", "line 1: the first line has one cell, the others have 2"),
        ("1,=cmd|calc!A0\n2,=cmd|calc!A1\n", "',' and '\\|' may both separate"),
        ("name    age   x\nAnn      12   3\nBob       5   4\n", "runs of spaces"),
    ],
)
def test_ambiguous_separator_is_refused(read_text: ReadText, text: str, message: str) -> None:
    with pytest.raises(ReadingError, match=message):
        read_text(text)


def test_given_separator_decides(read_text: ReadText) -> None:
    assert read_text("1,5\n2,3\n", separator=",", header_row=0).rows == [("1", "5"), ("2", "3")]
    assert read_text("1,5\n2,3\n", separator=";", header_row=0).rows == [("1,5",), ("2,3",)]
    assert read_text("name\nSmith, John\nDoe, Jane\n", separator=";").rows == [("Smith, John",), ("Doe, Jane",)]


def test_first_line_of_excel_names_the_separator(read_text: ReadText) -> None:
    found = read_text("sep=;\r\na;b,c\r\n1;2,0\r\n3;4,0\r\n")
    assert found.layout.header_row == 2
    assert found.layout.names == ("a", "b,c")
    assert found.rows == [("1", "2,0"), ("3", "4,0")]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"x, y"', "x, y"),
        ('"two\nlines"', "two\nlines"),
        ('"say ""hi"""', 'say "hi"'),
        ('"say \\"hi\\" now"', 'say "hi" now'),
        ('"C:\\dir\\"', "C:\\dir\\"),
        (' "padded, too" ', "padded, too"),
        ('5" pipe', '5" pipe'),
        (" kept ", " kept "),
        ('""', ""),
    ],
)
def test_quoted_cell_is_read_without_quotes(read_text: ReadText, cell: str, value: str) -> None:
    assert read_text(f"text,number\n{cell},1\nplain,2\n").rows == [(value, "1"), ("plain", "2")]


@pytest.mark.parametrize("cell", ['"Nice" he said', '"not closed'])
def test_quote_that_encloses_nothing_is_kept_and_noted(read_text: ReadText, cell: str) -> None:
    found = read_text(f"text,number\nplain,2\n{cell},1\nplain,3\n")
    assert found.rows[1] == (cell, "1")
    assert found.note("begins with a quote").line == 3


def test_single_quotes_enclose_cells(read_text: ReadText) -> None:
    found = read_text("a,b\n'x, y',1\n'z',2\n'it''s',3\n")
    assert found.layout.quote == "'"
    assert found.frame["a"].to_list() == ["x, y", "z", "it's"]


def test_quotes_of_a_tab_separated_file_may_mean_nothing(read_text: ReadText) -> None:
    found = read_text('a\tb\n5" pipe\t1\n"Foo" bar\t2\n6"\t3\n')
    assert found.layout.quote is None
    assert found.frame["a"].to_list() == ['5" pipe', '"Foo" bar', '6"']


def test_quotes_of_a_tab_separated_file_may_enclose_cells(read_text: ReadText) -> None:
    found = read_text('a\tb\n"x\ty"\t1\n"z"\t2\n')
    assert found.layout.quote == '"'
    assert found.frame["a"].to_list() == ["x\ty", "z"]


@pytest.mark.parametrize(("end", "name"), [("\n", "LF"), ("\r\n", "CRLF"), ("\r", "CR")])
def test_line_ends(read_text: ReadText, end: str, name: str) -> None:
    found = read_text(end.join(["a,b", "1,2", '"x, y",4', ""]))
    assert found.layout.line_end == name
    assert found.rows == [("1", "2"), ("x, y", "4")]


def test_last_line_needs_no_end(read_text: ReadText) -> None:
    assert read_text("a,b\n1,2\n3,4").rows == [("1", "2"), ("3", "4")]


def test_end_of_file_sign_of_dos_is_no_row(read_text: ReadText) -> None:
    assert read_text("a,b\n1,2\n3,4\n\x1a").rows == [("1", "2"), ("3", "4")]


cells = st.text(st.sampled_from('ab",;\n \\1'), max_size=6)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from([",", ";", "\t"]))
def test_fast_and_careful_reading_agree(rows: list[list[str]], separator: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\n").writerows(rows)
    dialect = Dialect(separator)
    found = fast.read(written.getvalue().encode(), dialect, ("a", "b", "c"))
    careful = [tuple(record.cells) for record in records(written.getvalue(), dialect) if record.cells]
    assert careful == list(map(tuple, rows))
    assert found is None or found[0].rows() == careful


@given(st.text(st.sampled_from('ab",\n\r \\'), max_size=30))
def test_fast_reading_never_differs_from_careful_reading(text: str) -> None:
    """It may refuse, but what it reads is right: in any text, with quotes at any place."""
    found = fast.read(text.encode(), Dialect(","), ("a", "b"))
    if found is None:
        return
    frame, end = found
    careful = [record.cells for record in records(text.encode()[:end].decode(), Dialect(",")) if record.cells]
    assert [list(row) for row in frame.rows()] == careful


def test_records_across_blocks_are_whole(read_text: ReadText) -> None:
    row = f'7,"{"several lines, " * 500}\n ""quoted""",x\n'
    count = 9_000_000 // len(row)
    found = read_text("n,text,k\n" + row * count + '5,5" pipe,y\n' + row * 20)
    assert found.frame.height == count + 21
    assert found.frame.unique().height == 2


def test_huge_cell_is_read(read_text: ReadText) -> None:
    huge = "long, " * 400_000
    assert read_text(f'a,b\n1,"{huge}"\n2,y\n').rows == [("1", huge), ("2", "y")]


def test_many_columns_are_read(read_text: ReadText) -> None:
    names = [f"c{number}" for number in range(10_000)]
    found = read_text("\n".join([",".join(names), *[",".join(["1.5"] * 10_000)] * 3]) + "\n")
    assert found.frame.shape == (3, 10_000)
