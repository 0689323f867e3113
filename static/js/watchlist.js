// Puts a list's symbols into another order: by dragging, and by the buttons without a new page. Without this script the
// buttons ask the server for one.

import { change } from "./elsewhere.js";
import "./suggest.js";

const list = document.getElementById("items");

class Items {
  constructor(list) {
    this.list = list;
    this.form = list.closest("form");
    this.told = document.getElementById("moved");
    this.dragged = null;
    list.classList.add("sortable");
    list.addEventListener("pointerdown", (event) => this.grab(event));
    list.addEventListener("pointermove", (event) => this.drag(event));
    list.addEventListener("pointerup", () => this.drop(true));
    list.addEventListener("pointercancel", () => this.drop(false));
    this.form.addEventListener("submit", (event) => this.press(event));
    // Who leaves the page does not leave a move behind.
    addEventListener("pagehide", () => this.waiting && this.post(this.waiting.order));
    this.before = this.shown = this.order(); // what the server has, and what the reader made of it
    this.waiting = null;
    this.saving = false;
  }

  order() {
    return [...this.list.children].map((item) => item.dataset.symbol);
  }

  grab(event) {
    const handle = event.target.closest(".handle");
    if (!handle || event.button !== 0) return;
    event.preventDefault();
    this.dragged = handle.closest("li");
    this.dragged.classList.add("dragged");
    this.list.setPointerCapture(event.pointerId);
  }

  drag(event) {
    if (!this.dragged) return;
    for (const item of this.list.children) {
      const { top, height } = item.getBoundingClientRect();
      if (item === this.dragged || event.clientY < top || event.clientY > top + height) continue;
      const above = item.compareDocumentPosition(this.dragged) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (above ? event.clientY < top + height / 2 : event.clientY > top + height / 2) {
        this.list.insertBefore(this.dragged, above ? item : item.nextSibling);
      }
      break;
    }
  }

  drop(keep) {
    if (!this.dragged) return;
    this.dragged.classList.remove("dragged");
    const item = this.dragged;
    this.dragged = null;
    if (keep) this.save(item);
    else this.restore();
  }

  press(event) {
    const button = event.submitter;
    if (button?.name !== "up" && button?.name !== "down") return;
    event.preventDefault();
    const item = button.closest("li");
    const other = button.name === "up" ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    this.list.insertBefore(item, button.name === "up" ? other : other.nextSibling);
    this.save(item);
    (button.disabled ? item.querySelector("button:enabled") : button).focus();
  }

  // One after the other: the server keeps what comes last, and answers may overtake each other. What moves meanwhile
  // waits for the answer, and the newest of it is sent.
  async save(item) {
    this.mark();
    this.shown = this.order();
    this.waiting = { item, order: this.shown };
    if (this.saving) return;
    this.saving = true;
    while (this.waiting) {
      const next = this.waiting;
      this.waiting = null;
      await this.send(next);
    }
    this.saving = false;
  }

  async send({ item, order }) {
    if (order.join() === this.before.join()) return;
    const answer = await change(this.post(order)).catch(() => null);
    if (answer?.status === 204) this.before = order;
    if (this.waiting) return; // it says all that this one said
    if (this.before !== order) {
      this.shown = this.before;
      return this.restore();
    }
    const place = String(order.indexOf(item.dataset.symbol) + 1);
    this.told.textContent = [item.dataset.symbol, place].reduce(
      (text, part) => text.replace("{}", part),
      this.form.dataset.textMoved,
    );
  }

  post(order) {
    const body = new FormData(this.form);
    body.set("symbols", order.join(" "));
    return fetch(this.form.dataset.arrange, { method: "POST", body, keepalive: true });
  }

  // A drag that was broken off is not shown, nor what the server did not take.
  restore() {
    const items = new Map([...this.list.children].map((item) => [item.dataset.symbol, item]));
    for (const symbol of this.shown) this.list.append(items.get(symbol));
    this.mark();
  }

  mark() {
    for (const item of this.list.children) {
      item.querySelector('[name="up"]').disabled = !item.previousElementSibling;
      item.querySelector('[name="down"]').disabled = !item.nextElementSibling;
    }
  }
}

if (list) new Items(list);
