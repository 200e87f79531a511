"""TikTok Shop Partner API, as sellers' software sees it."""
