// The market's clock: it runs from the time of the last frame, at the market's speed. It drives the countdowns of the
// session header and greys out rows that have heard nothing while they should trade.

const HANOI = 7 * 3600;

export class Clock {
  constructor(main, cells) {
    this.text = main.dataset;
    this.cells = cells;
    this.staleAfter = Number(main.dataset.staleAfter);
    this.set(Number(main.dataset.time) || null, Number(main.dataset.speed) || 1);
    this.tick();
    setInterval(() => this.tick(), 1000);
  }

  set(time, speed) {
    this.base = time;
    this.speed = speed;
    this.from = performance.now();
  }

  // Epoch seconds of the market, or null before its first word.
  get now() {
    return this.base === null ? null : this.base + ((performance.now() - this.from) / 1000) * this.speed;
  }

  tick() {
    const now = this.now;
    if (now === null) return;
    const clock = document.getElementById("clock");
    clock.textContent = ofDay(now);
    clock.nextElementSibling.textContent = date(now);
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = Number(time.dataset.until) - now;
      time.textContent = this.text.textLeft.replace("{}", duration(Math.max(0, left)));
    }
    for (const row of this.cells.rows.values()) this.age(row, now);
  }

  age(row, now) {
    const age = row.time === null ? 0 : now - row.time;
    const stale = row.element.classList.contains("trading") && age > this.staleAfter;
    const before = row.age;
    row.age = stale ? Math.round(age) : null;
    if ((before === null) === (row.age === null)) return;
    row.element.classList.toggle("stale", stale);
  }
}

function pair(number) {
  return String(number).padStart(2, "0");
}

function ofDay(time) {
  const second = Math.floor(time + HANOI) % 86400;
  return `${pair(Math.floor(second / 3600))}:${pair(Math.floor(second / 60) % 60)}:${pair(second % 60)}`;
}

function date(time) {
  const day = new Date((time + HANOI) * 1000);
  return `${pair(day.getUTCDate())}/${pair(day.getUTCMonth() + 1)}/${day.getUTCFullYear()}`;
}

function duration(seconds) {
  const whole = Math.ceil(seconds);
  const hours = Math.floor(whole / 3600);
  const rest = `${pair(Math.floor(whole / 60) % 60)}:${pair(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
