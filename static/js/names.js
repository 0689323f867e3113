// Names of companies for rows that came while the page was open: the page as it would be served now has them.

const WAIT_MS = 1500; // rows come in bursts

export class Names {
  constructor(cells) {
    this.cells = cells;
    this.timer = null;
  }

  // Look whether rows came without a name.
  touch() {
    if (this.cells.strangers.size && !this.timer) this.timer = setTimeout(() => this.read(), WAIT_MS);
  }

  async read() {
    const wanted = [...this.cells.strangers];
    this.cells.strangers.clear();
    this.timer = null;
    const response = await fetch(location.href).catch(() => null);
    if (!response?.ok) return; // the rows stay as they are: complete but for the name
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of wanted) {
      const name = page.querySelector(`#rows [data-row="${CSS.escape(id)}"] [data-cell="symbol"]`)?.title;
      const cell = this.cells.rows.get(id)?.cells.get("symbol");
      if (name && cell) cell.title = name;
    }
  }
}
