from django.urls import path

from market import views

app_name = "market"
urlpatterns = [
    path("", views.board, name="board"),
    path("about/", views.about, name="about"),
    path("theme/", views.theme, name="theme"),
]
