// The price chart: candles over a pane of volume split by aggressor, drawn by lightweight-charts, which is fetched only
// where the page names it. Until candles are there the drawing that came with the page stays.

import { Candles } from "./candles.js";

const VIETNAM = 7 * 3600; // the library knows no time zones: it is given Vietnam's clock as if it were UTC
const SETTLE_MS = 5000; // after a new candle begins, the one before is read again as it was stored
const RETRY_MS = 10000;
const OLDER_BEFORE = 40; // candles left of the window at which older ones are fetched
const BAR_WIDTH = 8; // pixels of a candle's slot at first
const MOST_PAGES = 12; // of older candles, on the way to a moment of the past
const LAYERS = ["rest", "neutral", "sell", "buy"]; // drawn over one another, each as high as itself and all after it
const COLOURS = ["--up", "--down", "--reference", "--text", "--dim", "--edge", "--hairline", "--bar-neutral", "--bar-rest", "--accent"];

export class Chart {
  constructor(box, language) {
    this.box = box;
    this.text = box.dataset;
    this.note = document.getElementById("chart-note");
    this.legend = document.getElementById("legend");
    this.locale = language === "vi" ? "vi-VN" : "en-US";
    this.million = language === "vi" ? " tr" : " M";
    this.numbers = [0, 1, 2].map((digits) => new Intl.NumberFormat(this.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    this.scale = box.dataset.kind === "stock" ? 1000 : 1; // stock prices are shown in thousand VND
    this.decimals = Number(box.dataset.decimals);
    this.at = Number(box.dataset.at) || null; // epoch second of a moment to show and mark
    this.candles = new Candles(box.dataset.candles, box.dataset.interval);
    this.chart = null;
    this.loaded = false; // the API answered, or refused to, for this interval
    this.complete = false; // stored candles are drawn
    this.candles.tick(box.dataset.last);
  }

  async begin() {
    this.library = await import(this.text.script);
    await this.load();
    document.addEventListener("visibilitychange", () => document.hidden || this.load());
    this.box.addEventListener("keydown", (event) => this.key(event));
    const themed = () => this.chart && this.paint();
    new MutationObserver(themed).observe(document.documentElement, { attributeFilter: ["data-theme", "data-palette"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);
  }

  // Live numbers were missed: what is stored fills the gap, and the next ones only say where the totals stand.
  again() {
    this.candles.last = null;
    if (this.library) this.load();
  }

  // Read the newest candles and draw all: at the start, after a gap in the live numbers, and for another interval.
  async load(limit) {
    const candles = this.candles;
    clearTimeout(this.retry);
    try {
      await candles.newest(limit);
      if (this.at) await this.reach(candles);
      if (candles !== this.candles) return;
      this.say("");
      this.fit ||= !this.complete;
      this.complete = true;
    } catch (error) {
      if (candles !== this.candles) return;
      this.say(this.text.textAway);
      this.retry = setTimeout(() => this.load(), RETRY_MS);
    }
    this.loaded = true;
    this.draw();
  }

  // Read back to the moment that the page is about.
  async reach(candles) {
    for (let page = 0; page < MOST_PAGES && candles.bars.length && candles.bars[0].at > this.at; page += 1) {
      if (!(await candles.older())) return;
    }
  }

  change(interval) {
    this.box.dataset.interval = interval;
    const last = this.candles.last;
    this.candles = new Candles(this.text.candles, interval);
    this.candles.last = last;
    this.complete = this.loaded = false;
    return this.load();
  }

  // Live numbers. A new candle is a reason to read the finished one as the server stored it.
  tick(text) {
    const change = this.candles.tick(text);
    if (!change || !this.loaded) return;
    if (!this.chart || !this.complete) return this.draw();
    this.price.update(this.candleOf(change.bar));
    for (const layer of LAYERS) this.layers[layer].update(this.layerOf(change.bar, layer));
    if (!this.hovered) this.tell(change.bar);
    if (change.fresh && !this.settling) {
      this.settling = setTimeout(() => {
        this.settling = null;
        this.load(50);
      }, SETTLE_MS);
    }
  }

  draw() {
    const { bars } = this.candles;
    if (!this.chart && !bars.length) return;
    if (!this.chart) this.create();
    this.price.setData(bars.map((bar) => this.candleOf(bar)));
    for (const layer of LAYERS) this.layers[layer].setData(bars.map((bar) => this.layerOf(bar, layer)));
    this.box.dataset.drawn = bars.length;
    if (!bars.length) return; // the interval before is shown no longer, and this one cannot be read
    if (this.at) this.mark(bars);
    if (this.fit) this.show();
    this.tell(bars.at(-1));
  }

  create() {
    const { createChart, CandlestickSeries, HistogramSeries, LineStyle } = this.library;
    this.box.replaceChildren();
    this.chart = createChart(this.box, { autoSize: true, localization: { locale: this.locale, dateFormat: "dd/MM/yyyy" } });
    const price = { type: "custom", minMove: 10 ** -this.decimals, formatter: (value) => this.writeNumber(value, this.decimals) };
    const volume = { type: "custom", minMove: 1, formatter: (value) => this.writeVolume(value) };
    this.price = this.chart.addSeries(CandlestickSeries, { priceFormat: price, borderVisible: false });
    this.layers = {};
    for (const layer of LAYERS) {
      const options = { priceFormat: volume, priceLineVisible: false, lastValueVisible: false };
      this.layers[layer] = this.chart.addSeries(HistogramSeries, options, 1);
    }
    const [upper, lower] = this.chart.panes();
    upper.setStretchFactor(3);
    lower.setStretchFactor(1);
    const reference = Number(this.text.reference);
    if (reference) this.reference = this.price.createPriceLine({ price: reference / this.scale, lineStyle: LineStyle.Dashed, lineWidth: 1, axisLabelVisible: false });
    this.paint();
    this.fit = true;
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => range && range.from < OLDER_BEFORE && this.older());
    this.chart.subscribeCrosshairMove((event) => this.hover(event));
    // Its canvases stand in a table. Who listens gets one picture and a sentence; the numbers are in the table below.
    this.box.querySelector("table").setAttribute("role", "presentation");
    this.picture = document.createElement("span");
    this.picture.className = "hidden";
    this.picture.setAttribute("role", "img");
    this.box.append(this.picture);
  }

  // Mark the candle of the moment, or the last one before it.
  mark(bars) {
    this.moment = bars.findLastIndex((bar) => bar.at <= this.at);
    if (this.moment < 0) return;
    const bar = bars[this.moment];
    const text = new Date((this.at + VIETNAM) * 1000).toISOString().slice(11, 19);
    const marker = { time: bar.at + VIETNAM, position: "aboveBar", shape: "arrowDown", color: this.accent, size: 1.6, text };
    if (this.markers) this.markers.setMarkers([marker]);
    else this.markers = this.library.createSeriesMarkers(this.price, [marker]);
    this.box.dataset.marked = bar.time;
  }

  show() {
    this.fit = false;
    const daily = this.candles.interval === "1d";
    this.chart.timeScale().applyOptions({ timeVisible: !daily, secondsVisible: false, rightOffset: 3 });
    let last = this.candles.bars.length;
    if (this.at && this.moment >= 0) last = Math.min(last, this.moment + Math.floor(this.box.clientWidth / BAR_WIDTH / 2));
    this.chart.timeScale().setVisibleLogicalRange({ from: last - Math.floor(this.box.clientWidth / BAR_WIDTH), to: last + 2 });
  }

  async older() {
    if (this.fetching || !this.candles.more) return;
    const candles = this.candles;
    this.fetching = true;
    try {
      if ((await candles.older()) && candles === this.candles) this.draw(); // the window stays: it counts from the right
    } catch {
      await new Promise((done) => setTimeout(done, RETRY_MS)); // not again at the next pixel
    } finally {
      this.fetching = false;
    }
  }

  // Colours are the page's tokens as the browser resolves them for its theme.
  paint() {
    const probe = document.createElement("span");
    this.box.append(probe);
    const colours = {};
    for (const name of COLOURS) {
      probe.style.color = `var(${name})`;
      colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    const { [COLOURS[0]]: up, [COLOURS[1]]: down } = colours;
    const line = { color: colours["--hairline"] };
    this.chart.applyOptions({
      layout: {
        background: { color: "transparent" }, textColor: colours["--dim"], fontSize: 11,
        fontFamily: getComputedStyle(this.box).fontFamily, panes: { separatorColor: colours["--edge"] },
      },
      grid: { vertLines: line, horzLines: line },
      rightPriceScale: { borderColor: colours["--edge"] },
      timeScale: { borderColor: colours["--edge"] },
    });
    this.price.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.reference?.applyOptions({ color: colours["--reference"] });
    this.accent = colours["--accent"];
    if (this.markers) this.mark(this.candles.bars);
    const fills = { buy: up, sell: down, neutral: colours["--bar-neutral"], rest: colours[this.text.kind === "index" ? "--dim" : "--bar-rest"] };
    for (const layer of LAYERS) this.layers[layer].applyOptions({ color: fills[layer] });
  }

  key(event) {
    const scale = this.chart?.timeScale();
    if (!scale || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = scale.getVisibleLogicalRange();
    const step = { ArrowLeft: -10, ArrowRight: 10, PageUp: -80, PageDown: 80 }[event.key];
    const zoom = { "+": 0.8, "=": 0.8, "-": 1.25 }[event.key];
    if (step) scale.scrollToPosition(scale.scrollPosition() + step, false);
    else if (zoom && range) scale.setVisibleLogicalRange({ from: range.to - (range.to - range.from) * zoom, to: range.to });
    else if (event.key === "End") scale.scrollToRealTime();
    else return;
    event.preventDefault();
  }

  hover(event) {
    const at = event.time === undefined ? null : event.time - VIETNAM;
    this.hovered = at !== null;
    const bar = this.hovered ? this.candles.bars.find((each) => each.at === at) : this.candles.bars.at(-1);
    if (bar) this.writeLegend(bar);
  }

  tell(bar) {
    this.writeLegend(bar);
    const interval = document.querySelector(".intervals [aria-current]")?.title ?? this.candles.interval;
    const words = [this.text.symbol, interval, ...this.prices(bar), this.writeNumber(bar.volume)];
    this.picture.setAttribute("aria-label", fill(this.text.textSentence, words));
  }

  writeLegend(bar) {
    const volumes = [bar.volume, bar.buy, bar.sell, bar.neutral, bar.rest].map((volume) => this.writeVolume(volume));
    const words = this.text.kind === "index" ? volumes.slice(0, 1) : volumes;
    const template = this.text.kind === "index" ? this.text.textLegend.split(" · ").slice(0, 2).join(" · ") : this.text.textLegend;
    this.legend.textContent = fill(template, [...this.prices(bar), ...words]);
    this.legend.className = `legend-line ${bar.close > bar.open ? "up" : bar.close < bar.open ? "down" : "reference"}`;
  }

  prices(bar) {
    return [bar.open, bar.high, bar.low, bar.close].map((price) => this.writePrice(price));
  }

  candleOf(bar) {
    const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map((price) => price / this.scale);
    return { time: bar.at + VIETNAM, open, high, low, close };
  }

  layerOf(bar, layer) {
    const value = LAYERS.slice(LAYERS.indexOf(layer)).reduce((sum, each) => sum + bar[each], 0);
    return { time: bar.at + VIETNAM, value };
  }

  writePrice(price) {
    return this.writeNumber(price / this.scale, this.decimals);
  }

  writeVolume(volume) {
    return Math.abs(volume) < 1e6 ? this.writeNumber(volume) : this.writeNumber(volume / 1e6, 1) + this.million;
  }

  writeNumber(value, digits = 0) {
    return this.numbers[digits].format(value);
  }

  say(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }
}

function fill(template, words) {
  return words.reduce((text, word) => text.replace("{}", word), template);
}
