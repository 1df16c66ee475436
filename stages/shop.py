"""The drawn shop: pictures with captions in Italian and German, and queries."""

import pathlib

from clip_italian import config
from clip_italian.world.shop import publishing
from clip_italian.world.shop.publishing import ShopSettings


def main() -> None:
    """Writes data/<profile>/shop."""
    publishing.write(pathlib.Path("data", config.params().profile, "shop"), config.section(ShopSettings, "shop"))
