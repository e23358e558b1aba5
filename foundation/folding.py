"""Texts in the form in which they are compared: words for search, names of organisations, web addresses.

Nothing that a person typed is stored in these forms. Two names or addresses that fold alike are probably
the same: a person decides. PostgreSQL's `unaccent` and `pg_trgm` are not in every installation (the one
that the portal brings has neither), so folding and trigrams are made here.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

MAX_WORD_LENGTH = 40
SHORTEST_CORRECTED = 4  # shorter words are too like each other

_NO_ACCENT = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "ĸ": "k",
        "ə": "e",
        "ĳ": "ij",
        "ŀ": "l",
    }
)
_WORD = re.compile(r"[^\W_]+")
_SOUNDS = (
    ("ph", "f"),
    ("th", "t"),
    ("ck", "k"),
    ("qu", "kv"),
    ("sch", "s"),
    ("sh", "s"),
    ("cz", "s"),
    ("sz", "s"),
    ("c", "k"),
    ("q", "k"),
    ("z", "s"),
    ("x", "ks"),
    ("w", "v"),
    ("y", "i"),
    ("j", "i"),
)


def fold(text: str) -> str:
    """A text in small letters without accents: “Żywiec” is “zywiec”."""
    spread = unicodedata.normalize("NFKD", text.casefold().translate(_NO_ACCENT))
    return "".join(sign for sign in spread if not unicodedata.combining(sign))


def words_in(text: str) -> list[str]:
    """Its words, folded, in their order."""
    return [word[:MAX_WORD_LENGTH] for word in _WORD.findall(fold(text))]


def sound_of(word: str) -> str:
    """How a folded word sounds, roughly, in the languages of the programme: “photonics” is “fotonik”."""
    for spelt, sounds in _SOUNDS:
        word = word.replace(spelt, sounds)
    word = re.sub(r"(.)\1+", r"\1", word)
    return word.removesuffix("s") if len(word) > SHORTEST_CORRECTED else word


def trigrams_of(word: str) -> list[str]:
    """The trigrams of how a folded word sounds, with blanks around it."""
    padded = f"  {sound_of(word)} "
    return sorted({padded[place : place + 3] for place in range(len(padded) - 2)})


# Vowels that some people write with an accent and others with two letters: Müller, Mueller; Århus, Aarhus.
_TWO_LETTERS = re.compile(r"(?<=[aou])e|(?<=a)a")
# Words that join two others; the sign “&” is no word and is left out in any case.
_JOINING = frozenset({"and", "und", "et", "og", "och", "oraz", "en", "ja", "y", "e", "i"})
# Legal forms as they are left when single letters that follow each other are put together.
_LEGAL_FORMS = frozenset(
    tuple(form.split())
    for form in (
        # Germany, Austria, Switzerland, Liechtenstein
        "ev", "gmbh", "ggmbh", "mbh", "gesmbh", "ag", "gag", "kg", "kgaa", "ohg", "gbr", "ug", "eg", "egen",
        "gmbh co kg", "co kg", "haftungsbeschrankt", "verein", "eingetragener verein", "aktiengesellschaft",
        "gesellschaft mit beschrankter haftung",
        # France, Belgium, Luxembourg, Netherlands
        "sa", "sas", "sasu", "sarl", "sprl", "srl", "scrl", "scic", "scop", "sci", "gie", "geie", "eeig",
        "asbl", "aisbl", "vzw", "ivzw", "bv", "bvba", "nv", "vof", "stichting", "vereniging",
        "association sans but lucratif", "association loi 1901", "loi 1901", "societe anonyme",
        # Italy, Spain, Portugal, Malta
        "spa", "scarl", "scrlc", "soc coop", "scpa", "scpl", "societa a responsabilita limitata",
        "societa consortile a responsabilita limitata", "societa per azioni", "sl", "slu", "sau", "slne",
        "sociedad limitada", "sociedad anonima", "lda", "limitada",
        # Poland, Czechia, Slovakia, Hungary, Slovenia, Croatia
        "sp zoo", "spzoo", "sp", "spolka zoo", "spolka z ograniczona odpowiedzialnoscia", "spolka akcyjna",
        "sro", "as", "zs", "zu", "ops", "spol sro", "kft", "zrt", "nyrt", "bt", "kht", "doo", "dd", "jdoo",
        # Baltic and Nordic countries
        "uab", "ab", "vsi", "sia", "ou", "mtu", "oy", "oyj", "ry", "aps", "amba", "fmba", "asa", "ehf", "hf",
        "viesoji istaiga", "uzdaroji akcine bendrove", "aktiebolag", "aktieselskab", "osakeyhtio",
        # Ireland, United Kingdom, elsewhere
        "ltd", "limited", "plc", "llp", "cic", "clg", "dac", "inc", "llc", "corp", "co", "se", "sce",
        # Greece, Cyprus, Bulgaria, North Macedonia, Serbia
        "αε", "εε", "οε", "επε", "ικε", "αμκε", "оод", "еоод", "ад", "еад", "доо",
    )
)  # fmt: skip
_MAX_LEGAL_FORM_WORDS = max(map(len, _LEGAL_FORMS))


@lru_cache(maxsize=8192)
def folded_name(name: str) -> str:
    """A name of an organisation as names are compared: “Müller & Söhne e.V.” is “Mueller und Soehne”.

    Without case, accents, joining words, legal form and all that is no letter or digit. Empty where
    nothing is left to compare by.
    """
    words = [word for word in _WORD.findall(fold(name)) if word not in _JOINING or len(word) == 1]
    words = [word for word in _with_initials_together(words) if word not in _JOINING]
    return _TWO_LETTERS.sub("", "".join(_without_legal_form(words)))


def _with_initials_together(words: list[str]) -> list[str]:
    """“s”, “r”, “l” are the word “srl”; a letter on its own stays."""
    together: list[str] = []
    was_initial = False
    for word in words:
        is_initial = len(word) == 1 and word.isalpha()
        if is_initial and was_initial:
            together[-1] += word
        else:
            together.append(word)
        was_initial = is_initial
    return together


def _without_legal_form(words: list[str]) -> list[str]:
    """Without the forms at the end, then without one at the beginning; never without all words."""
    while length := _form_at(words, at_end=True):
        words = words[:-length]
    length = _form_at(words, at_end=False)
    return words[length:]


def _form_at(words: list[str], *, at_end: bool) -> int:
    """How many words at that end are a legal form; 0 where none is, or nothing else would be left."""
    for length in range(min(_MAX_LEGAL_FORM_WORDS, len(words) - 1), 0, -1):
        part = words[-length:] if at_end else words[:length]
        if tuple(part) in _LEGAL_FORMS:
            return length
    return 0


_STANDARD_PORTS = {None, 80, 443}
_OF_THE_READER = frozenset(
    {"lang", "language", "locale", "hl", "fbclid", "gclid"}
)  # not of the page


@lru_cache(maxsize=8192)
def folded_address(address: str) -> str:
    """A web address as addresses are compared: not by scheme, “www.”, standard port, language or fragment.

    Percent-encoding, case and a slash at the end do not count either. What is no address is folded as a text.
    """
    text = address.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        port = parts.port
    except ValueError:
        return text.casefold()
    host = _plain_host(parts.hostname or "")
    where = host if port in _STANDARD_PORTS else f"{host}:{port}"
    path = re.sub(r"/+", "/", unquote(parts.path)).rstrip("/")
    query = _query_of_the_page(parts.query)
    return unicodedata.normalize("NFC", f"{where}{path}{query}".casefold())


def _plain_host(host: str) -> str:
    """Without “www.” and a full stop at the end; what is encoded for the name service is decoded."""
    plain = host.rstrip(".").removeprefix("www.")
    try:
        return plain.encode("ascii").decode("idna")
    except UnicodeError:
        return plain


def _query_of_the_page(query: str) -> str:
    parameters = sorted(
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name.casefold() not in _OF_THE_READER and not name.casefold().startswith("utm_")
    )
    return f"?{urlencode(parameters)}" if parameters else ""
