"""The countermeasure of our own: a small network that tells bona fide speech from replayed and synthetic speech."""
