"""Every address that Django serves. The express lane's are in `mekong.faces.web`."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
