"""What prices, offers, vouchers and gift cards answer with."""
