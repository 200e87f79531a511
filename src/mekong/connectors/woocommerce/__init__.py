"""WooCommerce REST v3: products, stock, prices, orders and notices of a retailer's own web shop."""
