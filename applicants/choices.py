"""The lists that cluster profiles choose from.

Emerging industries and the four kinds of cluster services are those of the European Cluster
Collaboration Platform; sectoral industries follow the European cluster classification (51
categories); technologies are the Union's six key enabling technologies, with food technology.
"""

from django.utils.translation import gettext_lazy as _

EMERGING_INDUSTRIES = [
    ("advanced-packaging", _("Advanced Packaging")),
    ("biopharmaceuticals", _("Biopharmaceuticals")),
    ("blue-growth", _("Blue Growth Industries")),
    ("creative", _("Creative Industries")),
    ("digital", _("Digital Industries")),
    ("environmental", _("Environmental Industries")),
    ("experience", _("Experience Industries")),
    ("logistical", _("Logistical Services")),
    ("medical-devices", _("Medical Devices")),
    ("mobility", _("Mobility Technologies")),
]

_SECTORS = """\
Aerospace Vehicles and Defence; Agricultural Inputs and Services; Apparel; Appliances; Automotive;
Biopharmaceuticals; Business Services; Coal Mining; Communications Equipment and Services;
Construction Products and Services; Distribution and Electronic Commerce; Downstream Chemical
Products; Downstream Metal Products; Education and Knowledge Creation; Electric Power Generation and
Transmission; Environmental Services; Financial Services; Fishing and Fishing Products; Food
Processing and Manufacturing; Footwear; Forestry; Furniture; Hospitality and Tourism; Information
Technology and Analytical Instruments; Insurance Services; Jewellery and Precious Metals; Leather and
Related Products; Lighting and Electrical Equipment; Livestock Processing; Marketing, Design and
Publishing; Medical Devices; Metal Mining; Metalworking Technology; Music and Sound Recording;
Non-metal Mining; Oil and Gas Production and Transportation; Paper and Packaging; Performing Arts;
Plastics; Printing Services; Production Technology and Heavy Machinery; Recreational and Small
Electric Goods; Textile Manufacturing; Tobacco; Transportation and Logistics; Upstream Chemical
Products; Upstream Metal Manufacturing; Video Production and Distribution; Vulcanised and Fired
Materials; Water Transportation; Wood Products"""


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


SECTORS = [(_slug(name), name) for name in (" ".join(part.split()) for part in _SECTORS.split(";"))]

TECHNOLOGIES = [
    ("advanced-manufacturing", _("Advanced manufacturing")),
    ("advanced-materials", _("Advanced materials")),
    ("food-technology", _("Food technology")),
    ("industrial-biotechnology", _("Industrial biotechnology")),
    ("micro-nanoelectronics", _("Micro- and nanoelectronics")),
    ("nanotechnology", _("Nanotechnology")),
    ("photonics", _("Photonics")),
]

SERVICES = [
    (
        "animation",
        _(
            "Cluster facilitation (“animation”): collaboration, information sharing, specialised "
            "business support"
        ),
    ),
    ("marketing", _("Cluster marketing: new members and visibility")),
    ("facilities", _("Management of cluster facilities")),
    ("training", _("Training, workshops and conferences for knowledge sharing and networking")),
    ("innovation-projects", _("Innovation projects")),
    ("matchmaking", _("Networking and matchmaking")),
    ("intelligence", _("Business and market intelligence")),
    ("human-resources", _("Skills development")),
    ("internationalisation", _("Internationalisation")),
]

MEMBER_KINDS = [
    ("start-ups", _("Innovative start-ups")),
    ("smes", _("Small and medium-sized enterprises")),
    ("large", _("Large enterprises")),
    ("research", _("Research and knowledge dissemination organisations")),
    ("non-profits", _("Non-profit organisations")),
    ("others", _("Other economic actors")),
]

LABELS = [
    ("none", _("No quality label")),
    ("bronze", _("Bronze: Striving for Cluster Excellence")),
    ("silver", _("Silver: Dedicated to Cluster Excellence")),
    ("gold", _("Gold: Cluster Management Excellence")),
]
