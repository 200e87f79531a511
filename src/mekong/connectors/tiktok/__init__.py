"""TikTok Shop Partner API: products, stock, prices, orders, shipping and notices of one shop."""
