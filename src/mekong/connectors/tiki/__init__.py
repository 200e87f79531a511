"""Tiki Open API: products, stock, prices, orders and their confirmation, for one seller."""
