// Starts Swagger UI on its page. Modules run after deferred scripts, so its own is there.

const place = document.getElementById("swagger");
const presets = [window.SwaggerUIBundle.presets.apis];
window.SwaggerUIBundle({ url: place.dataset.schema, domNode: place, presets, validatorUrl: null });
