"""How images are stored, and how views of them are drawn."""

import pydantic

from clip_italian.config import Settings
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.images.images import ImageLimits
from clip_italian.data.images.resizing import Resize


class ImageSettings(Settings):
    """Section `images` of a profile."""

    seed: int  # of the augmented views
    limits: ImageLimits
    resize: Resize  # of the images that models learn from and are validated on; those of the tests are antialiased, as in 2021
    stored: int  # pixels along the sides of stored images that views are drawn of
    side: int  # pixels along the sides of what the models see, and of all other stored images
    views: int  # augmented views of each training image for the frozen phase
    per_shard: int  # images in a shard
    views_of: str  # the name of the augmentation that these views are drawn with
    augmentations: dict[str, AugmentationSettings]  # by name, for arms to choose among

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> "ImageSettings":
        if self.views_of not in self.augmentations:
            raise ValueError(f"`views_of` is {self.views_of}, which is none of `augmentations`: {', '.join(self.augmentations)}")
        for name, one in self.augmentations.items():
            if one.crop > self.stored:
                raise ValueError(f"augmentation {name}: its crop of {one.crop} is larger than the stored {self.stored}")
        return self
