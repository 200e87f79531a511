"""Every address that Django serves. The express lane's are in `mekong.faces.web`."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("mekong.faces.api.urls")),
]
