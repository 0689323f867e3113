// Reads back a number as the server wrote it (market/pages/formatting.py, parse): the board sorts by what it shows.

const FORMS = {
  vi: { decimal: ",", million: " tr" },
  en: { decimal: ".", million: "M" },
};

export function parse(text, language) {
  const form = FORMS[language] ?? FORMS.en;
  const kept = text.replace(form.decimal === "," ? /[^0-9,-]/g : /[^0-9.-]/g, "").replace(form.decimal, ".");
  if (kept === "" || kept === "-") return null;
  return Number(kept) * (text.endsWith(form.million) ? 1e6 : 1);
}
