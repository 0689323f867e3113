// A page that shows lists or alerts of its reader says what it shows (`data-state`), and where to ask what there is now
// (`data-state-of`). When they differ, because another tab or device changed something, it offers to be loaded again.

const KEY = "state:";
const SOON_MS = 300; // a change of this page's own is answered meanwhile, and several make one question
let timer = 0;

function shown() {
  return document.querySelector("[data-state-of]");
}

async function compare() {
  const part = shown();
  if (!part) return;
  const answer = await fetch(part.dataset.stateOf, { redirect: "error" }).catch(() => null);
  if (!answer?.ok) return; // logged out, or the database is away: the next sign asks again
  const state = await answer.text();
  const present = shown(); // it may have been swapped meanwhile
  offer(present?.dataset.state !== state);
}

function offer(differs) {
  const box = document.getElementById("toasts");
  const open = box.querySelector("[data-changed]");
  if (!differs) open?.remove();
  else if (!open) box.append(document.getElementById("changed-elsewhere").content.cloneNode(true));
}

function soon() {
  clearTimeout(timer);
  if (shown()) timer = setTimeout(compare, SOON_MS);
}

// Other tabs of this browser hear it also without an account.
function note() {
  const part = shown();
  if (part) localStorage.setItem(KEY + part.dataset.stateOf, part.dataset.state);
}

export function adopt(state) {
  const part = shown();
  if (!part || !state) return;
  part.dataset.state = state;
  note();
  offer(false);
}

document.addEventListener("changed-elsewhere", soon);
document.addEventListener("htmx:oobAfterSwap", note);
addEventListener("storage", (event) => event.key?.startsWith(KEY) && soon());
addEventListener("pageshow", (event) => event.persisted && soon()); // from the browser's memory, as it was left
note();
