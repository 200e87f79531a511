"""Test control: make shops and products, move orders on, break things, look inside."""
