"""The demo as a Hugging Face Space, with this file at its top: docs/demo.md says what goes there."""

from clip_italian.cli import demo

demo.serve(demo.chosen_demo())
