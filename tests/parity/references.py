"""Small models of every layout with random weights, by the libraries that define them, and what those libraries compute."""

import json
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import transformers
from safetensors.torch import load_file, save_file

WIDTH, DEPTH, HEADS, HIDDEN, SIDE, PATCH, COMMON, WORDS = 32, 3, 4, 64, 32, 8, 24, 60
VISION: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": HIDDEN,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": HEADS,
    "image_size": SIDE,
    "patch_size": PATCH,
}
BERT: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": HIDDEN,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": HEADS,
    "vocab_size": WORDS,
    "max_position_embeddings": 20,
}
XLM_ROBERTA = BERT | {"type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "max_position_embeddings": 22}


class Outputs(NamedTuple):
    """What the towers compute, by name, in the order of the computation; `projected` are unit vectors."""

    image: dict[str, torch.Tensor]
    text: dict[str, torch.Tensor]
    logits: torch.Tensor | None  # pictures by texts


class Reference(NamedTuple):
    """A folder in a system's layout, the folder of its picture half if it has one, and the model that it holds."""

    folder: pathlib.Path
    images: pathlib.Path | None
    outputs: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], Outputs]  # of normalised pixels, ids and mask
    modules: tuple[torch.nn.Module, ...]
    save: Callable[[], None]  # writes the folders anew
    fixed: bool = False  # texts must be padded to their full length


def randomised(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    """The module with weights that leave no term of the computation near zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.ndim == 0:
                continue
            spread = (1.0 if "embed" in name and parameter.ndim > 1 else 0.3) / max(parameter.shape[-1], 1) ** 0.5
            around = 1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0
            parameter.copy_(around + spread * torch.randn(parameter.shape, generator=generator))
    return module.eval()


def saved(reference: Reference) -> Reference:
    reference.save()
    return reference


def hidden(states: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    return {"embedding": states[0], "first block": states[1], "last block": states[-1]}


def watched(modules: dict[str, torch.nn.Module], run: Callable[[], torch.Tensor]) -> dict[str, torch.Tensor]:
    """What each of the modules gives while `run` runs, and then its own result as `projected`."""
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: seen.__setitem__(name, output))
        for name, module in modules.items()
    ]
    result = run()
    for hook in hooks:
        hook.remove()
    return {name: seen[name] for name in modules} | {"projected": result}


def open_clip_image(visual: Any, run: Callable[[], torch.Tensor]) -> dict[str, torch.Tensor]:
    """The stages of open_clip's vision transformer."""
    blocks = visual.transformer.resblocks
    modules = {"embedding": visual.ln_pre, "first block": blocks[0], "last block": blocks[-1], "pooled": visual.ln_post}
    stages = watched(modules, run)
    return stages | {"pooled": stages["pooled"][:, 0]}


def unit(x: torch.Tensor) -> torch.Tensor:
    return x / x.norm(dim=-1, keepdim=True)


def clip(folder: pathlib.Path, seed: int = 0) -> Reference:
    """transformers' CLIPModel: OpenAI's checkpoints."""
    text = BERT | {"eos_token_id": WORDS - 1, "bos_token_id": WORDS - 2, "pad_token_id": WORDS - 1}
    config = transformers.CLIPConfig(text_config=text, vision_config=VISION, projection_dim=COMMON)
    model = randomised(transformers.CLIPModel(config), seed)

    def outputs(pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        seen = model.vision_model(pixels, output_hidden_states=True)
        read = model.text_model(ids, mask, output_hidden_states=True)
        image = unit(model.visual_projection(seen.pooler_output))
        said = unit(model.text_projection(read.pooler_output))
        return Outputs(
            hidden(seen.hidden_states) | {"pooled": seen.pooler_output, "projected": image},
            hidden(read.hidden_states) | {"pooled": read.pooler_output, "projected": said},
            (model.logit_scale.exp() * image @ said.T).detach(),
        )

    return saved(Reference(folder, None, outputs, (model,), lambda: model.save_pretrained(folder)))


def clip_italian(folder: pathlib.Path, version: int = 5) -> Reference:
    """transformers' VisionTextDualEncoder with BERT: CLIP-Italian's published weights, in the layout of either version."""
    config = transformers.VisionTextDualEncoderConfig.from_vision_text_configs(
        transformers.CLIPVisionConfig(**VISION), transformers.BertConfig(**BERT), projection_dim=COMMON
    )
    model = randomised(transformers.VisionTextDualEncoderModel(config=config), 1)

    def save() -> None:
        model.save_pretrained(folder)
        if version == 5:
            return
        state = load_file(folder / "model.safetensors")
        old = {name.replace("vision_model.", "vision_model.vision_model.", 1): value for name, value in state.items()}
        save_file(old | {"text_model.embeddings.position_ids": torch.arange(20)[None]}, folder / "model.safetensors")

    def outputs(pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        seen = model.vision_model(pixels, output_hidden_states=True)
        read = model.text_model(ids, mask, output_hidden_states=True)
        both = model(ids, pixels, mask)
        return Outputs(
            hidden(seen.hidden_states) | {"pooled": seen.pooler_output, "projected": unit(both.image_embeds)},
            hidden(read.hidden_states) | {"pooled": read.pooler_output, "projected": unit(both.text_embeds)},
            both.logits_per_image.detach(),
        )

    return saved(Reference(folder, None, outputs, (model,), save))


def _sentence_transformer(folder: pathlib.Path, tower: Any) -> Reference:
    """sentence-transformers' multilingual CLIP: a transformer, the mean over its tokens, a linear map; pictures by CLIP."""
    pictures = clip(folder.parent / "pictures", 2)
    dense = randomised(torch.nn.Linear(WIDTH, COMMON, bias=False), 4)
    modules = {"0": ("", "Transformer"), "1": ("1_Pooling", "Pooling"), "2": ("2_Dense", "Dense")}
    entries = [
        {"idx": int(key), "name": key, "path": path, "type": f"sentence_transformers.models.{kind}"}
        for key, (path, kind) in modules.items()
    ]
    folder.mkdir(parents=True)
    for name, content in {
        "modules.json": entries,
        "sentence_bert_config.json": {"max_seq_length": 20},
        "1_Pooling/config.json": {"word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True},
        "2_Dense/config.json": {
            "in_features": WIDTH,
            "out_features": COMMON,
            "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity",
        },
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))

    def save() -> None:
        pictures.save()
        tower.save_pretrained(folder)
        torch.save({"linear.weight": dense.weight.detach()}, folder / "2_Dense/pytorch_model.bin")

    def outputs(pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        read = tower(ids, mask, output_hidden_states=True)
        weight = mask[..., None].float()
        pooled = (read.last_hidden_state * weight).sum(1) / weight.sum(1)
        text = hidden(read.hidden_states) | {"pooled": pooled, "projected": unit(dense(pooled))}
        return Outputs(pictures.outputs(pixels, ids, mask).image, text, None)

    return saved(Reference(folder, pictures.folder, outputs, (pictures.modules[0], tower, dense), save))


def multilingual_clip(folder: pathlib.Path) -> Reference:
    config = transformers.DistilBertConfig(
        dim=WIDTH, hidden_dim=HIDDEN, n_layers=DEPTH, n_heads=HEADS, vocab_size=WORDS, max_position_embeddings=20
    )
    return _sentence_transformer(folder, randomised(transformers.DistilBertModel(config), 3))


def open_clip(folder: pathlib.Path) -> Reference:
    """open_clip's CustomTextCLIP with XLM-RoBERTa: LAION's multilingual checkpoints."""
    import open_clip as library

    tower = folder / "tower"
    transformers.XLMRobertaConfig(**XLM_ROBERTA).save_pretrained(tower)
    model_cfg = {
        "embed_dim": COMMON,
        "vision_cfg": {"image_size": SIDE, "layers": DEPTH, "width": WIDTH, "patch_size": PATCH, "head_width": WIDTH // HEADS},
        "text_cfg": {
            "hf_model_name": str(tower),
            "hf_tokenizer_name": str(tower),
            "hf_proj_type": "mlp",
            "hf_pooler_type": "mean_pooler",
            "context_length": 16,  # of the tokeniser; the tower has room for 20
        },
    }
    offline = model_cfg | {"text_cfg": model_cfg["text_cfg"] | {"hf_model_pretrained": False}}
    model = randomised(library.model.CustomTextCLIP(**offline), 5)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model_cfg, "preprocess_cfg": {}}))

    def save() -> None:
        torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")

    def outputs(pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        ids = torch.where(mask.bool(), ids, 1)  # it knows padding by its id
        states = model.text.transformer(ids, ids != 1, output_hidden_states=True).hidden_states
        image = open_clip_image(model.visual, lambda: model.encode_image(pixels, normalize=True))
        text = watched({"pooled": model.text.pooler}, lambda: model.encode_text(ids, normalize=True))
        logits = (model.logit_scale.exp() * image["projected"] @ text["projected"].T).detach()
        return Outputs(image, hidden(states) | text, logits)

    return saved(Reference(folder, None, outputs, (model,), save))


def open_clip_plain(folder: pathlib.Path) -> Reference:
    """open_clip's CLIP: LAION's English checkpoints, and the picture half of M-CLIP's B/16+."""
    import open_clip as library

    folder.mkdir(parents=True, exist_ok=True)
    model_cfg = {
        "embed_dim": COMMON,
        "quick_gelu": True,
        "vision_cfg": {"image_size": SIDE, "layers": DEPTH, "width": WIDTH, "patch_size": PATCH, "head_width": WIDTH // HEADS},
        "text_cfg": {"context_length": 20, "vocab_size": WORDS, "width": WIDTH, "heads": HEADS, "layers": DEPTH},
    }
    model = randomised(library.model.CLIP(**model_cfg), 9)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model_cfg, "preprocess_cfg": {}}))

    def save() -> None:
        torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")

    def outputs(pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        ids = torch.where(mask.bool(), ids, 0)
        image = open_clip_image(model.visual, lambda: model.encode_image(pixels, normalize=True))
        blocks = model.transformer.resblocks
        text = watched({"first block": blocks[0], "last block": blocks[-1]}, lambda: model.encode_text(ids, normalize=True))
        logits = (model.logit_scale.exp() * image["projected"] @ text["projected"].T).detach()
        return Outputs(image, {"embedding": model.token_embedding(ids) + model.positional_embedding} | text, logits)

    return saved(Reference(folder, None, outputs, (model,), save))


def m_clip(folder: pathlib.Path) -> Reference:
    """M-CLIP's XLM-RoBERTa with an affine map (its code: multilingual_clip/pt_multilingual_clip.py); pictures by CLIP."""
    pictures = clip(folder.parent / "pictures", 6)
    tower, linear = transformers.XLMRobertaModel(transformers.XLMRobertaConfig(**XLM_ROBERTA)), torch.nn.Linear(WIDTH, COMMON)
    model = randomised(torch.nn.ModuleDict({"transformer": tower, "LinearTransformation": linear}), 7)
    base = folder / "base"
    tower.config.save_pretrained(base)
    config = {"model_type": "M-CLIP", "modelBase": str(base), "numDims": COMMON, "transformerDimensions": WIDTH}
    (folder / "config.json").write_text(json.dumps(config))

    def save() -> None:
        pictures.save()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")

    def outputs(pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        read = tower(torch.where(mask.bool(), ids, 1), mask, output_hidden_states=True)
        weight = mask[..., None].float()
        pooled = (read.last_hidden_state * weight).sum(1) / weight.sum(1)
        text = hidden(read.hidden_states) | {"pooled": pooled, "projected": unit(linear(pooled))}
        return Outputs(pictures.outputs(pixels, ids, mask).image, text, None)

    return saved(Reference(folder, pictures.folder, outputs, (pictures.modules[0], model), save))


def siglip(folder: pathlib.Path) -> Reference:
    """transformers' SigLIP."""
    text = BERT | {"projection_size": WIDTH, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 1}
    config = transformers.SiglipConfig(text_config=text, vision_config=VISION)
    model = randomised(transformers.SiglipModel(config), 8)

    def outputs(pixels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        seen = model.vision_model(pixels, output_hidden_states=True)
        read = model.text_model(ids, output_hidden_states=True)
        both = model(ids, pixels)
        return Outputs(
            hidden(seen.hidden_states) | {"pooled": seen.pooler_output, "projected": both.image_embeds},
            hidden(read.hidden_states) | {"projected": both.text_embeds},
            both.logits_per_image.detach(),
        )

    return saved(Reference(folder, None, outputs, (model,), lambda: model.save_pretrained(folder), fixed=True))


SYSTEMS: dict[str, Callable[[pathlib.Path], Reference]] = {
    "openai": clip,
    "clip-italian": clip_italian,
    "clip-italian, names of version 4": lambda folder: clip_italian(folder, 4),
    "multilingual CLIP": multilingual_clip,
    "open_clip, XLM-RoBERTa": open_clip,
    "open_clip": open_clip_plain,
    "M-CLIP": m_clip,
    "SigLIP": siglip,
}
