"""The CSV of a bulk job: its delimiter and line ending must be those that the job was opened with.

An empty cell says nothing about a field; `#N/A` empties it. `Account.Crosswalk_Id__c` names a parent by its
external id.
"""

import csv
import io
from typing import Final

from local.systems.system import Row

DELIMITERS: Final = {
    "COMMA": ",",
    "SEMICOLON": ";",
    "TAB": "\t",
    "PIPE": "|",
    "CARET": "^",
    "BACKQUOTE": "`",
}
LINE_ENDINGS: Final = {"LF": "\n", "CRLF": "\r\n"}
_NULL: Final = "#N/A"


class CsvError(Exception):
    """The job fails: nobody can tell what its rows say."""


def rows_of(text: str, line_ending: str, delimiter: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows."""
    first = text.partition("\n")[0]
    if text and first.endswith("\r") is not (line_ending == "CRLF"):
        reason = f"LineEnding is invalid on user data. Current LineEnding setting is {line_ending}"
        raise CsvError(f"ClientInputError : {reason}")
    read = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter], strict=True)
    try:
        header, *rows = [row for row in read if row]
    except (csv.Error, ValueError) as error:
        raise CsvError(f"InvalidBatch : Failed to parse CSV. {error}") from error
    if any(len(row) != len(header) for row in rows):
        raise CsvError("InvalidBatch : The number of columns of a row is not that of the header")
    return header, rows


def record_of(header: list[str], row: list[str]) -> Row:
    """A row as a record, as JSON would say it."""
    record: Row = {}
    for name, text in zip(header, row, strict=True):
        if text == "":
            continue
        parent, _, key = name.partition(".")
        if key:
            record[parent] = None if text == _NULL else {key: text}
        else:
            record[name] = None if text == _NULL else text
    return record


def csv_text(header: list[str], rows: list[list[str]], job: Row) -> str:
    """Results in the form of the job's input, every cell in quotes."""
    out = io.StringIO(newline="")
    ending, delimiter = LINE_ENDINGS[job["lineEnding"]], DELIMITERS[job["columnDelimiter"]]
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
