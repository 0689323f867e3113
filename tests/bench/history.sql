-- Ten million trades of 30 symbols on 64 trading days up to 2026-11-20, with what else history holds of those days.
-- The primary keys come last: one sort of everything costs less than ten million look-ups.
ALTER TABLE market_trade DROP CONSTRAINT market_trade_pkey;
CREATE TEMP TABLE day AS
    SELECT row_number() OVER (ORDER BY day DESC) AS number, (day + TIME '09:00') AT TIME ZONE 'Asia/Ho_Chi_Minh' AS opening
    FROM generate_series(TIMESTAMP '2022-01-03', '2026-11-20', '1 day') AS day
    WHERE extract(isodow FROM day) < 6;
CREATE TEMP TABLE stock AS
    SELECT code FROM market_instrument JOIN market_basketmember AS member ON member.instrument_id = market_instrument.id
    WHERE member.left IS NULL;
INSERT INTO market_trade (symbol, at, total_volume, number, price, volume, value, side, method, phase, gap)
    SELECT code, opening + make_interval(secs => (n * 15300 / 5209)), n * 1000, n, 20000 + 10 * (n % 100),
        1000, 1000 * (20000 + 10 * (n % 100)), (ARRAY['buy', 'sell', 'neutral'])[1 + n % 3], 'feed', 'continuous', false
    FROM day, stock, generate_series(1, 5209) AS n
    WHERE day.number <= 64 ORDER BY opening, n;
ALTER TABLE market_trade ADD CONSTRAINT market_trade_pkey PRIMARY KEY (symbol, at, total_volume);
INSERT INTO market_bar (symbol, at, open, high, low, close, volume, value, buy_volume, sell_volume, neutral_volume,
        trades, source)
    SELECT code, opening + make_interval(mins => n), 20000, 20500, 19900, 20100, 20400, 410000000, 9000, 8000, 3400,
        20, 'live'
    FROM day, stock, generate_series(0, 254) AS n WHERE day.number <= 64;
INSERT INTO market_dailybar (symbol, day, open, high, low, close, volume, value, buy_volume, sell_volume,
        neutral_volume, trades, foreign_buy_volume, foreign_sell_volume, foreign_buy_value, foreign_sell_value, source)
    SELECT code, (opening AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, 20000, 20500, 19900, 20100, 5209000, 104180000000,
        2600000, 2400000, 209000, 5209, 100000, 150000, 2000000000, 3000000000, 'backfill'
    FROM day, stock;
INSERT INTO market_foreignflow (symbol, at, buy_volume, sell_volume, buy_value, sell_value, own_buy_value,
        own_sell_value, room, total_room)
    SELECT code, opening + make_interval(secs => n * 5), n * 100, n * 120, n * 2e6, n * 2.4e6, n * 2e6,
        n * 2.4e6, 1000000, 2000000
    FROM day, stock, generate_series(0, 3000) AS n WHERE day.number <= 10;
