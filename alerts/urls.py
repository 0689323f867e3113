from django.urls import path

from alerts.personal import views as personal_views
from alerts.signals import views as signal_views
from alerts.summary import views as summary_views

app_name = "alerts"
urlpatterns = [
    path("signals/", signal_views.signals, name="signals"),
    path("signals/of/<str:name>/", signal_views.of_symbol, name="of_symbol"),
    path("summary/", summary_views.summary, name="summary"),
    path("summary/<str:day>/", summary_views.summary, name="summary_of"),
    path("alerts/mine/", personal_views.mine, name="mine"),
    path("alerts/mine/state/", personal_views.state, name="mine_state"),
    path("alerts/mine/<int:pk>/", personal_views.edit, name="edit_mine"),
    path("alerts/mine/<int:pk>/<str:action>/", personal_views.act, name="change_mine"),
]
