"""Shopee Open Platform v2: products, stock, prices, orders, shipping and notices of one shop."""
