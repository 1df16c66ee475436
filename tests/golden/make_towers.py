"""Makes towers.npz: tiny random towers of Hugging Face transformers with their weights, inputs and outputs.

Not run by the tests: it needs torch, which the study does without. In an environment of its own with torch 2.13.0 (CPU)
and transformers 5.23.0: `python tests/golden/make_towers.py tests/golden/towers.npz`. Initial weights are several times wider
than usual, so that activations leave the range where their approximations agree. Weights keep the names of published
checkpoints: `vision_model.` and `text_model.` before CLIP's, none before BERT's.
"""

import sys

import numpy as np
import torch
from transformers import BertConfig, BertModel, CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
WIDE = {"initializer_range": 0.2, "attn_implementation": "eager"}
CLIP_INIT = {"initializer_factor": 2.0, "attn_implementation": "eager", "projection_dim": 8}
VOCABULARY, POSITIONS, END = 40, 12, 39
LENGTHS = (12, 7, 3)  # real tokens of each text


def texts(first: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids, 0 behind each text's end, and the mask of what is real; the last real id of each is END."""
    mask = torch.arange(POSITIONS)[None] < torch.tensor(LENGTHS)[:, None]
    ids = torch.where(mask, torch.randint(first, END, mask.shape), 0)
    ids[torch.arange(len(LENGTHS)), torch.tensor(LENGTHS) - 1] = END
    return ids, mask


def randomise(model: torch.nn.Module) -> torch.nn.Module:
    """Gives biases and norms, which start at zeros and ones, random values too."""
    for parameter in model.parameters():
        if parameter.ndim == 1:
            parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def record(prefix: str, model: torch.nn.Module, inputs: dict[str, torch.Tensor], names: str) -> dict[str, np.ndarray]:
    """Weights, inputs, and the outputs: embedding layer, first block, pooled."""
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True)
    outputs = {"embedded": output.hidden_states[0], "first": output.hidden_states[1], "pooled": output.pooler_output}
    weights = {name if name.startswith(names) else names + name: value for name, value in model.state_dict().items()}
    parts = {"weights": weights, "inputs": inputs, "outputs": outputs}
    return {f"{prefix}/{part}/{name}": value.numpy() for part, content in parts.items() for name, value in content.items()}


def main(path: str) -> None:
    torch.manual_seed(0)
    bert = BertConfig(vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, **SIZES, **WIDE)
    image = CLIPVisionConfig(image_size=24, patch_size=8, **SIZES, **CLIP_INIT)
    text = CLIPTextConfig(
        vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, eos_token_id=END, bos_token_id=0, **SIZES, **CLIP_INIT
    )
    ids, mask = texts(first=1)
    # CLIP's own tokeniser pads with the end token; what stands behind the first one changes nothing.
    causal_ids, causal_mask = torch.where(mask, ids, END), mask
    arrays = {
        **record("bert", randomise(BertModel(bert)), {"input_ids": ids, "attention_mask": mask}, ""),
        **record("vision", randomise(CLIPVisionModel(image)), {"pixel_values": torch.randn(3, 3, 24, 24)}, "vision_model."),
        **record("text", randomise(CLIPTextModel(text)), {"input_ids": causal_ids}, "text_model."),
        "text/inputs/mask": causal_mask.numpy(),
    }
    np.savez(path, **{name: value for name, value in arrays.items() if not name.endswith("position_ids")})


if __name__ == "__main__":
    main(*sys.argv[1:])
