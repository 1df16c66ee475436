"""Which towers the architectures of other libraries can hold, and otherwise why not, in words."""
from clip_italian.models.bert import BertSettings
from clip_italian.models.dual_encoder import DualEncoderSettings


def unlike_clip(settings: DualEncoderSettings) -> list[str]:
    """What sets the picture tower apart from that of CLIP (Radford et al. 2021); empty where nothing does."""
    image, reasons = settings.image, []
    if image.stem:
        reasons.append("the picture tower begins with convolutions (`stem`), and CLIP's does not")
    if image.pooling != "class":
        reasons.append(f"the picture tower pools by `{image.pooling}`, and CLIP's takes the class token")
    if settings.image_head != "linear":
        reasons.append(f"pictures have a head of kind `{settings.image_head}`, and CLIP's is `linear`")
    return reasons


def unlike_bert(settings: DualEncoderSettings) -> list[str]:
    """What sets the text tower apart from a BERT with a linear head; empty where nothing does. Its pooling is not looked at."""
    text = settings.text
    if not isinstance(text, BertSettings):
        return ["the text tower is that of CLIP, not a BERT"]
    reasons = []
    if not text.segments:
        reasons.append("the text tower has no token types, as DistilBERT, and BERT has them")
    if text.first_position:
        reasons.append(f"positions begin at {text.first_position}, as in XLM-RoBERTa, and BERT's at 0")
    if settings.text_head != "linear":
        reasons.append(f"texts have a head of kind `{settings.text_head}`; only `linear` is exported")
    return reasons


def unlike_clip_italian(settings: DualEncoderSettings) -> list[str]:
    """What sets the model apart from CLIP-Italian's: CLIP's picture tower beside a BERT with its pooler."""
    reasons = unlike_clip(settings) + unlike_bert(settings)
    if isinstance(settings.text, BertSettings) and settings.text.pooling != "pooler":
        reasons.append(f"the text tower pools by `{settings.text.pooling}`, not by BERT's pooler")
    if settings.logit_bias:
        reasons.append("the logits have a bias, as SigLIP's")
    return reasons
