"""In which language a caption is written, by py3langid's bundled model (Lui and Baldwin 2012); nothing is downloaded."""

import functools

from py3langid.langid import MODEL_FILE, LanguageIdentifier


@functools.cache
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(languages)
    return identifier


def margin(text: str, languages: tuple[str, ...]) -> float:
    """By how much the likeliest other language's probability exceeds that of the first of `languages`; -1 to 1.

    Raises ValueError for a language that the model does not know.
    """
    probability = dict(_identifier(languages).rank(text))
    wanted = probability.pop(languages[0])
    return float(max(probability.values(), default=0.0) - wanted)
