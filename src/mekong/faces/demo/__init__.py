"""The demo: the made-up shop “Mộc Lan”, its people, places, channels and first orders."""
