"""The census: a whole read shows everything that lives, so what it leaves out was deleted.

    the first page    notes the place in the order of snapshots, and forgets any roll of before
    every page        is put on the roll, in its own transaction: a run broken off goes on where it was
    the last page     what is known and not on the roll is held as deleted, and passes the brake

What was written since the whole read began may be newer than what it showed, and is left alone. The first
load of all has nothing to compare with and keeps no roll. The difference is taken in the database: memory
does not grow with the table, and of a row that is unchanged nothing but its place on the roll is written.
"""

from __future__ import annotations

from shared.adapters.store.transaction import Transaction
from shared.model.change import Page


def count(tx: Transaction, system: str, entity: str, page: Page, begun: tuple[int, int]) -> bool:
    """Put a page on the roll; true where that was the last, and absent rows may be held.

    `begun` is the place in the order of snapshots, and the time of the last poll, when this run began.
    """
    if page.first and begun[0]:
        tx.begin_census(system, entity, *begun)
    census = tx.census(system, entity)
    if census is None:
        return False
    tx.enrol(system, entity, [row.native_id for row in page.rows if not row.deleted])
    if page.last:
        noted, since = census
        tx.end_census(system, entity, noted, since or page.read_at)
    return page.last
