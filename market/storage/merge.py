"""Several batches as one: what a spool segment needs to be stored in one transaction."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from market.storage.batch import Batch
from market.storage.spool import Record
from market.storage.tables import Row, Table


def merged(records: Iterable[Record], tables: Mapping[str, Table]) -> Iterator[Batch]:
    """Batches of the same run and day as one, in order; within a table a key occurs once, as if stored one by one."""
    for _, group in groupby(records, key=lambda record: (record.run, record.day)):
        listed = list(group)
        rows: dict[str, list[Row]] = {}
        for name in dict.fromkeys(name for record in listed for name in record.rows):
            if name in tables:
                rows[name] = standing(tables[name], (row for record in listed for row in record.rows.get(name, ())))
        batch = listed[-1].batch()
        batch.rows = rows
        yield batch


def standing(table: Table, rows: Iterable[Row]) -> list[Row]:
    """The rows that stand after all were stored one by one."""
    columns = [column.name for column in table.columns]
    keys = [columns.index(name) for name in table.key]
    measure = columns.index(table.measure) if table.measure else 0
    by_key: dict[Row, Row] = {}
    for row in rows:
        key = tuple(row[index] for index in keys)
        before = by_key.get(key)
        if before is None or table.same == "replace" or (table.measure and row[measure] >= before[measure]):
            by_key[key] = row
    return list(by_key.values())
