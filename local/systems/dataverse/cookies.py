"""Where a further page begins, as `@odata.nextLink` says it: a cookie that callers send back as it came.

```
  $skiptoken=<cookie pagenumber="2" pagingcookie="%3ccookie page…%3e" istracking="False" />
                                                   └ <cookie page="1"><accountid last="{…}" /></cookie>
```
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from local.systems.dataverse.errors import Refused

_COOKIE: Final = re.compile(
    r'<cookie pagenumber="(\d+)" pagingcookie="([^"]*)" istracking="(True|False)" />', re.ASCII
)
_INNER: Final = re.compile(r'<cookie page="(\d+)"><(\w+) last="([^"]*)" seen="(\d+)"/></cookie>')


@dataclass(frozen=True, slots=True)
class Cookie:
    page: int
    """The page that it opens, from 2."""
    column: str
    last: str
    """What the last row shown has in that column."""
    seen: int = 0
    """How many rows have been shown, or in a delta the version up to which is read."""
    tracking: bool = False

    def __str__(self) -> str:
        inner = (
            f'<cookie page="{self.page - 1}"><{self.column} last="{self.last}" seen="{self.seen}"/></cookie>'
        )
        encoded = quote(inner, safe="")
        return f'<cookie pagenumber="{self.page}" pagingcookie="{encoded}" istracking="{self.tracking}" />'


def parse_cookie(text: str) -> Cookie:
    outer = _COOKIE.fullmatch(text)
    inner = _INNER.fullmatch(unquote(outer[2])) if outer else None
    if outer is None or inner is None:
        raise Refused(400, "0x80040203", "Malformed XML in the paging cookie.")
    return Cookie(int(outer[1]), inner[2], inner[3], int(inner[4]), outer[3] == "True")


def with_option(root: str, path: str, query: str, name: str, value: str) -> str:
    """The address of a request with this option in place of those that say where to read on."""
    kept = [part for part in query.split("&") if part and not _is_position(part)]
    said = "&".join([*kept, f"{name}={quote(value, safe='')}"])
    return f"{root}/{path}?{said}"


def _is_position(part: str) -> bool:
    return unquote(part.partition("=")[0]) in {"$skiptoken", "$deltatoken"}
