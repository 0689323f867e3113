from django.urls import path

from market.health import health

app_name = "api"
urlpatterns = [
    path("health", health, name="health"),
]
