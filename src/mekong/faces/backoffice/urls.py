"""Every page's address."""

from __future__ import annotations

from django.urls import URLPattern, path

from mekong.faces.backoffice.views import channels, doors, home, live, order, orders, palette, product_form, product_import, products, stock, stock_card

urlpatterns: list[URLPattern] = [
    path("", home.home),
    path("sign-in/", doors.sign_in),
    path("sign-out/", doors.sign_out),
    path("password/", doors.password),
    path("preferences/", doors.preferences),
    path("media/<path:path>", doors.media),
    path("last-unit/", doors.last_unit),
    path("palette/", palette.palette),
    path("parts/pulse/", palette.pulse),
    path("channels/", channels.channels),
    path("channels/new/", channels.create),
    path("channels/<slug:code>/", channels.channel),
    path("channels/<slug:code>/act/", channels.act),
    path("channels/<slug:code>/authorise/", channels.authorise),
    path("channels/<slug:code>/authorised/", channels.authorised),
    path("channels/<slug:code>/listings/<int:listing>/", channels.on_platform),
    path("live/", live.live),
    path("live/figures/", live.figures),
    path("orders/", orders.orders),
    path("orders/bulk/", orders.bulk),
    path("orders/<str:code>/", order.order),
    path("orders/<str:code>/act/", order.act),
    path("orders/<str:code>/reveal/", order.reveal),
    path("products/", products.products),
    path("products/suggest/", products.suggest),
    path("products/new/", product_form.create),
    path("products/import/", product_import.upload),
    path("products/import/confirm/", product_import.confirm),
    path("products/import/errors/", product_import.errors_file),
    path("products/export/", product_import.export),
    path("products/template/", product_import.template),
    path("products/<path:sku>/edit/", product_form.edit),
    path("products/<path:sku>/archive/", products.archive),
    path("products/<path:sku>/restore/", products.restore),
    path("products/<path:sku>/picture/", products.picture),
    path("products/<path:sku>/", products.product),
    path("stock/", stock.stock),
    path("stock/adjust/", stock.adjust),
    path("stock/adjust/undo/", stock.undo_adjust),
    path("stock/controls/", stock.controls),
    path("stock/controls/<uuid:uid>/remove/", stock.remove_control),
    path("stock/<path:sku>/low/", stock_card.reorder_level),
    path("stock/<path:sku>/", stock_card.card),
]
