// What a reader chose about signals, kept in this browser. Storage may be forbidden or full: then choices
// last as long as the page.

const DEFAULTS = { sound: false, sound_all: false, toasts: true };
const kept = new Map(); // what storage did not take

export function recall(name, store = "localStorage") {
  try {
    return kept.get(name) ?? window[store].getItem(`signals-${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value, store = "localStorage") {
  try {
    window[store].setItem(`signals-${name}`, value);
    kept.delete(name);
  } catch {
    kept.set(name, String(value));
  }
}

export function choice(name) {
  const chosen = recall(name);
  return chosen === null ? DEFAULTS[name] : chosen === "true";
}
