"""Reads a CSV file as people have it: whatever their Excel or CRM made of encoding, delimiter and footer."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIMITERS = ",;\t"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class BadSheet(ValueError):
    """A file that cannot be read at all; the message says which, where, and what to do."""


@dataclass(frozen=True)
class Sheet:
    header: list[str]
    lines: list[tuple[int, list[str]]]
    """(number of the line in the file, cells); empty lines and a CRM's footer are left out."""


def read_sheet(path: Path) -> Sheet:
    text = _decoded(path)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        numbered = list(_numbered(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    except csv.Error as error:
        raise BadSheet(f"{path}: not a CSV file: {error}") from error
    if not numbered or not any(numbered[0][1]):
        raise BadSheet(f"{path}:1: no header; the first line names the columns")
    header = numbered[0][1]
    return Sheet(header, list(_body(numbered[1:], single=len(header) == 1)))


def _decoded(path: Path) -> str:
    """UTF-8 with or without its mark, UTF-16 with it, else what Windows writes in the west."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadSheet(f"{path}: cannot be read: {error.strerror}") from error
    if content.startswith(_UTF_16):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which they begin: a quoted cell may go on over several."""
    line = 1
    for cells in reader:
        yield line, [cell.strip() for cell in cells]
        line = reader.line_num + 1  # type: ignore[attr-defined]  # only csv's own readers count


def _body(numbered: list[tuple[int, list[str]]], *, single: bool) -> Iterator[tuple[int, list[str]]]:
    """Without empty lines, and without the lines of one cell that follow one: the footer of a report."""
    gap = False
    for line, cells in numbered:
        if not any(cells):
            gap = True
        elif single or not gap or len(cells) > 1:
            yield line, cells
