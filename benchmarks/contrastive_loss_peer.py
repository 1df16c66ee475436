"""torch's side of benchmarks/contrastive_loss.py: open_clip's ClipLoss of one process, in words of our own."""

import numpy as np
import torch
from torch.nn import functional


def run(image: np.ndarray, text: np.ndarray, scale: float, threads: int) -> list[np.ndarray]:
    """Value and gradients: both matrices of logits multiplied out, and the mean of their cross-entropies."""
    torch.set_num_threads(threads)
    inputs = [torch.tensor(one, requires_grad=True) for one in (image, text, np.float32(scale))]
    images, texts, factor = inputs
    labels = torch.arange(len(image))
    of_images, of_texts = factor * images @ texts.T, factor * texts @ images.T
    loss = (functional.cross_entropy(of_images, labels) + functional.cross_entropy(of_texts, labels)) / 2
    loss.backward()
    return [loss.detach().numpy(), *(one.grad.numpy() for one in inputs)]
