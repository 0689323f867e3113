"""Neither apps nor recovery codes in the admin: whoever saw them there could show them.

Users look after their own on the page of the account; `manage.py reset_second_factor` takes a lost one away.
"""

from django.contrib import admin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

admin.site.unregister([StaticDevice, TOTPDevice])
