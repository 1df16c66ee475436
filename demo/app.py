"""The demo as a Hugging Face Space, with this file at its top: docs/demo.md says what goes there."""

from clip_italian.use.demo import command

command.serve(command.chosen_demo())
