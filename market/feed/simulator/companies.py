# ruff: noqa: E501  (tables)
"""More real companies, for the whole market: `symbol|price|shares (millions)|trades a day|Vietnamese name|English name`."""

from market.feed.simulator.names import Company

FREE_FLOAT = 0.45


def _read(text: str) -> list[Company]:
    rows = [line.split("|") for line in text.strip().splitlines()]
    return [
        Company(symbol, int(price), float(shares), FREE_FLOAT, int(trades), name, english)
        for symbol, price, shares, trades, name, english in rows
    ]


HOSE = _read("""
ANV|26500|266|900|CTCP Nam Việt|Nam Viet Corporation
ASM|7200|370|700|CTCP Tập đoàn Sao Mai|Sao Mai Group Corporation
BAF|31500|304|1200|CTCP Nông nghiệp BAF Việt Nam|BAF Vietnam Agriculture Joint Stock Company
BCM|66500|1035|600|Tổng Công ty Đầu tư và Phát triển Công nghiệp - CTCP|Investment and Industrial Development Corporation
BMP|142000|82|500|CTCP Nhựa Bình Minh|Binh Minh Plastics Joint Stock Company
BSI|41200|223|700|CTCP Chứng khoán BIDV|BIDV Securities Joint Stock Company
BVH|52300|742|700|Tập đoàn Bảo Việt|Bao Viet Holdings
BWE|46800|220|300|CTCP - Tổng Công ty Nước - Môi trường Bình Dương|Binh Duong Water Environment Group Joint Stock Company
CII|24300|548|2500|CTCP Đầu tư Hạ tầng Kỹ thuật TP. Hồ Chí Minh|Ho Chi Minh City Infrastructure Investment Joint Stock Company
CMG|41000|211|500|CTCP Tập đoàn Công nghệ CMC|CMC Corporation
CTD|84500|101|700|CTCP Xây dựng Coteccons|Coteccons Construction Joint Stock Company
CTR|92300|114|700|Tổng CTCP Công trình Viettel|Viettel Construction Joint Stock Corporation
CTS|38600|213|900|CTCP Chứng khoán Ngân hàng Công thương Việt Nam|VietinBank Securities Joint Stock Company
DBC|28900|385|1800|CTCP Tập đoàn Dabaco Việt Nam|Dabaco Group
DCM|36700|529|1600|CTCP Phân bón Dầu khí Cà Mau|PetroVietnam Ca Mau Fertilizer Joint Stock Company
DGC|95800|380|1900|CTCP Tập đoàn Hóa chất Đức Giang|Duc Giang Chemicals Group Joint Stock Company
DGW|42100|219|1300|CTCP Thế Giới Số|Digiworld Corporation
DIG|20700|647|3200|Tổng CTCP Đầu tư Phát triển Xây dựng|Development Investment Construction Joint Stock Corporation
DPM|24600|680|1500|Tổng Công ty Phân bón và Hóa chất Dầu khí - CTCP|PetroVietnam Fertilizer and Chemicals Corporation
DXG|19800|1019|3000|CTCP Tập đoàn Đất Xanh|Dat Xanh Group Joint Stock Company
DXS|9450|579|700|CTCP Dịch vụ Bất động sản Đất Xanh|Dat Xanh Real Estate Services Joint Stock Company
EIB|22900|1863|2400|Ngân hàng TMCP Xuất Nhập khẩu Việt Nam|Vietnam Export Import Commercial Joint Stock Bank
EVF|12400|760|1300|Công ty Tài chính Tổng hợp CP Điện lực|EVN Finance Joint Stock Company
FRT|148000|170|700|CTCP Bán lẻ Kỹ thuật số FPT|FPT Digital Retail Joint Stock Company
FTS|34800|346|1100|CTCP Chứng khoán FPT|FPT Securities Joint Stock Company
GEX|47600|902|3600|CTCP Tập đoàn GELEX|GELEX Group Joint Stock Company
GMD|63500|420|1200|CTCP Gemadept|Gemadept Corporation
HAG|16300|1057|2300|CTCP Hoàng Anh Gia Lai|Hoang Anh Gia Lai Joint Stock Company
HAH|58900|169|900|CTCP Vận tải và Xếp dỡ Hải An|Hai An Transport and Stevedoring Joint Stock Company
HCM|25400|1080|3300|CTCP Chứng khoán TP. Hồ Chí Minh|Ho Chi Minh City Securities Corporation
HDC|33700|178|1400|CTCP Phát triển Nhà Bà Rịa - Vũng Tàu|Ba Ria - Vung Tau House Development Joint Stock Company
HDG|30200|370|1100|CTCP Tập đoàn Hà Đô|Ha Do Group Joint Stock Company
HHV|14100|497|1600|CTCP Đầu tư Hạ tầng Giao thông Đèo Cả|Deo Ca Traffic Infrastructure Investment Joint Stock Company
HSG|18100|621|2400|CTCP Tập đoàn Hoa Sen|Hoa Sen Group
HT1|14800|382|400|CTCP Xi măng VICEM Hà Tiên|VICEM Ha Tien Cement Joint Stock Company
IMP|49500|154|200|CTCP Dược phẩm Imexpharm|Imexpharm Corporation
KBC|35900|942|2500|Tổng Công ty Phát triển Đô thị Kinh Bắc - CTCP|Kinh Bac City Development Holding Corporation
KDC|52100|290|400|CTCP Tập đoàn KIDO|KIDO Group Corporation
KDH|34200|1122|1700|CTCP Đầu tư và Kinh doanh Nhà Khang Điền|Khang Dien House Trading and Investment Joint Stock Company
KOS|38000|216|200|CTCP KOSY|KOSY Joint Stock Company
MSB|13300|3120|2600|Ngân hàng TMCP Hàng Hải Việt Nam|Vietnam Maritime Commercial Joint Stock Bank
NAB|15200|1716|1100|Ngân hàng TMCP Nam Á|Nam A Commercial Joint Stock Bank
NKG|15900|448|1600|CTCP Thép Nam Kim|Nam Kim Steel Joint Stock Company
NLG|37400|385|1400|CTCP Đầu tư Nam Long|Nam Long Investment Corporation
NT2|24800|288|500|CTCP Điện lực Dầu khí Nhơn Trạch 2|PetroVietnam Power Nhon Trach 2 Joint Stock Company
NVL|14700|2028|3700|CTCP Tập đoàn Đầu tư Địa ốc No Va|No Va Land Investment Group Corporation
OCB|12600|2663|1700|Ngân hàng TMCP Phương Đông|Orient Commercial Joint Stock Bank
PAN|30900|209|700|CTCP Tập đoàn PAN|The PAN Group Joint Stock Company
PC1|24100|358|1300|CTCP Tập đoàn PC1|PC1 Group Joint Stock Company
PDR|22600|980|2900|CTCP Phát triển Bất động sản Phát Đạt|Phat Dat Real Estate Development Corporation
PHR|57400|135|300|CTCP Cao su Phước Hòa|Phuoc Hoa Rubber Joint Stock Company
PLX|34700|1271|1100|Tập đoàn Xăng dầu Việt Nam|Vietnam National Petroleum Group
PNJ|91600|338|1200|CTCP Vàng bạc Đá quý Phú Nhuận|Phu Nhuan Jewelry Joint Stock Company
POW|13200|2342|2400|Tổng Công ty Điện lực Dầu khí Việt Nam - CTCP|PetroVietnam Power Corporation
PPC|10900|326|200|CTCP Nhiệt điện Phả Lại|Pha Lai Thermal Power Joint Stock Company
PTB|55800|67|250|CTCP Phú Tài|Phu Tai Joint Stock Company
PVD|24500|556|1900|Tổng CTCP Khoan và Dịch vụ Khoan Dầu khí|PetroVietnam Drilling and Well Services Corporation
PVT|18900|470|1300|Tổng CTCP Vận tải Dầu khí|PetroVietnam Transportation Corporation
REE|64700|541|700|CTCP Cơ Điện Lạnh|Refrigeration Electrical Engineering Corporation
SBT|21800|815|700|CTCP Thành Thành Công - Biên Hòa|Thanh Thanh Cong - Bien Hoa Joint Stock Company
SCS|61900|95|250|CTCP Dịch vụ Hàng hóa Sài Gòn|Saigon Cargo Service Corporation
SIP|56400|242|500|CTCP Đầu tư Sài Gòn VRG|Saigon VRG Investment Corporation
SJS|97000|298|200|CTCP Đầu tư Phát triển Đô thị và Khu công nghiệp Sông Đà|Song Da Urban and Industrial Zone Investment and Development JSC
SZC|33100|180|900|CTCP Sonadezi Châu Đức|Sonadezi Chau Duc Shareholding Company
TCH|22300|668|1900|CTCP Đầu tư Dịch vụ Tài chính Hoàng Huy|Hoang Huy Investment Financial Services Joint Stock Company
TLG|54600|87|250|CTCP Tập đoàn Thiên Long|Thien Long Group Corporation
TPB|17350|2642|2500|Ngân hàng TMCP Tiên Phong|Tien Phong Commercial Joint Stock Bank
VCG|23900|646|2100|Tổng CTCP Xuất nhập khẩu và Xây dựng Việt Nam|Vietnam Construction and Import-Export Joint Stock Corporation
VCI|37500|718|2900|CTCP Chứng khoán Vietcap|Vietcap Securities Joint Stock Company
VGC|45300|448|700|Tổng Công ty Viglacera - CTCP|Viglacera Corporation
VHC|58200|224|700|CTCP Vĩnh Hoàn|Vinh Hoan Corporation
VIX|26800|1531|6500|CTCP Chứng khoán VIX|VIX Securities Joint Stock Company
VND|20900|1522|4300|CTCP Chứng khoán VNDIRECT|VNDIRECT Securities Corporation
VPI|58800|323|900|CTCP Đầu tư Văn Phú - Invest|Van Phu - Invest Investment Joint Stock Company
VSC|21700|374|1500|CTCP Container Việt Nam|Vietnam Container Shipping Joint Stock Corporation
VTP|104500|122|600|Tổng CTCP Bưu chính Viettel|Viettel Post Joint Stock Corporation
""")
HNX = _read("""
CEO|24200|540|2200|CTCP Tập đoàn C.E.O|C.E.O Group Joint Stock Company
DTD|18700|58|250|CTCP Đầu tư Phát triển Thành Đạt|Thanh Dat Investment Development Joint Stock Company
HUT|17100|1068|600|CTCP Tasco|Tasco Joint Stock Company
IDC|40600|380|900|Tổng Công ty IDICO - CTCP|IDICO Corporation
IDV|31700|44|60|CTCP Phát triển Hạ tầng Vĩnh Phúc|Vinh Phuc Infrastructure Development Joint Stock Company
L14|29800|31|120|CTCP Licogi 14|Licogi 14 Joint Stock Company
LAS|18400|113|250|CTCP Supe Phốt phát và Hóa chất Lâm Thao|Lam Thao Fertilizers and Chemicals Joint Stock Company
MBS|33900|658|1800|CTCP Chứng khoán MB|MB Securities Joint Stock Company
NTP|64300|171|300|CTCP Nhựa Thiếu niên Tiền Phong|Tien Phong Plastic Joint Stock Company
NVB|14800|1180|350|Ngân hàng TMCP Quốc Dân|National Citizen Commercial Joint Stock Bank
PLC|26200|81|200|Tổng Công ty Hóa dầu Petrolimex - CTCP|Petrolimex Petrochemical Corporation
PVB|29300|22|150|CTCP Bọc ống Dầu khí Việt Nam|PetroVietnam Coating Joint Stock Company
PVC|12300|81|250|Tổng Công ty Hóa chất và Dịch vụ Dầu khí - CTCP|PetroVietnam Chemical and Services Corporation
PVI|72500|234|120|CTCP PVI|PVI Holdings
PVS|33400|478|1500|Tổng CTCP Dịch vụ Kỹ thuật Dầu khí Việt Nam|PetroVietnam Technical Services Corporation
SHS|24900|894|3400|CTCP Chứng khoán Sài Gòn - Hà Nội|Saigon - Hanoi Securities Joint Stock Company
TIG|8600|193|200|CTCP Tập đoàn Đầu tư Thăng Long|Thang Long Investment Group Joint Stock Company
TNG|20600|122|350|CTCP Đầu tư và Thương mại TNG|TNG Investment and Trading Joint Stock Company
TVC|11200|118|150|CTCP Tập đoàn Quản lý Tài sản Trí Việt|Tri Viet Asset Management Corporation
VC3|27400|119|150|CTCP Tập đoàn Nam Mê Kông|Nam Mekong Group Joint Stock Company
VCS|47800|160|150|CTCP VICOSTONE|VICOSTONE Joint Stock Company
VFS|16500|144|250|CTCP Chứng khoán Nhất Việt|Viet First Securities Corporation
""")
UPCOM = _read("""
ABB|11600|1035|500|Ngân hàng TMCP An Bình|An Binh Commercial Joint Stock Bank
ACV|54100|3582|250|Tổng Công ty Cảng Hàng không Việt Nam - CTCP|Airports Corporation of Vietnam
BVB|13700|639|450|Ngân hàng TMCP Bản Việt|Viet Capital Commercial Joint Stock Bank
C4G|8300|357|200|CTCP Tập đoàn CIENCO4|CIENCO4 Group Joint Stock Company
DDV|28600|146|300|CTCP DAP - VINACHEM|DAP - VINACHEM Joint Stock Company
F88|112000|110|60|CTCP Kinh doanh F88|F88 Business Joint Stock Company
FOX|63900|739|90|CTCP Viễn thông FPT|FPT Telecom Joint Stock Company
HNG|6400|1109|200|CTCP Nông nghiệp Quốc tế Hoàng Anh Gia Lai|Hoang Anh Gia Lai International Agriculture Joint Stock Company
MML|37100|340|50|CTCP Masan MEATLife|Masan MEATLife Corporation
MSR|26800|1099|200|CTCP Masan High-Tech Materials|Masan High-Tech Materials Corporation
OIL|11400|1034|250|Tổng Công ty Dầu Việt Nam - CTCP|PetroVietnam Oil Corporation
QNS|46200|368|120|CTCP Đường Quảng Ngãi|Quang Ngai Sugar Joint Stock Company
SBS|5300|146|200|CTCP Chứng khoán SBS|SBS Securities Joint Stock Company
SSH|79000|375|30|CTCP Phát triển Sunshine Homes|Sunshine Homes Development Joint Stock Company
TVN|8100|678|150|Tổng Công ty Thép Việt Nam - CTCP|Vietnam Steel Corporation
VAB|12100|816|100|Ngân hàng TMCP Việt Á|Vietnam Asia Commercial Joint Stock Bank
VEA|38400|1329|150|Tổng Công ty Máy động lực và Máy nông nghiệp Việt Nam - CTCP|Vietnam Engine and Agricultural Machinery Corporation
VGI|78600|3044|350|Tổng CTCP Đầu tư Quốc tế Viettel|Viettel Global Investment Joint Stock Corporation
VGT|12900|500|150|Tập đoàn Dệt May Việt Nam|Vietnam National Textile and Garment Group
""")
