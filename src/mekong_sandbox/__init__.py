"""Protocol-faithful, stateful stand-ins of Shopee Open Platform v2 and Lazada Open Platform.

One process, one port. The two marketplaces are reached only over HTTP; nothing here imports the product.
"""
