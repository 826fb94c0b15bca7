"""What is decided, what it is worth exactly (the witness, which shares nothing with the model), and its document."""

from typing import TYPE_CHECKING

from serflow_opt.ground.moved import old_names

if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)
