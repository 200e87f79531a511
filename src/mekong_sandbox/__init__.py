"""Protocol-faithful, stateful stand-ins of the platforms that Mekong sells on.

One process, one port. They are reached only over HTTP; nothing here imports the product. `world.py` puts them together;
a platform is a package with `platform.py` (what `Platform` asks of it), and is added to the list there.
"""
