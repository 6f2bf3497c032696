"""Finds out the format of a file by its first bytes."""

import codecs
import json

from synthserve_training.data.reading.files.compression import StoredFile
from synthserve_training.data.reading.layout import Format
from synthserve_training.errors import ReadingError

_START_BYTES = 1 << 16

_FORMATS: dict[bytes, Format] = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"FEA1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"PK\x03\x04": "excel",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "excel",
}

_OTHERS = {
    b"SQLite format 3\0": "an SQLite database: give it as a database, sqlite:///FILE, with a query",
    b"%PDF": "a PDF: export the table as CSV",
    b"\x89HDF": "an HDF5 file: write the table as Parquet or CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Obj\x01": "an Avro file: write the table as Parquet or CSV",
    b"ORC": "an ORC file: write the table as Parquet or CSV",
    b"\x80\x04\x95": "a Python pickle: write the table as Parquet or CSV",
    b"\x80\x05\x95": "a Python pickle: write the table as Parquet or CSV",
    b"RDX": "an R workspace: write the table as CSV",
    b"X\n\0\0\0": "an R object: write the table as CSV",
    b"<stata_dta>": "a Stata file: write the table as CSV",
    b"$FL2": "an SPSS file: write the table as CSV",
    b"$FL3": "an SPSS file: write the table as CSV",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}
"""Formats that are not read, and what to do instead."""

_TAR = slice(257, 262)


def sniff(file: StoredFile) -> Format:
    """Finds out the format of a file; texts that are nothing else are delimited.

    Raises:
        ReadingError: It has another format, which the message names.
    """
    with file.open() as stream:
        start = stream.read(_START_BYTES)
    for magic, known in _FORMATS.items():
        if start.startswith(magic):
            return known
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            raise ReadingError(f"{file.name}: it is {what}")
    if start[_TAR] == b"ustar":
        raise ReadingError(f"{file.name}: it is a tar archive: unpack it and give one of its files")
    return _of_text(file.name, start.removeprefix(codecs.BOM_UTF8).lstrip())


def _of_text(name: str, start: bytes) -> Format:
    lower = start[:512].lower()
    if lower.startswith((b"<!doctype html", b"<html", b"<table")):
        raise ReadingError(f"{name}: it is a page of HTML, no table: download the file that the page offers")
    if lower.startswith((b"<?xml", b"<!doctype")):
        raise ReadingError(f"{name}: it is XML: write the table as CSV")
    if start.startswith(b"["):
        after = start[1:64].lstrip()
        if after.startswith((b"{", b"[")) and b"\n[" not in start[:_START_BYTES]:
            raise ReadingError(
                f"{name}: it is one JSON array: write one object per line (JSON lines), such as with jq -c '.[]'"
            )
    if start.startswith(b"{"):
        first = start.split(b"\n", 1)[0]
        try:
            if isinstance(json.loads(first), dict):
                return "json-lines"
        except ValueError:
            if len(first) == len(start) or first.rstrip().endswith((b"{", b",", b"[")):
                raise ReadingError(
                    f"{name}, line 1: it is JSON, but no object per line: write JSON lines, such as with jq -c"
                ) from None
    return "delimited"
