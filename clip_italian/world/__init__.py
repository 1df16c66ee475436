"""The drawn world: small images of real things, each with its truth and with captions in the language of a profile."""
