// Signals on every page: the count of unseen ones in the header, toasts of critical ones, sound. The feed's page and the
// card of a symbol listen to the event `signals` that this script sends on the document.

import "./elsewhere.js";
import { ring } from "./signal-sound.js";
import { choice, recall, remember } from "./signal-choices.js";

const SILENT_MS = 40000; // the server speaks every 15 s
const TOAST_MS = 12000;
const MOST_TOASTS = 3;
const AGAIN_MS = 500;
const FINAL = [4400, 4401, 4403];

const box = document.getElementById("toasts");
const badge = document.querySelector("[data-signals-badge]");
const reading = "reading" in box.dataset; // the page shows them all: what comes is seen
box.setAttribute("aria-live", "polite"); // what role="status" means, said for older readers
let attempts = 0;
let heard = 0;
let unseen = 0;
let socket = null;

function connect() {
  const address = new URL(box.dataset.socket, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const [seen, after] = [recall("seen"), recall("last", "sessionStorage")];
  if (seen) address.searchParams.set("seen", seen);
  if (after) address.searchParams.set("after", after);
  heard = performance.now();
  socket = new WebSocket(address);
  socket.addEventListener("message", (event) => take(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    document.documentElement.removeAttribute("data-signals");
    if (FINAL.includes(event.code)) return;
    setTimeout(connect, AGAIN_MS * Math.random() * 2 ** Math.min(attempts, 6));
    attempts += 1;
  });
}

function take(frame) {
  heard = performance.now();
  socket.send(JSON.stringify({ ack: frame.seq }));
  if (frame.type === "own") return own(frame.items);
  if (frame.type === "changed") return changed();
  const first = frame.type === "state";
  if (first) {
    changed(); // what was told meanwhile is lost
    attempts = 0;
    document.documentElement.dataset.signals = "on";
    // A first visit has seen nothing and missed nothing; a market that began anew has nothing later than what was seen.
    if (!recall("seen") || Number(recall("seen")) > frame.newest) remember("seen", frame.newest || 1);
    unseen = frame.unseen;
  } else {
    unseen += frame.count;
  }
  const newest = Math.max(first ? frame.newest : 0, ...frame.items.map((item) => Date.parse(item.time) / 1000));
  if (newest > 0) remember("last", newest, "sessionStorage");
  if (reading && !document.hidden) markSeen(newest);
  show();
  if (!frame.items.length) return;
  document.dispatchEvent(new CustomEvent("signals", { detail: frame.items }));
  for (const item of frame.items.filter((each) => each.toast).slice(-MOST_TOASTS)) toast(item);
  const loud = frame.items.filter((item) => choice("sound_all") || (choice("sound") && item.severity === "critical"));
  if (loud.length) ring(loud.at(-1).id, loud.some((item) => item.severity === "critical"));
  refresh(frame.items);
}

function markSeen(newest) {
  unseen = 0;
  remember("seen", Math.max(newest, Number(recall("seen")) || 0));
}

function show() {
  if (!badge) return;
  badge.hidden = !unseen;
  badge.textContent = unseen > 99 ? "99+" : unseen;
  badge.setAttribute("aria-label", box.dataset.textBadge.replace("{}", unseen));
}

// Alerts that the reader set: shown whatever was chosen about the market's, and until they are dismissed.
function own(items) {
  for (const item of items) place(item, 0);
  document.dispatchEvent(new CustomEvent("own-alerts", { detail: items }));
  if (choice("sound") || choice("sound_all")) ring(items.at(-1).id, true);
}

// What the reader has changed or was told on another page may stand on this one.
function changed() {
  document.dispatchEvent(new Event("changed-elsewhere"));
}

function toast(item) {
  if (choice("toasts") && !reading && !document.hidden) place(item, TOAST_MS);
}

function place(item, lasting) {
  if (box.querySelector(`[data-id="${CSS.escape(item.id)}"]`)) return;
  const holder = document.createElement("template");
  holder.innerHTML = item.toast;
  const element = holder.content.firstElementChild;
  box.append(element);
  while (box.children.length > MOST_TOASTS) (box.querySelector(".toast:not(.own)") ?? box.firstElementChild).remove();
  if (lasting) linger(element, lasting);
}

// Gone after a while, and not under the pointer or while the focus is in it.
function linger(element, lasting) {
  let timer = setTimeout(() => element.remove(), lasting);
  for (const [event, stay] of [["pointerenter", true], ["focusin", true], ["pointerleave", false], ["focusout", false]]) {
    element.addEventListener(event, () => {
      clearTimeout(timer);
      if (!stay) timer = setTimeout(() => element.remove(), lasting / 2);
    });
  }
}

// Parts of a page that show a symbol's signals are read again.
function refresh(items) {
  for (const part of document.querySelectorAll("[data-signals-of]")) {
    if (items.some((item) => item.symbol === part.dataset.signalsOf)) window.htmx?.trigger(part, "signal");
  }
}

// What a page says about something that was just done in it.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.matches?.("[data-brief]")) linger(node, TOAST_MS / 2);
  }
}).observe(box, { childList: true });

box.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast").remove());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("input, textarea, select")) return;
  box.lastElementChild?.remove(); // it was not meant for a menu or a field
});
document.addEventListener("visibilitychange", () => {
  if (!reading || document.hidden) return;
  markSeen(Number(recall("last", "sessionStorage")) || 0);
  show();
});
addEventListener("storage", (event) => {
  if (event.key !== "signals-seen") return;
  unseen = 0; // another tab showed them
  show();
});
setInterval(() => socket.readyState === WebSocket.OPEN && performance.now() - heard > SILENT_MS && socket.close(), 5000);
connect();
