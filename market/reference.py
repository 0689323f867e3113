"""Reference data as ingest and the pages ask for it: plain values, one query each."""

from datetime import date

from msgspec import Struct

from market.models import Basket, BasketMember, IndexAlias, Instrument
from market.models.instruments import in_language


class InstrumentInfo(Struct, frozen=True):
    """What pages say about an instrument. Codes are as on the wire, sector is None for what has none."""

    code: str
    kind: str
    board: str
    vietnamese_name: str
    english_name: str
    sector: str | None
    vietnamese_sector: str
    english_sector: str
    lot_size: int
    tick_table: list[tuple[float, float]]
    listed_shares: int | None
    last_trading_day: date | None
    underlying: str | None

    @property
    def name(self) -> str:
        """The name in the reader's language, or the one that is known."""
        return in_language(self.vietnamese_name, self.english_name)

    @property
    def sector_name(self) -> str:
        """The sector in the reader's language."""
        return in_language(self.vietnamese_sector, self.english_sector)


def basket_codes(basket: str, day: date) -> list[str]:
    """Codes of the members of a basket on a day, in order; empty for an unknown basket."""
    members = BasketMember.objects.filter(basket__code__iexact=basket).on(day)
    return list(members.order_by("instrument__code").values_list("instrument__code", flat=True))


def change_basket(basket: str, codes: set[str], day: date) -> tuple[list[str], list[str]]:
    """Record that these codes make up a basket from a day on; return the codes that (joined, left).

    Codes without an instrument are skipped, so store instruments first. The caller holds the transaction.
    """
    row = Basket.objects.select_for_update().get(code=basket)
    members = {member.instrument.code: member for member in row.members.filter(left=None).select_related("instrument")}
    leaving = sorted(set(members) - codes)
    for code in leaving:
        if members[code].joined >= day:
            members[code].delete()  # joined by mistake and never a member on any day
        else:
            members[code].left = day
            members[code].save(update_fields=["left"])
    joining = list(Instrument.objects.filter(code__in=codes - set(members)).order_by("code"))
    for instrument in joining:
        # One that left this very day by mistake comes back without a gap.
        if not row.members.filter(instrument=instrument, left=day).update(left=None):
            row.members.create(instrument=instrument, joined=day)
    return [instrument.code for instrument in joining], leaving


def instruments(codes: set[str] | None = None) -> dict[str, InstrumentInfo]:
    """Instruments by code: those asked for, or all active ones."""
    rows = Instrument.objects.select_related("sector", "underlying")
    rows = rows.filter(active=True) if codes is None else rows.filter(code__in=codes)
    return {row.code: describe(row) for row in rows}


def describe(row: Instrument) -> InstrumentInfo:
    """The plain values of one instrument."""
    return InstrumentInfo(
        code=row.code,
        kind=row.kind,
        board=row.board,
        vietnamese_name=row.name,
        english_name=row.english_name,
        sector=row.sector_id,
        vietnamese_sector=row.sector.name if row.sector else "",
        english_sector=row.sector.english_name if row.sector else "",
        lot_size=row.lot_size,
        tick_table=[(price, tick) for price, tick in row.tick_table],
        listed_shares=row.listed_shares,
        last_trading_day=row.last_trading_day,
        underlying=row.underlying.code if row.underlying else None,
    )


def find(code: str) -> InstrumentInfo | None:
    """The instrument of a code or index alias, in any case."""
    row = Instrument.objects.of_code(code).select_related("sector", "underlying").first()
    return describe(row) if row else None


def index_ids() -> dict[str, str]:
    """Every spelling of an index id in capital letters, to the id that we store: {"UPCOMINDEX": "HNXUpcomIndex"}."""
    codes = Instrument.objects.filter(kind=Instrument.Kind.INDEX).values_list("code", flat=True)
    aliases = IndexAlias.objects.values_list("alias", "index__code")
    return dict(aliases) | {code.upper(): code for code in codes}


def contracts(day: date, underlying: str | None = None) -> list[str]:
    """Codes of the futures that trade on a day, nearest expiry first; those of one underlying index if named."""
    rows = Instrument.objects.trading_on(day).filter(kind=Instrument.Kind.FUTURE, last_trading_day__isnull=False)
    if underlying:
        rows = rows.filter(underlying__code__iexact=underlying)
    return list(rows.order_by("last_trading_day", "code").values_list("code", flat=True))
