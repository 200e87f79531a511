"""WooCommerce REST API v3, as a shop's software sees it."""
