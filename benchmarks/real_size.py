"""A folder as large as CLIP-Italian's, with random weights, and the library that the model is defined in.

For the benchmarks that need the environment of `make parity`.
"""

import pathlib

import torch
import transformers

import tests.parity.torchvision_without_cuda  # noqa: F401  (before transformers imports a model)

VOCABULARY = 31102  # words of dbmdz/bert-base-italian-xxl-cased
LETTERS = "abcdefghijklmnopqrstuvwxyzàèéìòù'.,0123456789"


def configuration() -> transformers.VisionTextDualEncoderConfig:
    """ViT-B/32 of OpenAI and BERT-base: CLIP-Italian's towers and its common space."""
    vision = transformers.CLIPVisionConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, image_size=224, patch_size=32
    )
    text = transformers.BertConfig(vocab_size=VOCABULARY)
    return transformers.VisionTextDualEncoderConfig.from_vision_text_configs(vision, text, projection_dim=512)


def write(folder: pathlib.Path) -> None:
    """Writes 198 million random weights, their configuration, and a tokeniser of letters."""
    torch.manual_seed(0)
    transformers.VisionTextDualEncoderModel(config=configuration()).save_pretrained(folder)
    transformers.CLIPImageProcessor().save_pretrained(folder)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    transformers.BertTokenizer({piece: number for number, piece in enumerate(pieces)}).save_pretrained(folder)
