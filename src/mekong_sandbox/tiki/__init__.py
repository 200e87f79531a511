"""Tiki Open API, as sellers' software sees it."""
