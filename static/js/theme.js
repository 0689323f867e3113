// Changes the theme or the palette without a new page. Without this script the same form asks the server to.

const YEAR = 365 * 24 * 3600;

for (const form of document.querySelectorAll("[data-look-form]")) {
  form.addEventListener("submit", (event) => {
    const { name, value } = event.submitter ?? {};
    if (!name) return;
    event.preventDefault();
    document.documentElement.dataset[name] = value;
    document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax`;
    for (const button of form.querySelectorAll("button")) if (button.offsetParent) button.focus(); // the one that shows now
  });
}
