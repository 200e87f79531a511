"""Every page's address."""

from __future__ import annotations

from django.urls import URLPattern, path

from mekong.faces.backoffice.views import doors, palette

urlpatterns: list[URLPattern] = [
    path("sign-in/", doors.sign_in),
    path("sign-out/", doors.sign_out),
    path("password/", doors.password),
    path("preferences/", doors.preferences),
    path("media/<path:path>", doors.media),
    path("last-unit/", doors.last_unit),
    path("palette/", palette.palette),
    path("parts/pulse/", palette.pulse),
]
