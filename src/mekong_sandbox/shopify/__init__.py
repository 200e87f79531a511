"""Shopify Admin API, as an app of a shop sees it."""
