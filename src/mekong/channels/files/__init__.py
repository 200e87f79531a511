"""Orders by file, for shops without API keys: an export of the platform's seller centre comes in as orders."""

from mekong.channels.files.importing import import_orders
from mekong.channels.files.stock import write_stock_file

__all__ = ["import_orders", "write_stock_file"]
