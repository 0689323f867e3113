// Starts Swagger UI on its page. Modules run after deferred scripts, so its own is there.

const place = document.getElementById("swagger");
const presets = [window.SwaggerUIBundle.presets.apis];

// Swagger UI leaves out what a screen reader and a keyboard need.
function complete() {
  for (const select of place.querySelectorAll("select:not([aria-label])")) {
    const row = select.closest("tr, .opblock-section-request-body, .scheme-container");
    const name = row?.querySelector(".parameter__name, .response-col_status, .opblock-title")?.textContent.trim();
    const kind = select.classList.contains("examples-select-element") ? "Example" : "Choice";
    select.setAttribute("aria-label", name ? `${kind}: ${name}` : kind);
  }
  for (const code of place.querySelectorAll("pre:not([tabindex]), .highlight-code > *:not([tabindex])")) {
    code.setAttribute("tabindex", "0");
  }
}

new MutationObserver(complete).observe(place, { childList: true, subtree: true });
window.SwaggerUIBundle({ url: place.dataset.schema, domNode: place, presets, validatorUrl: null, syntaxHighlight: false });
