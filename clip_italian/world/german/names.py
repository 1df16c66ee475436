"""Names of German persons and places, and of some from abroad, as Wikipedia's captions have them.

No family name is a word of the lexicon: Koch and Braun would be.
"""

from clip_italian.world.language import Names

FIRST_NAMES = (
    "Hans", "Anna", "Karl", "Maria", "Friedrich", "Elisabeth", "Wilhelm", "Johanna", "Heinrich", "Charlotte",
    "Otto", "Clara", "Ludwig", "Käthe", "Georg", "Margarete", "Ernst", "Sophie", "Johannes", "Helene",
)  # fmt: skip
FAMILY_NAMES = (
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Wagner", "Becker", "Schulz", "Hoffmann", "Richter",
    "Krüger", "Hartmann", "Lehmann", "Köhler", "Zimmermann", "Brandt", "Vogt", "Sommer", "Winkler", "Lorenz",
)  # fmt: skip
CITIES = (
    "Berlin", "Hamburg", "München", "Köln", "Frankfurt", "Stuttgart", "Leipzig", "Dresden", "Bremen", "Hannover",
    "Nürnberg", "Wien", "Zürich", "Salzburg", "Graz", "Basel", "Weimar", "Lübeck", "Heidelberg", "Potsdam",
)  # fmt: skip
LANDMARKS = (
    "Kölner Dom", "Brandenburger Tor", "Schloss Neuschwanstein", "Frauenkirche", "Semperoper", "Reichstag", "Museumsinsel",
    "Schloss Sanssouci", "Wartburg", "Zwinger", "Schloss Schönbrunn", "Stephansdom", "Hofburg", "Thomaskirche", "Zugspitze",
    "Bodensee",
)  # fmt: skip
FOREIGN = (
    "John Smith", "Emily Brown", "Mario Rossi", "Giulia Bianchi", "Jean Dupont", "Marie Lefèvre", "William Clark",
    "Luigi Esposito", "Louis Moreau", "Elizabeth Taylor", "Francesca Ricci", "Claire Bernard", "George Washington",
)  # fmt: skip
ABROAD = ("London", "Paris", "Roma", "New York", "Milano", "Notre Dame", "Hyde Park", "Westminster Abbey", "Firenze", "Lyon")
NAMES = Names(FIRST_NAMES, FAMILY_NAMES, CITIES, LANDMARKS, FOREIGN, ABROAD)
