"""The region of the world of each code, by which long lists of countries are grouped.

Regions are those of the United Nations (M49, https://unstats.un.org/unsd/methodology/m49/), except that
Europe is what this portal counts as Europe (`country_names.EUROPE`), and Antarctica stands with Oceania.
"""

from calls.eligibility.countries import IN_EUROPE

AFRICA = frozenset(
    """
    AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR
    MU MW MZ NA NE NG RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG ZA ZM ZW
    """.split()
)
AMERICAS = frozenset(
    """
    AG AI AR AW BB BL BM BO BQ BR BS BV BZ CA CL CO CR CU CW DM DO EC FK GD GL GS GT GY HN HT JM KN KY
    LC MS MX NI PA PE PM PR PY SR SV SX TC TT US UY VC VE VG VI
    """.split()
)
ASIA = frozenset(
    """
    AE AF AM AZ BD BH BN BT CN GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM
    PH PK PS QA SA SG SY TH TJ TL TM TW UZ VN YE
    """.split()
)
OCEANIA = frozenset(
    """
    AQ AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS
    """.split()
)
# In the order in which a list shows them.
REGIONS: tuple[tuple[str, frozenset[str]], ...] = (
    ("africa", AFRICA),
    ("americas", AMERICAS),
    ("asia", ASIA),
    ("europe", frozenset(IN_EUROPE)),
    ("oceania", OCEANIA),
)
