"""An index of images: build it once, search it with sentences."""
