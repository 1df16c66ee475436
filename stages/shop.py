"""The drawn shop: images with captions in Italian and German, and queries."""

from clip_italian import config, paths
from clip_italian.world.shop import publishing
from clip_italian.world.shop.publishing import ShopSettings


def main() -> None:
    """Writes data/<profile>/shop."""
    publishing.write(paths.shop(config.params().profile), config.section(ShopSettings, "shop"))
