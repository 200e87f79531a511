"""Mekong: omnichannel commerce for retailers and brands, Vietnam first."""

__version__ = "0.1.0"
