// A live page: the rows and cards that its socket patches, its clock, its table's order and its panels, put together.

import { Cells } from "./cells.js";
import { Clock } from "./clock.js";
import { Names } from "./names.js";
import { Order } from "./order.js";
import { Panels } from "./panels.js";
import "./rowmenu.js";
import { Socket } from "./socket.js";
import "./suggest.js";

const main = document.getElementById("content");
const table = document.getElementById("board");
const cells = new Cells(document.getElementById("rows"), document.getElementById("row"));
const clock = new Clock(main, cells);
const order = table?.dataset.memory ? new Order(table, cells, main.dataset.language) : null;
const panels = new Panels();
const names = new Names(cells);

new Socket(main, (frames) => {
  let moved = false;
  for (const frame of frames) {
    if (frame.time) clock.set(frame.time, frame.speed);
    panels.touch(); // a heartbeat too: panels show more than the cells that the socket patches
    if (!frame.rows) continue;
    const whole = frame.type === "snapshot";
    if (whole) {
      main.classList.add("fed");
      moved = cells.keep(frame.ids ?? Object.keys(frame.rows)) || moved;
    }
    moved = cells.apply(frame.rows, frame.type === "cells") || moved;
    order?.touch();
  }
  if (moved) {
    order?.settle();
    names.touch();
  }
});

main.addEventListener("htmx:wsAfterMessage", () => clock.tick());

// Age and the parts of the active-flow bar, said on hover.
table?.addEventListener("pointerover", (event) => {
  const element = event.target.closest("tbody tr");
  const row = element && cells.rows.get(element.dataset.row);
  if (!row) return;
  element.title = row.age === null ? "" : main.dataset.textAge.replace("{}", Math.round(clock.now - row.time));
  const flow = event.target.closest(".active");
  if (!flow) return;
  const widths = [...flow.querySelectorAll("rect")].map((part) => part.getAttribute("width"));
  flow.title = widths.reduce((text, width) => text.replace("{}", width), main.dataset.textActive);
});
