"""Finds out how a text is encoded."""

import codecs
import re
from collections.abc import Sequence

import charset_normalizer

from synthserve_training.data.reading.layout import ReadingNote
from synthserve_training.data.reading.text.decoding import WESTERN, is_utf8
from synthserve_training.data.reading.text.survey import Survey
from synthserve_training.errors import ReadingError

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The longest ones first: the mark of UTF-16 begins that of UTF-32."""

_C1 = re.compile(rb"[\x80-\x9f]")
_IN_WORD_CP1250 = re.compile(
    rb"[A-Za-z][\xb3\xb9\xbf\x9f][a-z]|[\x9a\x9e\x8a\x8e].*[\xe8\xec\xf8]|[\xe8\xec\xf8].*[\x9a\x9e]"
)
"""Letters of Central European languages, which are signs or rare together in the Western code page."""

_IN_WORD_ISO_8859_2 = re.compile(rb"[A-Za-z\xa1-\xff][\xb1\xb6\xbc\xbe\xb9](?:[a-z,;\t\r\n\"]|\Z)")

_FEWEST_MARKS = 20
# fmt: off
_BEYOND_LATIN = [
    "cp1251", "koi8_r", "cp866", "mac_cyrillic", "cp1253", "cp1255", "cp1256", "cp874", "cp932", "euc_jp", "gb18030",
    "big5", "cp949", "cp1250", "cp1252", "cp1254", "cp1257",
]
# fmt: on
"""The encodings of languages whose letters are mostly beyond ASCII, and Latin ones."""


def detect(name: str, survey: Survey, wanted: str | None) -> tuple[str, list[ReadingNote]]:
    """Finds out how a text is encoded: by its mark, as UTF-8 or UTF-16, then by what its bytes may mean.

    Args:
        name: The file's name, for messages.
        survey: What the file is made of.
        wanted: The encoding that the user names; it is believed.

    Returns:
        The encoding as Python names it, and notes on it.

    Raises:
        ReadingError: Python does not know the wanted encoding.
    """
    mark = next((encoding for bom, encoding in _BOMS.items() if survey.head.startswith(bom)), None)
    if wanted is not None:
        try:
            known = codecs.lookup(wanted)
        except LookupError:
            raise ReadingError(
                f"{name}: encoding = {wanted!r} is not known: use a name such as utf-8 or cp1252"
            ) from None
        if not known._is_text_encoding:
            raise ReadingError(
                f"{name}: encoding = {wanted!r} is no encoding of texts: use one such as utf-8 or cp1252"
            )
        return ("utf-8-sig" if known.name == "utf-8" and mark == "utf-8-sig" else known.name), []
    if mark or (mark := _without_mark(survey.head)):
        return mark, []
    broken = [line for line in survey.marked if not is_utf8(line)]
    if not broken or _end_is_cut(survey, broken):
        return "utf-8", []
    if len(broken) < 0.95 * len(survey.marked):
        return "utf-8", []  # Mixed: the decoder repairs line by line, and counts.
    guess = _guess(broken)
    text = (
        f"the text is not UTF-8; it was read as {guess}, which is a guess: check letters with accents, and give the "
        "encoding where they are wrong"
    )
    return guess, [ReadingNote(text)]


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western texts is 0, and so is that of each line end."""
    start = head[: 1 << 14]
    pairs = len(start) // 2
    if pairs < 4:
        return None
    for name, zero in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros, others = start[zero::2].count(0), start[1 - zero :: 2].count(0)
        if zeros > 0.3 * pairs and others < 0.02 * pairs:
            return name
    return None


def _end_is_cut(survey: Survey, broken: Sequence[bytes]) -> bool:
    """Whether the only line that is not UTF-8 is the last one, which ends within a character."""
    if len(broken) != 1 or len(survey.marked) < 2 or not survey.tail.endswith(broken[0]):
        return False
    return any(is_utf8(broken[0][:-count]) for count in (1, 2, 3))


def _guess(lines: Sequence[bytes]) -> str:
    """The encoding of lines that are not UTF-8.

    Where every fifth letter is marked, the language decides. Fewer marks are those of Latin letters in Europe.
    """
    text = b"\n".join(lines)
    beyond = sum(byte > 127 for byte in text)
    letters = beyond + sum(chr(byte).isalpha() for byte in text if byte < 128)
    dense = beyond >= max(_FEWEST_MARKS, 0.2 * letters)
    if dense and (best := charset_normalizer.from_bytes(text, cp_isolation=_BEYOND_LATIN).best()):
        return codecs.lookup(best.encoding).name
    if _IN_WORD_ISO_8859_2.search(text) and not _C1.search(text):
        return "iso8859-2"
    return "cp1250" if _IN_WORD_CP1250.search(text) else WESTERN
