// Starts Swagger UI or Redoc on the page that has its place. Modules run after deferred scripts, so theirs is there.

const swagger = document.getElementById("swagger");
if (swagger) {
  const presets = [window.SwaggerUIBundle.presets.apis];
  window.SwaggerUIBundle({ url: swagger.dataset.schema, domNode: swagger, presets, validatorUrl: null });
}

const redoc = document.getElementById("redoc");
if (redoc) {
  // Its search runs in a worker from a blob, and the logo comes from another host: our policy allows neither.
  const options = { disableSearch: true, hideLoading: true, nativeScrollbars: true };
  window.Redoc.init(redoc.dataset.schema, options, redoc);
}
