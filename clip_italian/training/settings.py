"""What an arm of the study is: section `training` of a profile with the overrides of `arms`."""
from clip_italian.config import Settings
from clip_italian.training.optimiser import OptimiserSettings


class TrainingSettings(Settings):
    """Both phases of one arm."""

    batch: int  # pairs; all others of the batch are a pair's negatives
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
    frozen_optimiser: OptimiserSettings
    optimiser: OptimiserSettings
