// The tape's filter and the depth's levels: applied without another page, kept in the address or in a cookie. Links that
// lead to the same page take the filter along.

const YEAR = 365 * 24 * 3600;
const TYPED_MS = 500;

export function tape() {
  const form = document.getElementById("tape-filter");
  const rows = document.getElementById("tape");
  if (!form) return;
  let timer = null;
  const apply = () => {
    clearTimeout(timer);
    form.elements.min.value = form.elements.min.value.replace(/\D/g, "");
    const here = new URL(location.href);
    write(here, form);
    history.replaceState(null, "", here);
    for (const link of document.querySelectorAll(".intervals a, .depths a")) {
      const address = new URL(link.href);
      write(address, form);
      link.href = address;
    }
    window.htmx.trigger(rows, "filter"); // asked by the panel itself, so that no earlier answer of its own comes after
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.elements.side.addEventListener("change", apply);
  form.elements.min.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, TYPED_MS);
  });
  // Somebody reads a line under the pointer: new ones wait.
  rows.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === rows && event.detail.requestConfig.triggeringEvent?.type === "panel" && rows.matches(":hover")) event.preventDefault();
  });
}

function write(address, form) {
  for (const name of ["side", "min"]) {
    const { value } = form.elements[name];
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
}

export function depth() {
  const panel = document.getElementById("depth");
  const links = panel?.querySelector(".depths");
  links?.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    for (const each of links.children) each.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    panel.dataset.levels = link.dataset.depth;
    const here = new URL(location.href);
    here.searchParams.delete("depth"); // from now on the cookie says it
    history.replaceState(null, "", here);
    document.cookie = `depth=${link.dataset.depth}; path=/; max-age=${YEAR}; samesite=lax`;
  });
}
