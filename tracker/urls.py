from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path(f"{settings.ADMIN_PATH}/", admin.site.urls),
    path("", include("market.api.urls")),
    path("", include("alerts.api.urls")),
    path("", include("market.urls")),
]

handler400 = "market.api.errors.bad_request"
handler404 = "market.api.errors.not_found"
handler500 = "market.api.errors.server_error"
