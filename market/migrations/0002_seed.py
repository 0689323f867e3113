"""Sectors, the main indices with their other spellings, and VN30 with its changes since February 2025.

Names and sectors are a start: the daily refresh from the exchange brings them up to date. A row that is there stays.
"""

from datetime import date

from django.db import migrations

# ICB super-sectors: code, Vietnamese name, English name.
SECTORS = [
    ("0500", "Dầu khí", "Oil and gas"),
    ("1300", "Hóa chất", "Chemicals"),
    ("1700", "Tài nguyên cơ bản", "Basic resources"),
    ("2300", "Xây dựng và vật liệu", "Construction and materials"),
    ("2700", "Hàng và dịch vụ công nghiệp", "Industrial goods and services"),
    ("3300", "Ô tô và phụ tùng", "Automobiles and parts"),
    ("3500", "Thực phẩm và đồ uống", "Food and beverage"),
    ("3700", "Hàng cá nhân và gia dụng", "Personal and household goods"),
    ("4500", "Y tế", "Health care"),
    ("5300", "Bán lẻ", "Retail"),
    ("5500", "Truyền thông", "Media"),
    ("5700", "Du lịch và giải trí", "Travel and leisure"),
    ("6500", "Viễn thông", "Telecommunications"),
    ("7500", "Điện, nước và khí đốt", "Utilities"),
    ("8300", "Ngân hàng", "Banks"),
    ("8500", "Bảo hiểm", "Insurance"),
    ("8600", "Bất động sản", "Real estate"),
    ("8700", "Dịch vụ tài chính", "Financial services"),
    ("9500", "Công nghệ thông tin", "Technology"),
]

# Code, sector, Vietnamese name, English name; all on HOSE.
STOCKS = [
    ("ACB", "8300", "Ngân hàng TMCP Á Châu", "Asia Commercial Bank"),
    ("BCM", "8600", "Tổng Công ty Đầu tư và Phát triển Công nghiệp - CTCP", "Becamex IDC Corporation"),
    ("BID", "8300", "Ngân hàng TMCP Đầu tư và Phát triển Việt Nam", "Bank for Investment and Development of Vietnam"),
    ("BSR", "0500", "CTCP Lọc hóa dầu Bình Sơn", "Binh Son Refining and Petrochemical"),
    ("BVH", "8500", "Tập đoàn Bảo Việt", "Bao Viet Holdings"),
    ("CTG", "8300", "Ngân hàng TMCP Công Thương Việt Nam", "Vietnam Bank for Industry and Trade"),
    ("DGC", "1300", "CTCP Tập đoàn Hóa chất Đức Giang", "Duc Giang Chemicals Group"),
    ("FPT", "9500", "CTCP FPT", "FPT Corporation"),
    ("GAS", "7500", "Tổng Công ty Khí Việt Nam - CTCP", "PetroVietnam Gas"),
    ("GVR", "1300", "Tập đoàn Công nghiệp Cao su Việt Nam - CTCP", "Vietnam Rubber Group"),
    ("HDB", "8300", "Ngân hàng TMCP Phát triển Thành phố Hồ Chí Minh", "Ho Chi Minh City Development Bank"),
    ("HPG", "1700", "CTCP Tập đoàn Hòa Phát", "Hoa Phat Group"),
    ("LPB", "8300", "Ngân hàng TMCP Lộc Phát Việt Nam", "Fortune Vietnam Bank"),
    ("MBB", "8300", "Ngân hàng TMCP Quân đội", "Military Commercial Bank"),
    ("MCH", "3500", "CTCP Hàng tiêu dùng Masan", "Masan Consumer Corporation"),
    ("MSN", "3500", "CTCP Tập đoàn Masan", "Masan Group Corporation"),
    ("MWG", "5300", "CTCP Đầu tư Thế Giới Di Động", "Mobile World Investment Corporation"),
    ("PLX", "0500", "Tập đoàn Xăng dầu Việt Nam", "Vietnam National Petroleum Group"),
    ("SAB", "3500", "Tổng CTCP Bia - Rượu - Nước giải khát Sài Gòn", "Saigon Beer - Alcohol - Beverage Corporation"),
    ("SHB", "8300", "Ngân hàng TMCP Sài Gòn - Hà Nội", "Saigon - Hanoi Commercial Bank"),
    ("SSB", "8300", "Ngân hàng TMCP Đông Nam Á", "Southeast Asia Commercial Bank"),
    ("SSI", "8700", "CTCP Chứng khoán SSI", "SSI Securities Corporation"),
    ("STB", "8300", "Ngân hàng TMCP Sài Gòn Thương Tín", "Saigon Thuong Tin Commercial Bank"),
    ("TCB", "8300", "Ngân hàng TMCP Kỹ thương Việt Nam", "Vietnam Technological and Commercial Bank"),
    ("TCX", "8700", "CTCP Chứng khoán Kỹ Thương", "Techcom Securities"),
    ("TPB", "8300", "Ngân hàng TMCP Tiên Phong", "Tien Phong Commercial Bank"),
    ("VCB", "8300", "Ngân hàng TMCP Ngoại thương Việt Nam", "Bank for Foreign Trade of Vietnam"),
    ("VHM", "8600", "CTCP Vinhomes", "Vinhomes"),
    ("VIB", "8300", "Ngân hàng TMCP Quốc tế Việt Nam", "Vietnam International Commercial Bank"),
    ("VIC", "8600", "Tập đoàn Vingroup - CTCP", "Vingroup"),
    ("VJC", "5700", "CTCP Hàng không Vietjet", "Vietjet Aviation"),
    ("VNM", "3500", "CTCP Sữa Việt Nam", "Vietnam Dairy Products"),
    ("VPB", "8300", "Ngân hàng TMCP Việt Nam Thịnh Vượng", "Vietnam Prosperity Bank"),
    ("VPL", "5700", "CTCP Vinpearl", "Vinpearl"),
    ("VRE", "8600", "CTCP Vincom Retail", "Vincom Retail"),
]
HOSE_TICKS = [[0, 10], [10_000, 50], [50_000, 100]]

# Id as on the wire, board, name, other spellings.
INDICES = [
    ("VNINDEX", "HOSE", "VN-Index", ["VN-INDEX"]),
    ("VN30", "HOSE", "VN30", ["VN30-INDEX", "VN30INDEX"]),
    ("VN100", "HOSE", "VN100", ["VN100-INDEX", "VN100INDEX"]),
    ("HNXIndex", "HNX", "HNX-Index", ["HNX-INDEX"]),
    ("HNX30", "HNX", "HNX30", ["HNX30-INDEX", "HNX30INDEX"]),
    ("HNXUpcomIndex", "UPCOM", "UPCoM-Index", ["UPCOMINDEX", "UPCOM-INDEX"]),
]

# The earliest review that the changes below can be traced back to; members of that day may have joined before.
RECORD_STARTS = date(2025, 2, 3)
# Effective day, those that join, those that leave.
VN30_CHANGES = [
    (date(2025, 8, 4), ["DGC"], ["BVH"]),
    (date(2026, 2, 2), ["VPL"], ["BCM"]),
    (date(2026, 5, 13), ["BSR"], ["DGC"]),
    (date(2026, 8, 3), ["MCH", "TCX"], ["PLX", "TPB"]),
]


def vn30_periods():
    """(code, joined, left or None) of every membership since the record starts."""
    joined_later = {code for _, joining, _ in VN30_CHANGES for code in joining}
    open_periods = {code: RECORD_STARTS for code, *_ in STOCKS if code not in joined_later}
    for day, joining, leaving in VN30_CHANGES:
        for code in leaving:
            yield code, open_periods.pop(code), day
        open_periods |= dict.fromkeys(joining, day)
    for code, joined in open_periods.items():
        yield code, joined, None


def seed(apps, schema_editor):
    database = schema_editor.connection.alias
    Sector = apps.get_model("market", "Sector")
    Instrument = apps.get_model("market", "Instrument")
    IndexAlias = apps.get_model("market", "IndexAlias")
    Basket = apps.get_model("market", "Basket")
    BasketMember = apps.get_model("market", "BasketMember")

    Sector.objects.using(database).bulk_create(
        [Sector(code=code, name=name, english_name=english) for code, name, english in SECTORS], ignore_conflicts=True
    )
    stocks = [
        Instrument(
            code=code, kind="stock", board="HOSE", sector_id=sector, name=name, english_name=english,
            lot_size=100, tick_table=HOSE_TICKS,
        )
        for code, sector, name, english in STOCKS
    ]
    indices = [
        Instrument(code=code, kind="index", board=board, name=name, english_name=name, lot_size=1)
        for code, board, name, _ in INDICES
    ]
    Instrument.objects.using(database).bulk_create(stocks + indices, ignore_conflicts=True)
    keys = dict(Instrument.objects.using(database).values_list("code", "pk"))
    IndexAlias.objects.using(database).bulk_create(
        [IndexAlias(alias=alias, index_id=keys[code]) for code, _, _, aliases in INDICES for alias in aliases],
        ignore_conflicts=True,
    )
    basket, created = Basket.objects.using(database).get_or_create(code="VN30", defaults={"name": "VN30"})
    if created:
        BasketMember.objects.using(database).bulk_create(
            BasketMember(basket=basket, instrument_id=keys[code], joined=joined, left=left)
            for code, joined, left in vn30_periods()
        )


class Migration(migrations.Migration):
    dependencies = [("market", "0001_reference")]

    # Backwards keeps the rows: by then people may have edited them, and the tables go with the migration before.
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
