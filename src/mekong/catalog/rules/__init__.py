"""Decisions of the catalog: plain functions, no database, no clock."""
