// The lists on the page of a reader's own alerts. What goes off while it is open is told at once, by a toast, and stored
// a moment later: then the lists are read again, unless the reader is busy in them.

import { renewed } from "./elsewhere.js";

const AGAIN_MS = 1000;
const TRIES = 8;
const awaited = new Set(); // what went off and is not listed yet
let tries = 0;
let reading = false;

document.addEventListener("own-alerts", (event) => {
  for (const { id } of event.detail) awaited.add(id);
  tries = TRIES;
  if (!reading) read();
});

// One page at a time: of two that are asked for, the older one may come last.
async function read() {
  reading = true;
  while (awaited.size) {
    if (!busy()) {
      const page = await load();
      tries -= 1;
      if (!busy()) take(page);
    }
    if (awaited.size) await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
  reading = false;
}

function busy() {
  return document.getElementById("own-lists").contains(document.activeElement);
}

async function load() {
  const response = await fetch(location.href).catch(() => null);
  return response?.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
}

function take(page) {
  const stored = page ? [...awaited].filter((id) => page.querySelector(`[data-hit="${CSS.escape(id)}"]`)) : [];
  for (const id of stored) awaited.delete(id);
  if (tries <= 0) awaited.clear();
  const fresh = page?.getElementById("own-lists");
  if (!fresh || (awaited.size && !stored.length)) return;
  document.getElementById("own-lists").replaceWith(document.adoptNode(fresh));
  const [told, shown] = [page, document].map((each) => each.querySelector("[data-state-of]"));
  if (told && shown) shown.dataset.state = told.dataset.state;
  renewed();
}
