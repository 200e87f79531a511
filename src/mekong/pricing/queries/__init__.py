"""Reads of prices, offers, vouchers and gift cards."""
