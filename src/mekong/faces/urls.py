"""Every address that Django serves. The express lane's are in `mekong.faces.web`."""

from django.urls import URLPattern, URLResolver, include, path

from mekong.faces import feeds
from mekong.faces.express import actions

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("mekong.faces.api.urls")),
    path("live/buy", actions.buy),
    path("live/put-back", actions.put_back),
    path("feeds/<str:key>/<str:name>", feeds.feed),
    path("", include("mekong.faces.backoffice.urls")),
]

handler403 = "mekong.faces.backoffice.views.doors.forbidden"
handler404 = "mekong.faces.backoffice.views.doors.not_found"
handler500 = "mekong.faces.backoffice.views.doors.broken"
