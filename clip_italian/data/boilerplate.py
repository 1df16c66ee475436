"""What pages put around captions and what says nothing about a picture: credits, links to other pages, stock agencies' tails.

Every pattern names the source in which it is common. They are cut out of a caption; nothing else of it changes.
"""

import re

AGENCIES = (
    "ANSA|AP|AFP|EPA|LaPresse|Reuters|Getty(?: Images)?|Shutterstock|iStock(?:photo)?|Alamy|Adobe Stock|Unsplash|Pixabay|"
    "Wikimedia(?: Commons)?|IPA|Imago|AGF|Fotogramma|Contrasto|Dreamstime|Depositphotos|123RF|Fotolia"
)
# A name as credits have it: "Mario Rossi", "X", "R. De Luca/ANSA", "Claudio Peri via Getty Images".
# Atomic and with a separator that no name begins or ends with: nothing can be cut in two ways, so no text takes long.
NAME = r"(?-i:(?>[A-ZÀ-Ý][\w.'’-]*))"
CREDITED = rf"{NAME}(?:(?: ?[/,&|] ?| [–-] | via | per | e | ){NAME})*"
PICTURE = r"(?:foto(?:grafia)?|photo|ph\.?|immagine|image|credits?|crediti|fonte|copyright|©)"

PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Il Post, news: "(Foto: Mario Rossi/ANSA)", "(foto di Mario Rossi)", "(Photo by X/Getty Images)", "[© X]".
        rf"\s*[(\[]\s*{PICTURE}\s*(?::|\bdi\b|\bby\b|\bcourtesy\b|/)?\s*{CREDITED}\s*[)\]]",
        # Il Post: "(AP Photo/Andrew Medichini)", "(ANSA/CLAUDIO PERI)", "(Claudio Peri/ANSA)", "(LaPresse)".
        rf"\s*\((?:{CREDITED}\s*[/-]\s*)?(?-i:{AGENCIES})\b(?:\s+(?:photo|foto))?(?:\s*[/,-]\s*{CREDITED})?\)",
        # News and alt-texts: a credit after the end of a sentence, "Una casa. Foto di Mario Rossi", "Una casa - Foto: X".
        rf"(?<=[.!?;|–-])\s*{PICTURE}\s*(?::|\bdi\b|\bby\b)\s*{CREDITED}\s*\.?$",
        # Alt-texts: a credit and nothing else. With a colon only: "Foto di Roma" may say what there is to see.
        rf"^{PICTURE}\s*:\s*{CREDITED}(?:\s*/\s*{CREDITED})+$",
        rf"^{PICTURE}\s*:\s*(?-i:{AGENCIES})$",
        # WIT: the prefix of a page of pictures, "File:Gatto.jpg"; and "Immagine: un gatto", "Foto: un gatto".
        r"^(?:file|immagine|image|foto|photo|didascalia|caption|alt)\s*:\s*",
        # News: "foto di repertorio"; Conceptual Captions in translation: "stock photo" as "foto d'archivio".
        r"\s*[(\[]\s*(?:foto|fotografia) (?:di repertorio|d['’]archivio)\s*[)\]]",
        r"(?:^|\s*[-–—|,;:.]\s*)(?:foto|fotografia) (?:di repertorio|d['’]archivio)\s*\.?$",
        # News: what leads to another page.
        r"\s*[(\[]?\s*\b(?:leggi (?:anche|pure|tutto)|continua a leggere|guarda (?:anche|il video|la gallery|le foto)|"
        r"clicca (?:qui|per ingrandire|sull['’]immagine)|read more|click (?:here|to enlarge))\b.*$",
        # Conceptual Captions: the tails of stock agencies, "un gatto stock photo", "un gatto, illustrazione stock".
        r"(?:^|\s*[-–—|,;:.(]?\s*)\b(?:royalty[- ]free\s+)?(?:stock (?:photos?|photography|images?|illustrations?|vectors?|"
        r"footage)|royalty[- ]free (?:photos?|images?)|(?:foto|fotografi[ae]|immagin[ei]|illustrazion[ei]|vettorial[ei]|"
        r"vettori|video) (?:di )?stock|(?:foto|immagin[ei]) (?:royalty[- ]free|esenti da diritti))\s*[).]?$",
        rf"\s*[-–—|©]\s*(?-i:{AGENCIES})\s*$",
    )
)


def without(text: str) -> str:
    """The text without boilerplate; empty when it is nothing else."""
    for pattern in PATTERNS:
        text = pattern.sub("", text)
    return text.strip()
