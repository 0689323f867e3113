// Suggests symbols: for the last word of a field that takes several codes, for all of a field that takes one of any kind
// (`data-suggest="all"`), whose words may be a company's name. A combobox of our own: the browser's `datalist` hides what
// the server found without accents ("hoa phat"), and says nothing of the row that the arrows are on.

const WAIT_MS = 200;
const MOST = 8;
const CODE = /^[a-z0-9-]{1,24}$/i;

class Suggest {
  constructor(input) {
    this.input = input;
    this.single = input.dataset.suggest === "all";
    this.timer = null;
    this.asked = "";
    this.found = ""; // the word that the list answers
    this.before = ""; // what stands before the word that is suggested for
    this.chosen = null;
    this.list = document.createElement("ul");
    Object.assign(this.list, { id: `${input.id}-found`, className: "suggestions", role: "listbox", popover: "manual" });
    this.list.ariaLabel = input.labels[0]?.textContent.trim() ?? "";
    input.parentNode.append(this.list);
    Object.assign(input, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
    input.setAttribute("aria-controls", this.list.id);
    input.addEventListener("input", () => this.wait());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the field
    this.list.addEventListener("click", (event) => this.take(event.target.closest("li")));
  }

  get open() {
    return this.input.ariaExpanded === "true";
  }

  wait() {
    this.choose(null);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    const start = this.single ? 0 : this.input.value.search(/[^\s,;]*$/);
    const word = this.input.value.slice(start).trim();
    this.before = this.input.value.slice(0, start);
    this.asked = word;
    if (!word) return this.close();
    const answer = await fetch(`/api/symbols?q=${encodeURIComponent(word)}&limit=${MOST}`).catch(() => null);
    if (this.asked !== word || document.activeElement !== this.input) return;
    if (!answer?.ok) return this.close(); // nothing is suggested: typing the whole code works without
    const { symbols } = await answer.json();
    const fitting = symbols.filter(({ kind }) => this.single || (kind !== "index" && kind !== "future"));
    const complete = !this.single && fitting.some(({ symbol }) => symbol === word.toUpperCase());
    this.found = word;
    this.show(complete ? [] : fitting); // over a whole code they would only hide what stands below
  }

  show(symbols) {
    this.choose(null);
    this.list.replaceChildren(...symbols.map((each, place) => this.option(each, place)));
    if (!symbols.length) return this.close();
    if (!this.list.matches(":popover-open")) this.list.showPopover();
    this.input.ariaExpanded = "true";
    const { left, bottom, width } = this.input.getBoundingClientRect();
    this.list.style.minWidth = `${width}px`;
    this.list.style.top = `${bottom + 3}px`;
    this.list.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - this.list.offsetWidth - 8))}px`;
  }

  option({ symbol, name, english_name: english }, place) {
    const item = document.createElement("li");
    const code = document.createElement("b");
    Object.assign(item, { id: `${this.list.id}-${place}`, role: "option", ariaSelected: "false" });
    item.dataset.symbol = code.textContent = symbol;
    item.append(code, ` ${document.documentElement.lang === "en" ? english || name : name || english}`);
    return item;
  }

  choose(item) {
    if (this.chosen) this.chosen.ariaSelected = "false";
    this.chosen = item;
    if (!item) return this.input.removeAttribute("aria-activedescendant");
    item.ariaSelected = "true";
    this.input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (event.isComposing || (!this.open && event.key !== "Enter")) return;
    const items = [...this.list.children];
    const place = items.indexOf(this.chosen);
    if (event.key === "ArrowDown") this.choose(items[(place + 1) % items.length]);
    else if (event.key === "ArrowUp") this.choose(items[(place > 0 ? place : items.length) - 1]);
    else if (event.key === "Enter") {
      const word = this.input.value.trim();
      if (this.chosen) this.take(this.chosen);
      else if (this.single && word && !CODE.test(word)) this.best(word);
      else return this.close(); // the form goes on
    } else if (event.key === "Escape") {
      this.close();
      event.stopPropagation(); // the first one closes the list, the second empties the field
    } else return;
    event.preventDefault();
  }

  // A company's name is no code: the best that is found for it is meant.
  async best(word) {
    clearTimeout(this.timer);
    if (this.found !== word) await this.ask();
    if (this.input.value.trim() !== word) return; // typed on
    const item = this.found === word && this.list.firstElementChild;
    if (item) this.take(item);
    else this.input.form.requestSubmit();
  }

  take(item) {
    if (!item) return;
    this.input.value = this.before + item.dataset.symbol;
    this.close();
    if (this.single) this.input.form.requestSubmit();
  }

  close() {
    clearTimeout(this.timer);
    this.asked = "";
    this.choose(null);
    this.input.ariaExpanded = "false";
    if (this.list.matches(":popover-open")) this.list.hidePopover();
  }
}

if (HTMLElement.prototype.showPopover) {
  for (const input of document.querySelectorAll("[data-suggest]")) new Suggest(input);
}
