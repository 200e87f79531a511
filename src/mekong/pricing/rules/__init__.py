"""How prices come about, as plain functions."""
