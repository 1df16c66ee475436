"""Scripts that load an exported folder with the library it was made for, in any environment that has that library.

`python load_<library>.py FOLDER INPUTS RESULT`: INPUTS holds `texts.json` and pictures; RESULT becomes an `.npz` with `image` and
`text`, unit vectors, and whatever else the library says of the folder. They import nothing of this repository.
"""
