// Suggests symbols for the last word of a field that takes several codes.

const WAIT_MS = 200;
const MOST = 8;

for (const input of document.querySelectorAll("[data-suggest]")) {
  let timer = null;
  let asked = "";
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, WAIT_MS);
  });

  async function suggest() {
    const [before, word] = split(input.value);
    if (!word || word === asked) return;
    asked = word;
    const answer = await fetch(`/api/symbols?q=${encodeURIComponent(word)}&limit=${MOST}`).catch(() => null);
    if (!answer?.ok || asked !== word) return; // nothing is suggested: typing the whole code works without
    const { symbols } = await answer.json();
    const all = input.dataset.suggest === "all";
    const shown = symbols.filter(({ kind }) => all || (kind !== "index" && kind !== "future"));
    input.list.replaceChildren(
      ...shown.map(({ symbol, name, english_name: english }) => {
        const option = document.createElement("option");
        option.value = before + symbol;
        option.label = `${symbol} · ${document.documentElement.lang === "en" ? english || name : name || english}`;
        return option;
      }),
    );
  }
}

function split(text) {
  const start = text.search(/[^\s,;]*$/);
  return [text.slice(0, start), text.slice(start)];
}
