"""The study at profile `paper` on small files: what `make rehearse` runs."""
