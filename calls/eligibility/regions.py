"""What people write where they name a region in place of a country: Europe, a part of it, or a country."""

from functools import cache, lru_cache

from calls.eligibility.country_names import DATED_NAMES, NAMES
from foundation.folding import words_in

Words = tuple[str, ...]

# Parts of Europe and names of its unions, in the languages in which they were met.
EUROPE = """\
europe, european, europeen, europeenne, europeens, europa, europaische, europaisch, europeo, europea, europeu
europie, europy, evropa, evropske, eurooppa, euroopa, europos, eiropa, avrupa, европа, европейски, ευρωπη
eu, eu27, eu28, ue, eea, ewr, efta, schengen, eurozone, euro area, eurozona, member states, cosme
balkans, balkan, western balkans, scandinavia, nordic countries, nordics, baltics, baltic states
benelux, dach, iberia, iberian peninsula, visegrad, v4, british isles, mitteleuropa, osteuropa
""".replace("\n", ",").split(",")

# Names of countries beside the English ones: in their own languages, and in those of their neighbours.
OTHER_NAMES = {
    "AL": "Shqipëria, Albanie, Albanien",
    "AT": "Österreich, Autriche, Ausztria, Rakousko",
    "BA": "Bosnia, Bosna i Hercegovina, Bosnia-Herzegovina, Bosnie-Herzégovine, Bosnien-Herzegowina",
    "BE": "Belgique, België, Belgien, Bélgica, Belgia, Flanders, Wallonia",
    "BG": "България, Bulgarie, Bulgarien",
    "BY": "Беларусь, Belarus, Biélorussie",
    "CH": "Schweiz, Suisse, Svizzera, Suiza, Szwajcaria",
    "CY": "Κύπρος, Chypre, Zypern, Kıbrıs",
    "CZ": "Česko, Česká republika, Czechia, Czech Republic, Tschechien, Tchéquie, Czechy",
    "DE": "Deutschland, Allemagne, Alemania, Germania, Niemcy, Duitsland, Tyskland, Saksa, Německo, Nemecko, "
    "Nemčija, Njemačka, Németország, Vokietija, Vācija, Saksamaa, Alemanha, Германия, Γερμανία, FRG, BRD",
    "DK": "Danmark, Danemark, Dänemark, Dinamarca, Danimarca, Dania",
    "EE": "Eesti, Estonie, Estland",
    "EL": "Ελλάδα, Ellada, Hellas, Grèce, Griechenland, Grecia, Grecja",
    "ES": "España, Espagne, Spanien, Spagna, Hiszpania, Espanha, Catalonia",
    "FI": "Suomi, Finlande, Finnland, Finlandia",
    "FR": "Frankreich, Francia, Francja, Frankrijk, Frankrike, França, Франция",
    "HR": "Hrvatska, Croatie, Kroatien, Croazia",
    "HU": "Magyarország, Hongrie, Ungarn, Ungheria, Węgry",
    "IE": "Éire, Irlande, Irland, Irlanda",
    "IS": "Islande",
    "IT": "Italia, Italie, Italien, Włochy, Włoch, Италия",
    "LT": "Lietuva, Lituanie, Litauen, Litwa",
    "LU": "Luxemburg, Lëtzebuerg, Lussemburgo",
    "LV": "Latvija, Lettonie, Lettland, Łotwa",
    "MD": "Moldavia, Moldavie, Republic of Moldova",
    "ME": "Crna Gora, Monténégro, Црна Гора",
    "MK": "Macedonia, FYROM, FYR Macedonia, Macédoine, Mazedonien, Македонија",
    "MT": "Malte",
    "NL": "Nederland, Netherlands, The Netherlands, Holland, Pays-Bas, Niederlande, Paesi Bassi, Holandia",
    "NO": "Norge, Noreg, Norvège, Norwegen",
    "PL": "Polska, Pologne, Polen, Polonia",
    "PT": "Portugalia",
    "RO": "România, Roumanie, Rumänien, Rumunia",
    "RS": "Srbija, Србија, Serbie, Serbien",
    "RU": "Россия, Russian Federation, Russie, Russland, Rosja",
    "SE": "Sverige, Suède, Schweden, Svezia, Szwecja",
    "SI": "Slovenija, Slovénie, Slowenien",
    "SK": "Slovensko, Slovaquie, Slowakei, Slovak Republic",
    "TR": "Türkiye, Turkey, Turquie, Türkei, Turchia, Turcja",
    "UA": "Україна, Ukrajina, Ukrayina, Ucrania",
    "UK": "UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland, Royaume-Uni, "
    "Vereinigtes Königreich, Großbritannien, Grande-Bretagne, Reino Unido, Regno Unito, Wielka Brytania",
    "XK": "Kosova, Косово",
}

# Before Europe they say that it is not meant; before a name that another place is meant.
AWAY_FROM = frozenset(
    "outside beyond non not extra excluding except without hors ausserhalb".split()
)
SMALL_WORDS = frozenset("of the from to de la l".split())
ANOTHER_PLACE = frozenset({"new", "south"})  # New Jersey, New South Wales


@lru_cache(maxsize=1024)
def names_europe(region: str) -> bool:
    """Whether it is Europe, a part of it, or one of its unions that is named."""
    words = words_in(region)
    return any(
        not _is_away(words, place) for name in _europe() for place in _places_of(name, words)
    )


@cache
def _europe() -> frozenset[Words]:
    return frozenset(tuple(words_in(name)) for name in EUROPE if name.strip())


def _is_away(words: list[str], place: int) -> bool:
    before = [word for word in words[:place] if word not in SMALL_WORDS]
    return bool(before) and before[-1] in AWAY_FROM


@lru_cache(maxsize=1024)
def countries_named_in(region: str) -> tuple[str, ...]:
    """Codes of the countries and territories that are named, or of the one whose code it is."""
    words = words_in(region)
    text = region.strip().upper()
    named = {text} if text in NAMES else set()
    for name, code in _names().items():
        for place in _places_of(name, words):
            if not place or words[place - 1] not in ANOTHER_PLACE:
                named.add(code)
    return tuple(sorted(named))


@cache
def _names() -> dict[Words, str]:
    named = [(name, code) for code, name in NAMES.items()]
    named += [(name, code) for code, names in DATED_NAMES.items() for _until, name in names]
    named += [(name, code) for code, names in OTHER_NAMES.items() for name in names.split(",")]
    folded = [(tuple(words_in(name)), code) for name, code in named]
    return {words[1:] if words[0] == "the" else words: code for words, code in folded if words}


def _places_of(name: Words, words: list[str]) -> list[int]:
    length = len(name)
    return [
        place
        for place in range(len(words) - length + 1)
        if tuple(words[place : place + length]) == name
    ]
