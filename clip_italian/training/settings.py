"""What an arm of the study is: section `training` of a profile with the overrides of `arms`."""
import pydantic

from clip_italian.config import Settings
from clip_italian.training.optimiser import OptimiserSettings


class TrainingSettings(Settings):
    """Both phases of one arm."""

    batch: int  # pairs
    # Pairs among which a pair has its negatives; divides the batch. All of a batch today; in 2021 one device's share of it.
    negatives: int
    updates: int  # of both phases together, the same for every arm
    frozen_updates: int  # of them with both backbones frozen
    tuned: bool  # false: the model is what the frozen phase leaves
    evaluate_every: int  # updates between validations; the checkpoint of least validation loss is kept
    valid_examples: int  # pictures of the validation split that are used, with their first captions
    max_tokens: int  # longest caption, specials included
    token_multiple: int  # captions of a batch are padded to a multiple of it
    augmentation: bool
    learned_scale: bool  # whether the factor on the cosines is a parameter
    scale: float  # its first or only value
    sigmoid_bias: float | None  # first value of a learned bias, with which the loss is the sigmoid one; null: the softmax loss
    locked: list[str]  # parts of the model that no phase trains; LiT locks the image side (Zhai et al. 2022)
    left_out: list[str]  # sources whose pairs the arm never sees
    frozen_optimiser: OptimiserSettings
    optimiser: OptimiserSettings

    @pydantic.model_validator(mode="after")
    def _whole_blocks(self) -> "TrainingSettings":
        if self.negatives < 2 or self.batch % self.negatives:
            raise ValueError(f"`negatives` is {self.negatives}, which must be at least 2 and divide `batch`, {self.batch}")
        return self
