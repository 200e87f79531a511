"""Lazada Open Platform: products, stock, prices, orders, fulfilment and notices of one seller."""
