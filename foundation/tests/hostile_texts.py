"""Hostile, foreign and clumsy texts, by kind, with what becomes of each as a text, a line and an identifier.

`UNCHANGED` says that a text is stored as it was typed. An empty result means that nothing is left of it: a
field that must be filled in refuses it.
"""

from dataclasses import dataclass

UNCHANGED = object()


@dataclass(frozen=True)
class Hostile:
    kind: str
    text: str
    as_text: object = UNCHANGED
    as_line: object = UNCHANGED
    as_identifier: object = UNCHANGED

    def __str__(self) -> str:
        return f"{self.kind}-{self.text[:12].encode('ascii', 'backslashreplace').decode()}"

    def expected(self, form: str) -> str:
        wanted = getattr(self, f"as_{form}")
        return self.text if wanted is UNCHANGED else wanted


def _control(code: int) -> Hostile:
    return Hostile("control", f"a{chr(code)}b", "ab", "ab", "ab")


def _break(sent: str) -> Hostile:
    return Hostile("line break", f"a{sent}b", "a\nb", "a b", "a b")


def _noncharacter(code: int) -> Hostile:
    return Hostile("noncharacter", f"a{chr(code)}b", "ab", "ab", "ab")


def _half_pair(code: int) -> Hostile:
    return Hostile("surrogate", f"a{chr(code)}b", *["a\N{REPLACEMENT CHARACTER}b"] * 3)


def _format(code: int) -> Hostile:
    return Hostile("format", f"a{chr(code)}b", UNCHANGED, UNCHANGED, "ab")


def _unseen(text: str) -> Hostile:
    return Hostile("nothing visible", text, UNCHANGED, "", "")


def _bidirectional(text: str, identifier: str) -> Hostile:
    return Hostile("bidirectional", text, UNCHANGED, UNCHANGED, identifier)


def _bullet(code: int) -> Hostile:
    clean = "\N{BULLET} a"
    return Hostile("Word bullet", f"{chr(code)} a", clean, clean, clean)


def _unchanged(kind: str, *texts: str) -> list[Hostile]:
    return [Hostile(kind, text) for text in texts]


HOSTILE: list[Hostile] = [
    *map(_control, [0, 1, 2, 7, 8, 0x0E, 0x1A, 0x1B, 0x1F, 0x7F, 0x80, 0x84, 0x86, 0x9B, 0x9F]),
    Hostile("control", "\x00", "", "", ""),
    Hostile("control", "\x1b[31mred\x1b[0m", *["[31mred[0m"] * 3),
    Hostile("control", "\ttab", UNCHANGED, "tab", "tab"),
    Hostile("control", "a\tb", UNCHANGED, "a b", "a b"),
    *map(_break, ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]),
    Hostile("line break", "a\n\r\nb", "a\n\nb", "a b", "a b"),
    Hostile("line break", "Subject: x\r\nBcc: all@example.eu", "Subject: x\nBcc: all@example.eu",
            *["Subject: x Bcc: all@example.eu"] * 2),
    *map(_noncharacter, [0xFFFE, 0xFFFF, 0xFDD0, 0xFDEF, 0x1FFFE, 0x8FFFF, 0x10FFFF]),
    *map(_half_pair, [0xD800, 0xDBFF, 0xDC00, 0xDFFF]),
    # Kept where people write; out of what is compared letter by letter.
    *map(_format, [0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0x2061, 0x2064, 0xFEFF, 0x61C,
                   0xFFF9, 0xFFFB, 0xE0001, 0xE0041]),
    Hostile("format", "\ufeffBOM", UNCHANGED, UNCHANGED, "BOM"),
    *map(_unseen, ["\u200b", "\u200b\u200b", "\u00ad", "\ufeff", "\u2060", "\u200d", "\u3164", "\u115f",
                   "\u2800", "\u202e\u202c", "\ufe0f", "\u034f", "\U000e0020"]),
    _unseen(" "), _unseen("\u00a0"), _unseen("\u2003\u3000"),
    _bidirectional("\u202eabc", "abc"), _bidirectional("\u202eabc\u202c", "abc"),
    _bidirectional("\u202abc\u202c", "bc"), _bidirectional("\u202dabc", "abc"),
    _bidirectional("\u2066abc", "abc"), _bidirectional("\u2067abc\u2069", "abc"),
    _bidirectional("\u2068abc", "abc"), _bidirectional("abc\u2069\u2069", "abc"),
    _bidirectional("invoice\u202efdp.exe", "invoicefdp.exe"), _bidirectional("\u202e" * 50 + "x", "x"),
    *_unchanged("right to left", "עברית", "שלום world", "العربية", "مرحبا 123 abc", "ܐܪܡܝܐ", "ދިވެހި"),
    Hostile("right to left", "می\u200cخواهم", UNCHANGED, UNCHANGED, "میخواهم"),
    *map(_bullet, [0xF0B7, 0xF0A7, 0xF0D8, 0xF076, 0xF0FC, 0xF06E]),
    Hostile("Word bullet", "\uf0b7\tone\n\uf0b7\ttwo", "•\tone\n•\ttwo", "• one • two", "• one • two"),
    Hostile("Word bullet", "\uf043 in a list", *["• in a list"] * 3),
    Hostile("Word bullet", "a \uf0e0 b", *["a → b"] * 3),
    *_unchanged("private use", "a\ue000b", "a\uf8ffb", "a\U000f0000b", "a\U0010fffdb", "\uf061"),
    *_unchanged("unassigned", "a\u0378b", "a\U000e0fffb"),
    *_unchanged("composed", "café", "Łódź", "Ångström", "İstanbul", "straße", "Ørsted", "ﬁn", "Ⅷ", "½", "①", "ａｂｃ"),
    Hostile("combining", "cafe\u0301", UNCHANGED, UNCHANGED, "café"),
    Hostile("combining", "A\u030angstro\u0308m", UNCHANGED, UNCHANGED, "Ångström"),
    Hostile("combining", "\u212b", UNCHANGED, UNCHANGED, "Å"),
    *_unchanged("combining", "Z\u0351\u036b\u036a\u0302\u036b\u033d", "a" + "\u0335" * 100, "\u0301", "ก็็็็็"),
    *_unchanged("emoji", "👍", "👍🏽", "🇪🇺", "☺️", "🥨 Brezel", "1️⃣"),
    *[Hostile("emoji", text, UNCHANGED, UNCHANGED, plain) for text, plain in [
        ("👩‍👩‍👧‍👦", "👩👩👧👦"), ("🏳️‍🌈", "🏳️🌈"), ("👩🏾‍🚀", "👩🏾🚀"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏴"),
    ]],
    *_unchanged("script", "Ελληνικά", "Български", "Српски", "Հայերեն", "ქართული", "हिन्दी", "中文", "日本語", "한국어", "ไทย",
           "አማርኛ", "Malti ħ ġ ż", "𝕬𝖇𝖈", "𠜎"),
    *_unchanged("confusable", "раураl", "Аcme", "ｈttp://a.eu", "a․b"),
    *_unchanged("markup", "<script>alert(1)</script>", "<b>", "</textarea>", "&amp;", "&#x202e;", "<!--", "]]>",
           "<img src=x onerror=alert(1)>", "{{ 7*7 }}", "{% now 'Y' %}", "${7*7}", "%s %(name)s {0}", "%00",
           "\\u0000", "\\x0b", "\\", "'; DROP TABLE x; --", "\"", "''", "$$", "`id`", "$(id)", "../../etc/passwd"),
    *_unchanged("formula", "=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://a.eu\",\"b\")",
           "a;=1+1", "a,=1+1", "a|=1+1", "＝1+1"),
    Hostile("formula", "\t=1+1", UNCHANGED, "=1+1", "=1+1"),
    Hostile("formula", "a\t=1+1", UNCHANGED, "a =1+1", "a =1+1"),
    Hostile("formula", "\r=1+1", "\n=1+1", "=1+1", "=1+1"),
    Hostile("formula", "a\r\n=1+1", "a\n=1+1", "a =1+1", "a =1+1"),
    *_unchanged("address", "https://example.eu/?a=b&c=d#e", "javascript:alert(1)", "data:text/html,<b>", "//a.eu",
           "http://[::1]/", "https://пример.eu", "http://a.eu:99999", "mailto:a@b.eu?bcc=c@d.eu", "file:///etc/passwd"),
    *_unchanged("number", "9" * 5000, "-" + "9" * 5000, "1e999", "NaN", "Infinity", "0x10", "1_000", "١٢٣", "²", "1.234,56"),
    *_unchanged("long", "a" * 10_000, "é" * 10_000, "👍" * 10_000, "a" + " b" * 5000),
    Hostile("long", "\n" * 9_998 + "ab", UNCHANGED, "ab", "ab"),
    Hostile("long", "[" * 5000),
    *_unchanged("word", "null", "None", "undefined", "true", "NULL", "__proto__", "constructor", "id", "-", "0"),
]  # fmt: skip
