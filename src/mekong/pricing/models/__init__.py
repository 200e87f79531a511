"""Tables of prices, offers, vouchers and gift cards."""
