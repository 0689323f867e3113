// The rows of the page by id, each with its cells by name, and how a patch `{id: {cell: [text, class]}}` is applied.
// Cells are looked up once; a patch touches text nodes and class names only, so a frame costs one or two milliseconds.

const FLASH_MS = 220; // shorter than the time between two frames, so that each change is seen as one
const FLASHING = /^(price|volume|value|net_value|basis|(bid|ask)\d+_(price|volume))$/;

export class Cells {
  constructor(body, template) {
    this.body = body; // where new rows of the board go
    this.template = template;
    this.rows = new Map();
    this.table = body?.closest("table");
    this.turned = false; // a row's state changed: headings that depend on auctions are looked at again
    this.strangers = new Set(); // rows that came without the page: the socket does not tell their names
    for (const element of document.querySelectorAll("[data-row]")) this.add(element);
  }

  add(element) {
    const cells = new Map();
    for (const cell of element.querySelectorAll("[data-cell]")) {
      const holder = cell.firstElementChild ?? cell; // the link in a symbol's cell
      if (!cell.dataset.kind && !holder.firstChild) holder.append("");
      cells.set(cell.dataset.cell, cell);
    }
    const { row: id, time } = element.dataset;
    const row = { id, element, cells, time: Number(time) || null, age: null, state: null };
    this.rows.set(row.id, row);
    return row;
  }

  // Rows of the board that the page does not have yet, such as those of a page that was opened before the feed began.
  create(id) {
    const element = this.template.content.firstElementChild.cloneNode(true);
    element.dataset.row = id;
    const link = element.querySelector("a[data-to]");
    if (link) link.href = link.dataset.to.replace("{}", id);
    this.strangers.add(id);
    this.body.append(element);
    return this.add(element);
  }

  remove(id) {
    this.rows.get(id)?.element.remove();
    this.rows.delete(id);
  }

  get board() {
    return [...this.rows.values()].filter((row) => row.element.parentNode === this.body);
  }

  // Apply a patch; true when rows came or went.
  apply(patch, flash) {
    let changed = false;
    const lit = [];
    for (const [id, cells] of Object.entries(patch)) {
      if (cells === null) {
        changed = this.rows.has(id) || changed;
        this.remove(id);
        continue;
      }
      let row = this.rows.get(id);
      if (!row) {
        if (!this.template || id.includes(":") || id === "future") continue; // the page was rendered without it
        row = this.create(id);
        changed = true;
      }
      if (cells.row) this.turned = turn(row, cells.row) || this.turned;
      for (const name in cells) if (name !== "row") write(row, name, cells[name], flash && lit);
    }
    if (this.turned || changed) this.head();
    // A class put on and taken off costs two style passes; an animation would cost one on every screen refresh.
    if (lit.length) setTimeout(() => lit.forEach((cell) => cell.classList.remove("flash")), FLASH_MS);
    return changed;
  }

  // Say whether all, some or none of the rows are in an auction.
  head() {
    this.turned = false;
    if (!this.table) return;
    const { length } = this.body.children;
    const count = this.body.getElementsByClassName("auction").length;
    this.table.dataset.auction = !count ? "none" : count === length ? "all" : "some";
  }

  // Make the board hold exactly the rows of a snapshot.
  keep(ids) {
    const kept = new Set(ids);
    const gone = this.board.filter((row) => !kept.has(row.id));
    for (const row of gone) this.remove(row.id);
    return gone.length > 0;
  }
}

// Take in a row's time and state; true if a line of the table changed its state.
function turn(row, [text, state]) {
  const { element } = row;
  row.time = Number(text) || null;
  if (row.state === state) return false;
  row.state = state;
  if (element.localName === "tr") element.className = state + (row.age === null ? "" : " stale");
  else if ("ages" in element.dataset) element.classList.toggle("trading", state.startsWith("trading"));
  return element.localName === "tr";
}

function write(row, name, [text, state], lit) {
  const cell = row.cells.get(name);
  if (!cell) return;
  const kind = cell.dataset.kind;
  if (kind) return draw(cell, kind, text, state);
  const node = cell.firstChild.firstChild ?? cell.firstChild;
  const changed = node.data !== text;
  if (changed) node.data = text;
  const flashes = changed && lit && FLASHING.test(name);
  if (flashes) lit.push(cell);
  const wanted = flashes ? `${state} flash` : state;
  if (cell.className !== wanted) cell.className = wanted;
}

function draw(svg, kind, text, state) {
  if (kind === "bar") {
    let left = 0;
    const widths = text.split(" ");
    for (const [place, part] of [...svg.children].entries()) {
      const width = Number(widths[place]) || 0;
      part.setAttribute("x", left);
      part.setAttribute("width", width);
      left += width;
    }
    return;
  }
  const [base, ...points] = text.split(" ");
  svg.setAttribute("class", state);
  svg.firstElementChild.setAttribute("y1", base || 24);
  svg.firstElementChild.setAttribute("y2", base || 24);
  svg.lastElementChild.setAttribute("points", points.join(" "));
}
