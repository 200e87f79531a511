"""Shopee Open Platform v2, as sellers' software sees it."""
