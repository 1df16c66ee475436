"""The demo: pictures found in words, words found for pictures, and where in a picture something is."""
