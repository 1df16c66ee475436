"""A folder of pictures, encoded once, and searched in words: `python -m clip_italian index FOLDER`."""
