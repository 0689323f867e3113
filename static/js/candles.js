// The candles of one symbol and interval: pages of history from the API, and the running one from the live numbers.

const VIETNAM = 7 * 3600; // seconds; no daylight saving
const SECONDS = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400 };
const PAGE = 500;

// The numbers of the cell `last`; null before the first price.
function parseLast(text) {
  if (!text) return null;
  const [at, price, volume, value, buy, sell, neutral] = text.split(" ").map(Number);
  return { at, price, volume, value, buy, sell, neutral };
}

export class Candles {
  constructor(address, interval) {
    this.address = address;
    this.interval = interval;
    this.bars = []; // oldest first
    this.more = true; // the server has older ones
    this.last = null;
    this.running = null; // the bar that live numbers go into
    this.reading = Promise.resolve();
  }

  // Read the newest candles and join them with what is here. Throws where the API does not answer.
  newest(limit = PAGE) {
    const readNewest = () => this.readNewest(limit);
    this.reading = this.reading.then(readNewest, readNewest); // in turn: an older answer must not come last
    return this.reading;
  }

  async readNewest(limit) {
    const answer = await this.fetch({ limit });
    const oldest = answer.bars[0]?.at ?? 0;
    if (!this.bars.some((bar) => bar.at === oldest)) {
      this.bars = this.bars.filter((bar) => bar.at > oldest); // there is a gap before it, which `older` fills
      this.more = answer.more;
    }
    this.join(answer.bars);
  }

  // Read the page before the oldest candle; false if there is none. Throws where the API does not answer.
  async older() {
    if (!this.more || !this.bars.length) return false;
    const answer = await this.fetch({ limit: PAGE, to: this.bars[0].time });
    this.more = answer.more && answer.bars.length > 0;
    this.join(answer.bars);
    return answer.bars.length > 0;
  }

  async fetch(parameters) {
    const query = new URLSearchParams({ interval: this.interval, ...parameters });
    const response = await fetch(`${this.address}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!response?.ok) throw new Error(`expected candles, was ${response?.status ?? "no answer"}`);
    const { candles, more } = await response.json();
    return { bars: candles.map(read), more };
  }

  // Stored candles replace those drawn from live numbers, except a running one that is ahead of what is stored.
  join(stored) {
    const byTime = new Map(this.bars.map((bar) => [bar.at, bar]));
    for (const bar of stored) {
      const known = byTime.get(bar.at);
      if (known && known === this.running && known.volume > bar.volume) {
        known.open = bar.open;
        known.high = Math.max(known.high, bar.high);
        known.low = Math.min(known.low, bar.low);
        continue;
      }
      if (known && known === this.running) {
        bar.close = known.close;
        this.running = bar;
      }
      byTime.set(bar.at, bar);
    }
    this.bars = [...byTime.values()].sort((a, b) => a.at - b.at);
  }

  // Take in live numbers; tell which bar they changed and whether it is new, or null.
  tick(text) {
    const now = parseLast(text);
    const before = this.last;
    if (!now) return null;
    this.last = now;
    if (!before) return null; // the first word only says where the totals stand
    const added = Math.max(0, now.volume - before.volume);
    if (!added && now.price === before.price) return null;
    const start = now.at - ((now.at + VIETNAM) % SECONDS[this.interval]);
    let bar = this.bars.at(-1);
    const fresh = !bar || start > bar.at;
    if (fresh) {
      bar = empty(start, now.price);
      this.bars.push(bar);
    }
    this.running = bar;
    bar.close = now.price;
    bar.high = Math.max(bar.high, now.price);
    bar.low = Math.min(bar.low, now.price);
    if (added) {
      const [buy, sell, neutral] = ["buy", "sell", "neutral"].map((side) => Math.max(0, now[side] - before[side]));
      bar.volume += added;
      bar.buy += buy;
      bar.sell += sell;
      bar.neutral += neutral;
      bar.rest += Math.max(0, added - buy - sell - neutral);
    }
    return { bar, fresh };
  }
}

function read(candle) {
  return {
    at: Date.parse(candle.time) / 1000,
    time: candle.time,
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    volume: candle.volume,
    buy: candle.buy_volume,
    sell: candle.sell_volume,
    neutral: candle.neutral_volume,
    rest: candle.unclassified_volume,
  };
}

function empty(at, price) {
  const time = new Date((at + VIETNAM) * 1000).toISOString().replace(".000Z", "+07:00");
  return { at, time, open: price, high: price, low: price, close: price, volume: 0, buy: 0, sell: 0, neutral: 0, rest: 0 };
}
