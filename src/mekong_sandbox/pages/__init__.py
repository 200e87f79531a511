"""Pages for people: look at a listing as a shopper, buy it, and say yes to an app as a seller."""

from mekong_sandbox.pages.routes import answer

__all__ = ["answer"]
