"""Lazada Open Platform, as sellers' software sees it."""
