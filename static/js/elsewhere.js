// A page that shows lists or alerts of its reader says what it shows (`data-state`), and where to ask what there is now
// (`data-state-of`). When they differ, because another tab or device changed something, it offers to be loaded again.

const KEY = "state:";
const SOON_MS = 300; // several changes make one question
let timer = 0;
let changing = 0; // changes of this page's own that are under way
let turn = 0; // of questions and changes: an answer is believed if nothing came after its question

function shown() {
  return document.querySelector("[data-state-of]");
}

async function compare() {
  const part = shown();
  if (!part || changing) return; // the end of a change asks
  const mine = ++turn;
  const answer = await fetch(part.dataset.stateOf, { redirect: "error" }).catch(() => null);
  if (!answer?.ok) return; // logged out, or the database is away: the next sign asks again
  const state = await answer.text();
  if (changing || turn !== mine) return; // the answer may be of before or after it
  offer(part.dataset.state !== state);
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
  try {
    if (part) localStorage.setItem(KEY + part.dataset.stateOf, part.dataset.state);
  } catch {
    // Storage may be forbidden or full; the socket tells the pages of who has an account.
  }
}

// Wait for a request that changes what this page shows; the page is not compared until what it shows is new as well.
export async function change(request) {
  begin();
  try {
    const answer = await request;
    const state = answer.headers.get("X-State");
    if (state) shown().dataset.state = state;
    return answer;
  } finally {
    end();
  }
}

function begin() {
  changing += 1;
}

function end() {
  changing -= 1;
  renewed();
}

// The page shows something newer than before: what was asked about it is void, an offer may be as well.
export function renewed() {
  turn += 1;
  note();
  soon();
}

const ofForm = (listen) => (event) => event.detail.requestConfig.verb !== "get" && listen();

document.addEventListener("changed-elsewhere", soon);
document.addEventListener("htmx:beforeSend", ofForm(begin));
document.addEventListener("htmx:afterRequest", ofForm(end)); // what it brought is in the page
addEventListener("storage", (event) => event.key?.startsWith(KEY) && soon());
addEventListener("pageshow", (event) => event.persisted && soon()); // from the browser's memory, as it was left
note();
