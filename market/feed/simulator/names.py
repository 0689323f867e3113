# ruff: noqa: E501  (tables)
"""Real companies that the simulated market lists."""

from msgspec import Struct


class Company(Struct, frozen=True):
    """One listed company. `price` is in VND, `shares` in millions, `free` is the part of the shares that floats."""

    symbol: str
    price: int
    shares: float
    free: float
    trades: int
    name: str
    english: str


def read_table(text: str) -> list[Company]:
    """Read lines of `symbol|price|shares|free|trades|Vietnamese name|English name`."""
    rows = [line.strip().split("|") for line in text.strip().splitlines()]
    return [
        Company(symbol, int(price), float(shares), float(free), int(trades), name, english)
        for symbol, price, shares, free, trades, name, english in rows
    ]


# The basket in force since 3 August 2026.
VN30 = read_table("""
ACB|25100|5136|0.85|3600|Ngân hàng TMCP Á Châu|Asia Commercial Joint Stock Bank
BID|38250|7021|0.05|2100|Ngân hàng TMCP Đầu tư và Phát triển Việt Nam|Joint Stock Commercial Bank for Investment and Development of Vietnam
BSR|17450|5007|0.10|2600|CTCP Lọc hóa dầu Bình Sơn|Binh Son Refining and Petrochemical Joint Stock Company
CTG|49500|5370|0.10|3300|Ngân hàng TMCP Công Thương Việt Nam|Vietnam Joint Stock Commercial Bank for Industry and Trade
FPT|101200|1703|0.80|4800|CTCP FPT|FPT Corporation
GAS|62800|2413|0.05|1300|Tổng Công ty Khí Việt Nam - CTCP|PetroVietnam Gas Joint Stock Corporation
GVR|28900|4000|0.04|2200|Tập đoàn Công nghiệp Cao su Việt Nam - CTCP|Viet Nam Rubber Group
HDB|31450|3860|0.70|2900|Ngân hàng TMCP Phát triển TP. Hồ Chí Minh|Ho Chi Minh City Development Joint Stock Commercial Bank
HPG|27150|7675|0.55|8200|CTCP Tập đoàn Hòa Phát|Hoa Phat Group Joint Stock Company
LPB|49300|2987|0.90|1500|Ngân hàng TMCP Lộc Phát Việt Nam|Fortune Vietnam Joint Stock Commercial Bank
MBB|24550|8055|0.55|5700|Ngân hàng TMCP Quân Đội|Military Commercial Joint Stock Bank
MCH|168300|1060|0.10|900|CTCP Hàng tiêu dùng Masan|Masan Consumer Corporation
MSN|78900|1513|0.55|3100|CTCP Tập đoàn Masan|Masan Group Corporation
MWG|80500|1478|0.75|4000|CTCP Đầu tư Thế Giới Di Động|Mobile World Investment Corporation
SAB|46450|1283|0.11|800|Tổng CTCP Bia - Rượu - Nước giải khát Sài Gòn|Saigon Beer - Alcohol - Beverage Corporation
SHB|16850|4594|0.80|9300|Ngân hàng TMCP Sài Gòn - Hà Nội|Saigon - Hanoi Commercial Joint Stock Bank
SSB|17900|2845|0.60|1500|Ngân hàng TMCP Đông Nam Á|Southeast Asia Commercial Joint Stock Bank
SSI|36200|2077|0.65|7000|CTCP Chứng khoán SSI|SSI Securities Corporation
STB|54800|1885|0.95|3800|Ngân hàng TMCP Sài Gòn Thương Tín|Saigon Thuong Tin Commercial Joint Stock Bank
TCB|35900|7065|0.60|8800|Ngân hàng TMCP Kỹ thương Việt Nam|Vietnam Technological and Commercial Joint Stock Bank
TCX|47100|2311|0.15|1900|CTCP Chứng khoán Kỹ Thương|Techcom Securities Joint Stock Company
VCB|60100|8356|0.10|3000|Ngân hàng TMCP Ngoại thương Việt Nam|Joint Stock Commercial Bank for Foreign Trade of Vietnam
VHM|94600|4107|0.25|4100|CTCP Vinhomes|Vinhomes Joint Stock Company
VIB|18850|3400|0.65|2500|Ngân hàng TMCP Quốc tế Việt Nam|Vietnam International Commercial Joint Stock Bank
VIC|216500|7705|0.30|4400|Tập đoàn Vingroup - CTCP|Vingroup Joint Stock Company
VJC|173300|592|0.50|1600|CTCP Hàng không VietJet|Vietjet Aviation Joint Stock Company
VNM|60900|2090|0.40|2300|CTCP Sữa Việt Nam|Vietnam Dairy Products Joint Stock Company
VPB|28850|7934|0.60|6900|Ngân hàng TMCP Việt Nam Thịnh Vượng|Vietnam Prosperity Joint Stock Commercial Bank
VPL|88700|1793|0.10|900|CTCP Vinpearl|Vinpearl Joint Stock Company
VRE|33100|2272|0.40|3600|CTCP Vincom Retail|Vincom Retail Joint Stock Company
""")
