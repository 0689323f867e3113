from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

admin.site.site_header = admin.site.site_title = "VN Stock Tracker"

urlpatterns = [
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("account/", include("tracker.accounts.urls")),
    path(f"{settings.ADMIN_PATH}/", admin.site.urls),
    path("", include("market.api.urls")),
    path("", include("alerts.api.urls")),
    path("", include("alerts.urls")),
    path("", include("alerts.delivery.urls")),
    path("", include("market.urls")),
]

handler400 = "market.api.errors.bad_request"
handler404 = "market.api.errors.not_found"
handler500 = "market.api.errors.server_error"
