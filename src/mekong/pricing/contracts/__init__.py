"""What pricing takes and gives across its border."""
