"""One module per stage of dvc.yaml: read settings, call the library, write outputs."""
