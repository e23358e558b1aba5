"""Languages in which organisations work together: the official ones of the Union, and of COSME countries."""

from django.utils.translation import gettext_lazy as _

LANGUAGES = {
    "bg": _("Bulgarian"), "hr": _("Croatian"), "cs": _("Czech"), "da": _("Danish"), "nl": _("Dutch"),
    "en": _("English"), "et": _("Estonian"), "fi": _("Finnish"), "fr": _("French"), "de": _("German"),
    "el": _("Greek"), "hu": _("Hungarian"), "ga": _("Irish"), "it": _("Italian"), "lv": _("Latvian"),
    "lt": _("Lithuanian"), "mt": _("Maltese"), "pl": _("Polish"), "pt": _("Portuguese"),
    "ro": _("Romanian"), "sk": _("Slovak"), "sl": _("Slovenian"), "es": _("Spanish"), "sv": _("Swedish"),
    "sq": _("Albanian"), "hy": _("Armenian"), "bs": _("Bosnian"), "is": _("Icelandic"),
    "mk": _("Macedonian"), "cnr": _("Montenegrin"), "no": _("Norwegian"), "ru": _("Russian"),
    "sr": _("Serbian"), "tr": _("Turkish"), "uk": _("Ukrainian"),
}  # fmt: skip
