"""Decisions as plain functions: no database, no clock, no Django."""
