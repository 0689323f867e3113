from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.generic import TemplateView

from tracker.accounts import second_factor_views as second_factor
from tracker.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.account, name="account"),
    path("log-in/", views.LogIn.as_view(), name="log_in"),
    path("log-out/", login_not_required(auth.LogoutView.as_view()), name="log_out"),
    path("sign-up/", views.SignUp.as_view(), name="sign_up"),
    path("password/", views.ChangePassword.as_view(), name="change_password"),
    path("reset/", views.Reset.as_view(), name="reset"),
    path(
        "reset/sent/",
        login_not_required(TemplateView.as_view(template_name="accounts/reset_sent.html")),
        name="reset_sent",
    ),
    path("reset/<uidb64>/<token>/", views.NewPassword.as_view(), name="new_password"),
    path("email/", views.change_email, name="change_email"),
    path("tokens/", views.make_token, name="make_token"),
    path("tokens/<int:number>/revoke/", views.revoke_token, name="revoke_token"),
    path("second-factor/", second_factor.ShowCode.as_view(), name="second_factor"),
    path("second-factor/set-up/", second_factor.SetUp.as_view(), name="set_up_second_factor"),
    path("second-factor/codes/", second_factor.make_codes, name="make_codes"),
    path("second-factor/remove/", second_factor.remove, name="remove_second_factor"),
    path("delete/", views.delete, name="delete"),
]
