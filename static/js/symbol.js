// The page of one symbol: its live cells, clock, chart and panels, put together.

import { Cells } from "./cells.js";
import { Chart } from "./chart.js";
import { Clock } from "./clock.js";
import { Panels } from "./panels.js";
import { Socket } from "./socket.js";
import "./suggest.js";
import { depth, tape } from "./tape.js";

const main = document.getElementById("content");
const box = document.getElementById("chart");
const search = document.getElementById("filter");
const twin = document.getElementById("twin");
const cells = new Cells(null, null);
const clock = new Clock(main, cells);
const panels = new Panels();
const chart = box.dataset.script ? new Chart(box, main.dataset.language) : null;
const [row] = cells.rows.values();
const title = document.title;
let fed = false;

new Socket(main, (frames) => {
  for (const frame of frames) {
    if (frame.time) clock.set(frame.time, frame.speed);
    if (!frame.rows) continue;
    if (frame.merged || (fed && frame.type === "snapshot")) chart?.again();
    if (frame.type === "snapshot") {
      fed = true;
      main.classList.add("fed");
    }
    cells.apply(frame.rows, frame.type !== "snapshot");
    const patch = frame.rows[row.id];
    if (!patch) continue;
    if (patch.last) {
      chart?.tick(patch.last[0]);
      panels.touch();
    }
    if (patch.price || patch.percent) name();
  }
});

main.addEventListener("htmx:wsAfterMessage", () => clock.tick());
chart?.begin();
tape();
depth();

// The price in the tab's title.
function name() {
  const [price, percent] = ["price", "percent"].map((cell) => row.cells.get(cell)?.textContent ?? "");
  const [before, after] = [title.split(box.dataset.symbol)[0], " · VN Stock Tracker"];
  document.title = `${before}${box.dataset.symbol} ${price} ${percent}${after}`;
}

// Another interval without another page; without the chart's script the links do it.
document.querySelector(".chart .intervals").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || !chart?.chart || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  for (const each of link.parentNode.children) each.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  history.replaceState(null, "", link.href);
  chart.change(link.dataset.interval);
  if (twin.open) table();
});

// The table is read when it is opened: by then the candles that came with the page are old.
twin.addEventListener("toggle", () => twin.open && table());

function table() {
  const address = `${box.dataset.table}?interval=${box.dataset.interval}`;
  window.htmx.ajax("GET", address, { target: "#candle-table", swap: "outerHTML" });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  search.focus();
});
