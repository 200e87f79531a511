"""Shopify Admin API (GraphQL): products, stock, prices, orders, fulfilment and notices of a retailer's own web shop."""
