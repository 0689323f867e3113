from django.urls import path

from alerts.delivery import views

app_name = "delivery"
urlpatterns = [
    path("push-worker.js", views.push_worker, name="push_worker"),
    path("alerts/delivery/", views.show, name="settings"),
    path("alerts/delivery/<str:kind>/", views.save, name="save"),
    path("alerts/delivery/<str:kind>/test/", views.test, name="test"),
    path("alerts/delivery/<str:kind>/remove/", views.unlink, name="unlink"),
    path("alerts/delivery/<str:kind>/address/", views.email_address, name="email_address"),
    path("alerts/delivery/<str:kind>/confirm/", views.email_code, name="email_code"),
    path("alerts/delivery/<str:kind>/link/", views.telegram_code, name="telegram_code"),
    path("alerts/delivery/<str:kind>/url/", views.webhook_address, name="webhook_address"),
    path("alerts/delivery/<str:kind>/secret/", views.webhook_secret, name="webhook_secret"),
    path("alerts/delivery/<str:kind>/subscribe/", views.push_subscribe, name="push_subscribe"),
    path("alerts/delivery/push/<int:number>/remove/", views.push_remove, name="push_remove"),
]
