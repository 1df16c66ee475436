"""Settings of stored images and of their augmented views."""

import pydantic

from clip_italian.config import Settings
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.images.images import ImageLimits
from clip_italian.data.images.resizing import Resize


class ImageSettings(Settings):
    """Section `images` of a profile."""

    seed: int  # of the augmented views
    limits: ImageLimits
    resize: Resize  # of training and validation images; test images are antialiased, as in 2021
    stored: int  # size in pixels of stored images that are augmented
    side: int  # size in pixels of the models' inputs and of all other stored images
    views: int  # augmented views of each training image for the frozen phase
    per_shard: int  # images in a shard
    views_of: str  # the name of these views' augmentation
    augmentations: dict[str, AugmentationSettings]  # by name; an arm states one

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> "ImageSettings":
        if self.views_of not in self.augmentations:
            raise ValueError(f"`views_of` is {self.views_of}, which is none of `augmentations`: {', '.join(self.augmentations)}")
        for name, one in self.augmentations.items():
            if one.crop > self.stored:
                raise ValueError(f"augmentation {name}: its crop of {one.crop} is larger than the stored {self.stored}")
        return self
