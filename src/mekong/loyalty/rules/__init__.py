"""Points and tiers, as plain functions."""
