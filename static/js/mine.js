// The lists on the page of a reader's own alerts. What goes off while it is open is told at once, by a toast, and stored
// a moment later: then the lists are read again, unless the reader is busy in them.

const AGAIN_MS = 1000;
const TRIES = 8;

document.addEventListener("own-alerts", (event) => read(event.detail.map((item) => item.id), TRIES));

async function read(ids, tries) {
  const lists = document.getElementById("own-lists");
  const again = (left) => setTimeout(() => read(ids, left), AGAIN_MS);
  if (lists.contains(document.activeElement)) return again(tries);
  const response = await fetch(location.href).catch(() => null);
  const page = response?.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  const stored = page && ids.every((id) => page.querySelector(`[data-hit="${CSS.escape(id)}"]`));
  if (!stored && tries > 1) return again(tries - 1);
  const fresh = page?.getElementById("own-lists");
  if (!fresh) return;
  if (lists.contains(document.activeElement)) return again(tries);
  lists.replaceWith(document.adoptNode(fresh));
  const [told, shown] = [page, document].map((each) => each.querySelector("[data-state-of]"));
  if (told && shown) shown.dataset.state = told.dataset.state;
}
