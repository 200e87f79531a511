"""What the marketplaces ask about products: one tree of categories, told by each platform in its own numbers and JSON."""
