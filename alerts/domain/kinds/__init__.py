"""The kinds of rules, in one table.

Adding a kind:

1. In the module here that fits, write a subclass of `Check` (or of `EdgeCheck` for a condition that lasts), typed
   by the one change it hears. `judge` updates what it remembers at every change, then asks `ready` (or `begins`) and
   returns `fire(...)` with the numbers as evidence. What it remembers: `new_day` forgets it, `save` and `resume`
   carry it over a restart and an edit of the rule, `STATE` is its type.
2. Below the class, describe it in a `KindInfo`: params with unit and bounds, evidence, scopes, and what a new rule
   starts with. Admin forms, help texts, validation, export and import all follow from it.
3. Add it to `KINDS` here and to the cases of tests/alerts/domain/test_kinds.py.
"""

from typing import Final

from alerts.domain.check import KindInfo
from alerts.domain.kinds.book import LIMIT_LOCK
from alerts.domain.kinds.foreign import FOREIGN_ACCELERATION, FOREIGN_ROOM
from alerts.domain.kinds.index import BASIS_FLIP, BASIS_LEVEL, INDEX_MOVE
from alerts.domain.kinds.price import LIMIT_LEFT, PRICE_CHANGE, PRICE_LIMIT
from alerts.domain.kinds.volume import LARGE_TRADE, RELATIVE_VOLUME, VOLUME_SPIKE

KINDS: Final[dict[str, KindInfo]] = {
    kind.name: kind
    for kind in (
        VOLUME_SPIKE,
        PRICE_LIMIT,
        FOREIGN_ACCELERATION,
        BASIS_FLIP,
        PRICE_CHANGE,
        LIMIT_LEFT,
        LIMIT_LOCK,
        RELATIVE_VOLUME,
        LARGE_TRADE,
        FOREIGN_ROOM,
        BASIS_LEVEL,
        INDEX_MOVE,
    )
}
