// Changes the theme without a new page. Without this script the same form asks the server to.

const YEAR = 365 * 24 * 3600;

document.querySelector("[data-theme-form]")?.addEventListener("submit", (event) => {
  const theme = event.submitter?.value;
  if (!theme) return;
  event.preventDefault();
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`;
});
