"""How well free text is matched with the closed vocabularies, and the thresholds for it."""
