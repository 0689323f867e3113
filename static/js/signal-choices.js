// What a reader chose about signals, kept in this browser. Storage may be forbidden: then choices last as long as the page.

const DEFAULTS = { sound: false, sound_all: false, toasts: true };
const kept = new Map();

export function recall(name, store = localStorage) {
  try {
    return store.getItem(`signals-${name}`) ?? kept.get(name) ?? null;
  } catch {
    return kept.get(name) ?? null;
  }
}

export function remember(name, value, store = localStorage) {
  kept.set(name, String(value));
  try {
    store.setItem(`signals-${name}`, value);
  } catch {
    // kept in the page
  }
}

export function choice(name) {
  const chosen = recall(name);
  return chosen === null ? DEFAULTS[name] : chosen === "true";
}
