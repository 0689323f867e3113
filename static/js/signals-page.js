// The signals page: new lines as the server sends them (it filters), switches, and a form that applies itself.

import { ring } from "./signal-sound.js";
import { choice, remember } from "./signal-choices.js";

const MOST_LINES = 200;

const feed = document.getElementById("feed");
const empty = document.getElementById("feed-empty");
const choose = document.getElementById("choose");
const switches = document.getElementById("signal-settings");

document.addEventListener("signals", (event) => {
  if (!("follow" in feed.dataset)) return;
  for (const item of event.detail) if (item.line && !document.getElementById(item.id)) add(item.line);
  while (feed.children.length > MOST_LINES) feed.lastElementChild.remove();
});

function add(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const line = holder.content.firstElementChild;
  line.classList.add("new");
  line.addEventListener("animationend", () => line.classList.remove("new"));
  const older = [...feed.children].find((each) => Number(each.dataset.at) <= Number(line.dataset.at));
  feed.insertBefore(line, older ?? null);
  empty.hidden = true;
}

switches.hidden = false;
for (const box of switches.querySelectorAll("input")) {
  box.checked = choice(box.name);
  box.addEventListener("change", () => {
    remember(box.name, box.checked);
    if (box.checked && box.name.startsWith("sound")) ring(`trial-${Date.now()}`, box.name === "sound");
  });
}

// The address of the form without what is empty, and several of a kind joined by commas: short enough to share.
choose.addEventListener("change", () => choose.requestSubmit());
let going = ""; // Enter in a text field is a change too
choose.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(choose);
  const query = new URLSearchParams();
  for (const name of ["day", "severity", "kind", "symbol"]) {
    const values = given.getAll(name).flatMap((value) => value.split(/[\s,;]+/)).filter(Boolean);
    if (values.length) query.set(name, values.join(","));
  }
  const target = `${choose.action.split("?")[0]}${query.size ? `?${query}` : ""}`;
  if (target === going) return;
  going = target;
  setTimeout(() => (going = "")); // where that leads nowhere, the same can be asked for again
  location.assign(target);
});
