"""Which language a page speaks: the one its reader chose, else the site's own."""

from django.conf import settings
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation


class ChosenLocaleMiddleware(LocaleMiddleware):
    """Ignore the browser's language list.

    Most Vietnamese traders run an English browser, and the board is Vietnamese until its reader says otherwise.
    """

    def process_request(self, request: HttpRequest) -> None:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        translation.activate(chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()
