"""The `paper` profile's own code path on small files: what publishers serve, small checkpoints, and the numbers that are smaller.

    publishers.py    writes the publishers' files in their formats, with what the web does to them
    checkpoints.py   writes the two checkpoints that the profile starts from, of tiny widths, as their publishers lay them out
    overlay.py       overlay.yaml over profiles/paper.yaml: sizes and counts alone, no second profile
"""
