import codecs

import pytest
from tests.unit.training.reading.conftest import ReadText

from synthserve_training.errors import ReadingError

TEXT = "id,name\n1,Zoë\n2,Müller\n3,Ann\n"
ROWS = [("1", "Zoë"), ("2", "Müller"), ("3", "Ann")]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_encoding_is_found(read_text: ReadText, data: bytes, encoding: str) -> None:
    found = read_text(data)
    assert found.layout.encoding == encoding
    assert found.layout.names == ("id", "name")
    assert found.rows == ROWS


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("имя,город,n\nАнна,Москва,1\nИван,Тула,2\nОльга Петрова,Нижний Новгород,3\n", "cp1251"),
        ("名前,都市,n\n太郎,東京,1\n花子さん,大阪市,2\nひらがな,カタカナ,3\n", "cp932"),
        ("名字,城市,n\n张三,北京市,1\n李四,上海市,2\n王五,广州市中心,3\n", "gb18030"),
        ("imię,miasto,n\nŁukasz,Łódź,1\nMałgorzata,Kraków,2\nWłodek,Poznań,3\n", "cp1250"),
        ("imię,miasto,n\nŁukasz,Łódź,1\nMałgorzata,Kraków,2\nWłodek,Poznań,3\n", "iso8859-2"),
    ],
)
def test_other_encodings_are_guessed_and_noted(read_text: ReadText, text: str, encoding: str) -> None:
    found = read_text(text.encode(encoding))
    assert found.layout.encoding == encoding
    assert found.frame[:, 1].to_list() == [line.split(",")[1] for line in text.splitlines()[1:]]
    found.note("which is a guess")


def test_given_encoding_decides(read_text: ReadText) -> None:
    assert read_text(TEXT.encode("mac_roman"), encoding="mac_roman").rows == ROWS
    assert read_text(TEXT.encode("cp500"), encoding="cp500").rows == ROWS


@pytest.mark.parametrize("encoding", ["utf-9", "base64"])
def test_unknown_encoding_is_refused(read_text: ReadText, encoding: str) -> None:
    with pytest.raises(ReadingError, match=f"encoding = '{encoding}'"):
        read_text(TEXT, encoding=encoding)


def test_lines_of_another_encoding_are_read_and_noted(read_text: ReadText) -> None:
    data = "id,name\n1,Zoë\n".encode() + "2,Müller\n".encode("cp1252") + b"3,Ann\n"
    found = read_text(data)
    assert found.rows == ROWS
    assert found.note("not utf-8").line == 3


def test_byte_far_into_the_file_does_not_stop_the_reading(read_text: ReadText) -> None:
    data = b"id,name\n" + b"1,ascii only\n" * 800_000
    found = read_text(data + "2,Zoë\n".encode() + b"3,M\xfcller\n4,\x81\n")
    assert found.frame[:, 1].to_list()[-3:] == ["Zoë", "Müller", "\x81"]
    assert found.note("not utf-8").line == 800_003


def test_half_a_character_at_the_end_is_noted(read_text: ReadText) -> None:
    found = read_text(TEXT.encode() + "4,Zoë".encode()[:-1])
    assert found.rows == [*ROWS, ("4", "Zo\ufffd")]
    assert found.note("within a character").line == 5


def test_nul_bytes_are_left_out_and_noted(read_text: ReadText) -> None:
    found = read_text("id,name\n1,Zo\0ë\n2,Müller\n3,Ann\n\0\0\0")
    assert found.rows == ROWS
    assert found.note("4 NUL bytes").line == 2


def test_byte_that_the_given_encoding_lacks_is_noted(read_text: ReadText) -> None:
    found = read_text(b"id,name\n1,a\n2,\x81\n", encoding="cp1252")
    assert found.rows == [("1", "a"), ("2", "\ufffd")]
    assert found.note("not cp1252").line == 3
