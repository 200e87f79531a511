"""Who is really there: sessions, second factors, from where and when roles open, locks, seats."""
