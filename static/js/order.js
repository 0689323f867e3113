// Order and filter of the board. The choice lives in the address and is remembered; under live updates rows move at most
// once a second, and never while the pointer or the keyboard is in the table.

import { parse } from "./numbers.js";

export class Order {
  constructor(table, cells, language) {
    this.table = table;
    this.cells = cells;
    this.language = language;
    this.input = document.getElementById("filter");
    this.empty = document.getElementById("empty");
    this.memory = `${table.dataset.memory}-sort`;
    const address = new URLSearchParams(location.search);
    this.own = table.dataset.own ? new Map(table.dataset.own.split(" ").map((id, place) => [id, place])) : null;
    this.sort = address.get("sort") ?? (this.own ? "own" : (recall(this.memory) ?? table.dataset.sort));
    this.dirty = false;
    for (const heading of table.querySelectorAll("[aria-sort]")) {
      heading.firstElementChild.addEventListener("click", (event) => this.choose(event, heading.dataset.column));
    }
    this.input.addEventListener("input", () => this.filter());
    this.input.form.addEventListener("submit", (event) => this.go(event));
    document.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => this.refresh(), 1000);
    this.mark();
    this.arrange();
    if (this.input.value) this.filter();
  }

  // Tell that values or rows changed: the next refresh looks at the order again.
  touch() {
    this.dirty = true;
  }

  // Tell that rows came or went: those that are filtered out hide at once.
  settle() {
    this.filter();
    this.touch();
    this.refresh();
  }

  refresh() {
    if (!this.dirty || this.table.matches(":hover") || this.table.contains(document.activeElement)) return;
    this.arrange();
  }

  choose(event, column) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // opens the link elsewhere
    event.preventDefault();
    const first = column === "symbol" ? column : `-${column}`;
    const second = column === "symbol" ? `-${column}` : column;
    this.sort = this.sort === first ? second : first;
    const address = new URL(location.href);
    address.searchParams.set("sort", this.sort);
    history.replaceState(null, "", address);
    if (!this.own) this.remember();
    this.mark();
    this.arrange();
  }

  remember() {
    try {
      localStorage.setItem(this.memory, this.sort);
    } catch {
      // Storage may be forbidden; the address still holds the choice.
    }
  }

  mark() {
    for (const heading of this.table.querySelectorAll("[aria-sort]")) {
      const column = heading.dataset.column;
      const state = this.sort === column ? "ascending" : this.sort === `-${column}` ? "descending" : "none";
      heading.setAttribute("aria-sort", state);
    }
  }

  // Put the rows in order, moving only those that are out of place.
  arrange() {
    this.dirty = false;
    const descending = this.sort.startsWith("-");
    const column = descending ? this.sort.slice(1) : this.sort;
    const keyed = this.cells.board.map((row) => [this.value(row, column), row]);
    keyed.sort(([left, a], [right, b]) => {
      if (left === right) return a.id < b.id ? -1 : 1;
      if (left === null || right === null) return left === null ? 1 : -1;
      return (left < right ? -1 : 1) * (descending ? -1 : 1);
    });
    let place = this.cells.body.firstElementChild;
    for (const [, row] of keyed) {
      if (row.element === place) place = place.nextElementSibling;
      else this.cells.body.insertBefore(row.element, place);
    }
    this.filter();
  }

  value(row, column) {
    if (column === "symbol") return row.id;
    if (column === "own") return this.own.get(row.id) ?? null;
    const text = row.cells.get(column)?.firstChild?.data ?? "";
    return parse(text, this.language);
  }

  filter() {
    const wanted = plain(this.input.value.trim());
    let shown = 0;
    for (const row of this.cells.board) {
      const hit = !wanted || called(row).some((each) => plain(each).includes(wanted));
      row.element.hidden = !hit;
      shown += hit;
    }
    this.empty.hidden = shown > 0;
    if (!shown && wanted) this.empty.textContent = document.getElementById("content").dataset.textNone;
  }

  // Enter leads to the page of the symbol that was typed, or of the only row that is left.
  go(event) {
    event.preventDefault();
    const wanted = this.input.value.trim().toUpperCase();
    const shown = this.cells.board.filter((row) => !row.element.hidden);
    const row = shown.find((each) => each.id === wanted) ?? (shown.length === 1 ? shown[0] : null);
    const link = row?.element.querySelector("a[href]");
    if (link) location.assign(link.href);
    else if (/^[A-Z0-9]{3,24}$/.test(wanted)) location.assign(`/symbol/?q=${wanted}`);
  }

  key(event) {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.input.focus();
      this.input.select();
    } else if (event.key === "Escape" && event.target === this.input) {
      this.input.value = "";
      this.filter();
      this.input.blur();
    }
  }
}

// What people may know a row by: a future is shown by its rolling name.
function called(row) {
  const symbol = row.cells.get("symbol");
  return [row.id, symbol?.firstElementChild?.textContent ?? "", symbol?.title ?? ""];
}

// Without marks and case, so that "hoa phat" finds Hòa Phát.
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();
}

function recall(memory) {
  try {
    return localStorage.getItem(memory);
  } catch {
    return null;
  }
}
