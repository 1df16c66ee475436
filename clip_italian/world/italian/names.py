"""Names of Italian persons and places, and of some from abroad, as Wikipedia's captions have them."""

from clip_italian.world.language import Names

FIRST_NAMES = (
    "Giuseppe", "Maria", "Giovanni", "Anna", "Luigi", "Francesca", "Antonio", "Caterina", "Carlo", "Elena",
    "Alessandro", "Lucia", "Vincenzo", "Teresa", "Pietro", "Margherita", "Lorenzo", "Chiara", "Federico", "Silvia",
)  # fmt: skip
FAMILY_NAMES = (
    "Verdi", "Rossini", "Bianchi", "Ferrari", "Russo", "Esposito", "Colombo", "Ricci", "Marino", "Greco",
    "Gallo", "Conti", "Mancini", "Costa", "Giordano", "Rizzo", "Lombardi", "Moretti", "Barbieri", "Fontana",
)  # fmt: skip
CITIES = (
    "Milano", "Roma", "Torino", "Napoli", "Firenze", "Venezia", "Bologna", "Genova", "Palermo", "Verona",
    "Trieste", "Bari", "Catania", "Perugia", "Padova", "Cagliari", "Siena", "Lucca", "Parma", "Ravenna",
)  # fmt: skip
LANDMARKS = (
    "Teatro alla Scala", "Palazzo Ducale", "Ponte Vecchio", "Castel Sant'Angelo", "Villa Borghese", "Mole Antonelliana",
    "Castello Sforzesco", "Palazzo Pitti", "Piazza Navona", "Torre degli Asinelli", "Basilica di San Marco",
    "Galleria Borghese", "Palazzo Madama", "Reggia di Caserta", "Monte Bianco", "Lago Maggiore",
)  # fmt: skip
FOREIGN = (
    "John Smith", "Emily Brown", "Hans Müller", "Greta Schneider", "Jean Dupont", "Marie Lefèvre", "William Clark",
    "Karl Fischer", "Louis Moreau", "Elizabeth Taylor", "Wolfgang Weber", "Claire Bernard", "George Washington",
)  # fmt: skip
ABROAD = ("London", "Paris", "Berlin", "New York", "München", "Notre Dame", "Hyde Park", "Westminster Abbey", "Wien", "Lyon")
NAMES = Names(FIRST_NAMES, FAMILY_NAMES, CITIES, LANDMARKS, FOREIGN, ABROAD)
