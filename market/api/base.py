"""What every view of the API shares."""

from typing import Any

from django.conf import settings
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.request import Request
from rest_framework.views import APIView

from market.api.access import ReadAllowed, ReaderSessionAuthentication, TokenAuthentication
from market.api.throttles import CallerThrottle, address_of, spend


class ApiView(APIView):
    """A view that is read only: any other method is refused."""

    authentication_classes = [TokenAuthentication, ReaderSessionAuthentication]
    permission_classes = [ReadAllowed]
    throttle_classes = [CallerThrottle]
    http_method_names = ["get", "head", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let a request in. Refusals count for the address: guessing tokens must not cost a query for ever."""
        guesses = f"refused:{address_of(request)}"
        if wait := spend(guesses, settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS, cost=0):
            raise Throttled(wait)
        try:
            super().initial(request, *args, **kwargs)
        except (AuthenticationFailed, NotAuthenticated):
            spend(guesses, settings.API_REQUESTS_PER_MINUTE_PER_ADDRESS)
            raise
