"""`mekong bench`: what Mekong reaches, each figure beside the limit it is held against in the same run."""
