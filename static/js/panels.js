// Panels that the server draws anew: charts, totals and top lists. Each is fetched every few seconds while it is in sight
// and the socket speaks; htmx does the fetching (`hx-trigger="panel"`).

const EVERY_MS = 4000;

export class Panels {
  constructor() {
    this.dirty = false;
    this.seen = new Set();
    const panels = [...document.querySelectorAll("[data-panel]")];
    if (!panels.length) return;
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.seen[isIntersecting ? "add" : "delete"](target);
    });
    for (const panel of panels) {
      watcher.observe(panel);
      keep(panel);
    }
    setInterval(() => this.refresh(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  // Tell that the server spoke.
  touch() {
    this.dirty = true;
  }

  refresh() {
    if (!this.dirty || document.hidden) return;
    this.dirty = false;
    for (const panel of this.seen) if (!marked(panel)) window.htmx.trigger(panel, "panel");
  }
}

// Somebody has marked text in it: a swap would take the mark away.
function marked(panel) {
  const selection = document.getSelection();
  return selection?.type === "Range" && panel.contains(selection.anchorNode);
}

// A table that the reader unfolded stays unfolded when its panel is swapped, and the focus stays where it is. Of what has
// an id, htmx keeps the focus.
function keep(panel) {
  let open = [];
  let focused = null;
  panel.addEventListener("htmx:beforeSwap", () => {
    open = [...panel.querySelectorAll("details[open]")].map((details) => details.id);
    focused = panel.contains(document.activeElement) ? place(document.activeElement) : null;
  });
  panel.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) panel.querySelector(focused)?.focus({ preventScroll: true });
  });
}

// A selector for an element without an id inside one that has one; null for others.
function place({ id, localName, attributes, parentNode }) {
  const holder = parentNode.closest("[id]");
  if (id || !holder) return null;
  const href = attributes.href ? `[href="${CSS.escape(attributes.href.value)}"]` : "";
  return `#${CSS.escape(holder.id)} ${localName}${href}`;
}
