"""The shapes of the drawn world: how each noun is drawn."""
