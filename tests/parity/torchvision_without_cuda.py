"""torchvision beside torch for the CPU: without it neither open_clip nor transformers' CLIPModel can be imported.

Its packages are made for torch with CUDA. Beside a torch without, the import fails unless two names of operators exist.
"""

import contextlib

import torch

try:
    with contextlib.suppress(ModuleNotFoundError):
        import torchvision
except RuntimeError:
    OPERATORS = torch.library.Library("torchvision", "DEF")
    OPERATORS.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    OPERATORS.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision  # noqa: F401
