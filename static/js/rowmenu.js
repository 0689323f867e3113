// The menu of a row: one element a page, filled for the row that asks. It opens by right click, by the button that comes
// into the symbol's cell of the row under the pointer or the focus, by a long press, and by the menu key or Shift+F10.
// With Shift or Ctrl a right click opens the browser's own. It stands outside the rows, so live updates leave it alone.

const HOLD_MS = 500;
const SLACK = 10; // pixels that a finger may move while it holds
const MARGIN = 8;
const ROW = "tbody tr[data-row]";

class RowMenu {
  constructor(table, menu, button) {
    this.table = table;
    this.menu = menu;
    this.button = button;
    this.symbol = null; // of the row that the menu is open for
    this.hold = null;
    table.addEventListener("pointerover", (event) => this.hover(event));
    table.addEventListener("pointerleave", () => this.leave());
    table.addEventListener("focusin", (event) => this.offer(event.target.closest(ROW)));
    table.addEventListener("focusout", (event) => this.leave(event.relatedTarget));
    table.addEventListener("contextmenu", (event) => this.context(event));
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("pointerdown", (event) => this.press(event));
    table.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) table.addEventListener(end, () => clearTimeout(this.hold));
    table.addEventListener("click", (event) => this.click(event), true);
    button.addEventListener("click", () => this.toggle());
    menu.addEventListener("keydown", (event) => this.walk(event));
    menu.addEventListener("contextmenu", (event) => this.own(event));
    menu.addEventListener("htmx:beforeRequest", () => this.close(true)); // a list is changed, the page stays as it is
    menu.addEventListener("htmx:afterRequest", () => this.symbol && this.fillLists()); // open again, for another row
    for (const kind of ["htmx:responseError", "htmx:sendError"]) menu.addEventListener(kind, () => this.failed());
    for (const kind of ["pointerdown", "wheel"]) {
      document.addEventListener(kind, (event) => this.outside(event), { capture: true, passive: true });
    }
    window.addEventListener("pagehide", () => this.close());
  }

  get items() {
    return [...this.menu.querySelectorAll('[role^="menuitem"]:not(:disabled)')];
  }

  // --- The button, which moves from row to row ---

  hover(event) {
    if (event.pointerType === "touch" || this.symbol || document.activeElement === this.button) return;
    this.offer(event.target.closest(ROW));
  }

  offer(row) {
    const cell = row?.querySelector('[data-cell="symbol"]');
    if (!cell || this.button.parentNode === cell) return;
    cell.append(this.button);
    this.button.hidden = false;
    this.button.ariaLabel = this.button.dataset.label.replace("{}", named(row));
  }

  // Neither pointer nor focus is in the button's row any more, unless the focus goes `to` a place in it.
  leave(to = null) {
    const row = this.button.closest(ROW);
    if (!row || this.symbol || this.table.matches(":hover")) return;
    if (row.contains(to) || row.contains(document.activeElement)) return;
    this.button.hidden = true;
    this.menu.before(this.button);
  }

  toggle() {
    const row = this.button.closest(ROW);
    if (this.symbol) return this.close(true);
    const { left, bottom } = this.button.getBoundingClientRect();
    this.open(row, left, bottom);
  }

  // --- What opens the menu ---

  context(event) {
    const row = event.target.closest(ROW);
    if (!row || event.shiftKey || event.ctrlKey) return;
    event.preventDefault();
    clearTimeout(this.hold);
    if (this.symbol === row.dataset.row) return;
    if (event.pointerType !== "touch") this.offer(row);
    this.open(row, event.clientX, event.clientY);
  }

  key(event) {
    if (event.key !== "ContextMenu" && !(event.key === "F10" && event.shiftKey)) return;
    const row = event.target.closest(ROW);
    if (!row) return;
    event.preventDefault();
    const { left, bottom } = event.target.getBoundingClientRect();
    this.open(row, left, bottom);
    this.keyed = event.timeStamp;
  }

  press(event) {
    clearTimeout(this.hold);
    this.held = false;
    const row = event.target.closest(ROW);
    if (event.pointerType !== "touch" || !row) return;
    this.start = event;
    this.hold = setTimeout(() => {
      this.held = true;
      this.open(row, event.clientX, event.clientY);
    }, HOLD_MS);
  }

  move({ clientX, clientY }) {
    const { start } = this;
    if (start && Math.hypot(clientX - start.clientX, clientY - start.clientY) > SLACK) clearTimeout(this.hold);
  }

  // The finger that opened the menu is no click on what lies under it.
  click(event) {
    if (!this.held) return;
    this.held = false;
    event.preventDefault();
    event.stopPropagation();
  }

  // Some systems send the menu key's event when the key comes up, and then to the open menu.
  own(event) {
    if (event.timeStamp - (this.keyed ?? -Infinity) < 1000) event.preventDefault();
  }

  // --- The menu ---

  open(row, x, y) {
    this.symbol = row.dataset.row;
    const focused = document.activeElement;
    this.back = row.contains(focused) ? focused : row.querySelector("a");
    this.fill(row);
    this.menu.hidden = false;
    if (!this.menu.matches(":popover-open")) this.menu.showPopover();
    this.button.ariaExpanded = "true";
    const { offsetWidth: width, offsetHeight: height } = this.menu;
    const { clientWidth, clientHeight } = document.documentElement;
    this.menu.style.left = `${Math.max(MARGIN, Math.min(x, clientWidth - width - MARGIN))}px`;
    this.menu.style.top = `${Math.max(MARGIN, Math.min(y, clientHeight - height - MARGIN))}px`;
    this.items[0].focus({ preventScroll: true });
  }

  fill(row) {
    const { menu, symbol } = this;
    menu.querySelector("[data-symbol]").textContent = named(row);
    menu.querySelector("[data-name]").textContent = row.querySelector('[data-cell="symbol"]').title;
    for (const link of menu.querySelectorAll("[data-to]")) {
      link.href = link.dataset.to.replace("SYMBOL", encodeURIComponent(symbol));
    }
    this.fillLists();
  }

  fillLists() {
    const { menu, symbol } = this;
    const form = menu.querySelector("form");
    if (!form) return; // lists hold no futures
    form.elements.next.value = location.pathname + location.search;
    for (const button of form.querySelectorAll("button")) {
      button.value = symbol;
      if (!button.dataset.add) continue;
      const held = button.dataset.list.split(" ").includes(symbol);
      button.ariaChecked = String(held);
      button.name = held ? "symbol" : "symbols";
      button.formAction = held ? button.dataset.remove : button.dataset.add;
    }
  }

  walk(event) {
    const { items } = this;
    const place = items.indexOf(document.activeElement);
    const next = { ArrowDown: place + 1, ArrowUp: place - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      items[next % items.length].focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      this.close(true); // Tab goes on from there
    } else if (event.key === " " && document.activeElement.localName === "a") {
      event.preventDefault();
      document.activeElement.click();
    }
  }

  outside({ target }) {
    if (this.symbol && !this.menu.contains(target) && !this.button.contains(target)) this.close();
  }

  failed() {
    document.getElementById("toasts").append(document.getElementById("row-failed").content.cloneNode(true));
  }

  close(focus = false) {
    if (!this.symbol) return;
    const row = this.table.querySelector(`tr[data-row="${CSS.escape(this.symbol)}"]`);
    this.symbol = null;
    this.menu.hidePopover();
    this.menu.hidden = true;
    this.button.ariaExpanded = "false";
    if (!focus) return this.leave();
    const back = this.back.isConnected ? this.back : (row ?? this.table).querySelector("a");
    back?.focus({ preventScroll: true });
  }
}

function named(row) {
  return row.querySelector('[data-cell="symbol"] a').textContent;
}

const menu = document.getElementById("row-menu");
const table = document.getElementById("board");
if (menu?.showPopover && table) new RowMenu(table, menu, document.getElementById("row-button"));
