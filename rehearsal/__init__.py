"""The `paper` profile's own code path on small files: what publishers serve, small checkpoints, and the numbers that are smaller.

    publishers.py    writes the publishers' files in their formats, with what the web does to them; sizes.yaml says how many
    checkpoints.py   writes checkpoints of tiny widths as OpenAI and the authors of the Italian BERT lay theirs out
    overlay.py       overlay.yaml over profiles/paper.yaml: sizes and counts alone, no second profile
    copying.py       the copy of the repository in which it runs
    kills.py         another rehearsal: training at profile tiny, killed again and again

In a copy of the repository, whose params.yaml chooses profile paper:

    publishers.write(served, publishers.sizes())
    overlay.write_checkpoints(hub, paper)                   # paper: the repository's profiles/paper.yaml
    overlay.write(copy / "profiles/paper.yaml", paper, hub)

`served/published/<publisher>` is what a publisher ships, `served/web/<host>/<path>` what lies at the pictures' addresses, and
`hub/<owner>/<name>` a repository of the Hugging Face hub.
"""
