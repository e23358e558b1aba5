"""Every sentence that the rules can say, as people read it: compared with `messages.txt`, to the letter.

After a change of wording, look at the new file and keep it: `python -m calls.tests.test_messages`.
"""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from calls.eligibility import CountrySet, Outcome, RuleSet, Verdict, canonical, screen
from calls.eligibility.countries import NAMES, Participation
from calls.eligibility.facts import (
    ActivityFacts,
    Audience,
    BudgetFacts,
    DeliverableFacts,
    FileFacts,
    IndicatorFacts,
    MarketFacts,
    MemberFacts,
    OrganisationKind,
    Registration,
    Role,
)
from calls.eligibility.rules import CATALOGUE
from calls.tests.facts import DEADLINE, country_set, money, partner, proposal, rule_set, strand_two

SNAPSHOT = Path(__file__).parent / "messages.txt"

OTHER_RULES = RuleSet.from_json(
    [
        {
            "rule": "organisation-kind",
            "kinds": ["business-network", "company"],
            "kinds_for_officer": ["other"],
            "citation": "Kinds",
        },
        {
            "rule": "platform-registration",
            "accepts": ["registered", "applied"],
            "citation": "Platform",
        },
        {"rule": "min-organisations", "minimum": 1, "citation": "One organisation"},
        {"rule": "min-countries", "minimum": 1, "citation": "One country"},
        {"rule": "min-member-states", "minimum": 2, "citation": "Member States"},
        {"rule": "market-count", "minimum": 2, "recommended_maximum": 3, "citation": "Markets"},
        {"rule": "duration", "minimum_months": 12, "maximum_months": 24, "citation": "Duration"},
        {"rule": "grant-ceiling", "ceilings": {"9": "1.00"}, "citation": "Ceiling"},
        {"rule": "co-financing-rate", "maximum": "0.5", "citation": "Rate"},
    ]
)
STRICT_RULES = RuleSet.from_json(
    [
        {"rule": "established", "citation": "Countries"},
        {"rule": "organisation-kind", "kinds": ["runs-a-cluster"], "citation": "Kinds"},
        {"rule": "platform-registration", "accepts": ["registered"], "citation": "Platform"},
        {"rule": "min-member-states", "minimum": 3, "citation": "Member States"},
        {"rule": "market-count", "minimum": 1, "citation": "Markets"},
    ]
)

NOT_AGREED = partner(
    3,
    "AT",
    has_agreed=False,
    kind=None,
    registration=None,
    profile_link="",
    services=(),
    independent_members=None,
)
ODD_PARTNERS = (
    partner(1, "AL", profile_missing=("Identity: Legal form",), registration=None, services=()),
    partner(2, "RS", kind=OrganisationKind.COMPANY, registration=Registration.NEITHER, profile_missing=("A", "B", "C")),
    partner(3, "XK", kind=OrganisationKind.OTHER, registration=Registration.PLANNED, profile_missing=("A", "B", "C", "D")),
    partner(4, "GL", kind=None, registration=Registration.APPLIED, profile_missing=("A", "B", "C", "D", "E")),
    partner(5, "IS", kind=OrganisationKind.RUNS_CLUSTER, cluster_name="Laser", profile_link="", description_present=False),
    partner(6, "FR", kind=OrganisationKind.RUNS_CLUSTER, profile_link="https://platform.example/7/"),
    partner(7, "DE", kind=OrganisationKind.RESEARCH_AS_CLUSTER, cites_2006_definition=True, other_applications=1),
    partner(8, "TR", kind=OrganisationKind.NETWORK, independent_members=False, other_applications=2),
    partner(9, "MK", independent_members=None, members=MemberFacts(total=5, small_or_medium=4, large=2, research=1, other=1)),
    partner(10, "NL", registration=Registration.PLANNED, planned_on="2015-06-01", services=("a", "b"), profile_link_shared=True),
    partner(11, "AT", registration=Registration.REGISTERED, profile_link_shared=True, members=MemberFacts(total=4, small_or_medium=4)),
    partner(12, "CH", role=Role.ASSOCIATED, budget=BudgetFacts(Decimal(5), Decimal("0.01"))),
    dataclasses.replace(partner(13, "SE"), country=None),
    partner(14, "MD", registration=Registration.APPLIED, planned_on="2015-03-01"),
)  # fmt: skip


def cases() -> Iterator[tuple[str, Verdict]]:
    """Names of cases and what was said in them."""

    def judged(facts, rules=None, countries=None, **kwargs):
        return screen(facts, rules or rule_set(), countries or country_set(), **kwargs)

    yield "everything is met", judged(proposal())
    yield "everything is met in strand 2", judged(strand_two())
    yield "all kinds of partners", judged(proposal(*ODD_PARTNERS))
    yield (
        "all kinds of partners, for officers",
        judged(proposal(*ODD_PARTNERS, audience=Audience.OFFICER)),
    )
    yield "all kinds of partners by other rules", judged(proposal(*ODD_PARTNERS), OTHER_RULES)
    yield "all kinds of partners by strict rules", judged(proposal(*ODD_PARTNERS), STRICT_RULES)
    yield (
        "one has not agreed",
        judged(proposal(partner(1, "LT", role=Role.COORDINATOR), partner(2, "FR"), NOT_AGREED)),
    )
    yield (
        "nothing is there",
        judged(
            proposal(
                partner(1, "RS", role=Role.PARTNER),
                received_at=None,
                activities=(),
                deliverables=(),
                markets=(),
                duration_months=None,
            )
        ),
    )
    yield (
        "nothing is there, by other rules",
        judged(proposal(partner(1, "RS"), markets=(), duration_months=None), OTHER_RULES),
    )
    yield "too late by a microsecond", judged(proposal(received_at=DEADLINE))
    yield (
        "in time by a microsecond",
        judged(proposal(received_at=DEADLINE - timedelta(microseconds=1))),
    )
    yield (
        "received in winter",
        judged(proposal(received_at=datetime(2015, 3, 29, 0, 59, 59, 999000, tzinfo=UTC))),
    )
    yield (
        "before the call opened",
        judged(
            proposal(
                opens_at=DEADLINE,
                received_at=DEADLINE - timedelta(days=1),
                deadline=DEADLINE + timedelta(days=1),
            )
        ),
    )
    yield (
        "on the way on days that cannot be",
        judged(
            proposal(
                "LT",
                partner(2, "FR", registration=Registration.PLANNED, planned_on="2012-01-31"),
                partner(3, "AT", registration=Registration.APPLIED, planned_on="2016-01-31"),
            )
        ),
    )
    yield (
        "what belongs to another strand",
        judged(
            proposal(
                activities=(ActivityFacts("Matchmaking", "", "Needed"),),
                other_strand="3.2",
                deliverables=(DeliverableFacts("roadmap", "Roadmap", present=False),),
            )
        ),
    )
    yield (
        "two coordinators",
        judged(proposal(partner(1, "LT"), partner(2, "FR", role=Role.COORDINATOR), "AT")),
    )
    yield "the coordinator is out", judged(proposal("RS", "LT", "FR", "AT"))
    yield (
        "one organisation twice",
        judged(proposal("LT", "FR", partner(3, "FR", organisation="org-2"), "AT")),
    )
    yield (
        "one organisation twice, too few remain",
        judged(
            proposal("LT", partner(2, "FR", pic="999999999"), partner(3, "AT", pic="999999999"))
        ),
    )
    yield (
        "two names alike",
        judged(
            proposal(partner(1, "FR", name="Éclat"), partner(2, "FR", name="ECLAT"), "AT", "LT")
        ),
    )
    yield (
        "one controls another",
        judged(proposal("LT", "FR", partner(3, "AT", controlled_by="cluster 1"), "DE")),
    )
    yield (
        "one body controls two, too few remain",
        judged(
            proposal(
                "LT",
                partner(2, "FR", controlled_by="Big AG"),
                partner(3, "AT", controlled_by="big ag"),
            )
        ),
    )
    yield (
        "who controls is none of the partners",
        judged(
            proposal(
                "LT",
                partner(2, "FR", controlled_by="keine"),
                partner(3, "AT", acronym="ABC"),
                partner(4, "DE", controlled_by="abc"),
            )
        ),
    )
    yield (
        "two are controlled through another",
        judged(
            proposal(
                "LT",
                partner(2, "FR", controlled_by="p4"),
                partner(3, "AT", controlled_by="p4"),
                partner(
                    4, "CH", role=Role.ASSOCIATED, controlled_by="Region", budget=BudgetFacts()
                ),
                partner(5, "DE", controlled_by="region"),
            )
        ),
    )
    yield (
        "a partner is an associated partner, too",
        judged(
            proposal(
                "LT",
                "FR",
                "AT",
                partner(4, "FR", role=Role.ASSOCIATED, name="Cluster 2", budget=BudgetFacts()),
            )
        ),
    )
    yield "two in one country", judged(proposal("LT", "FR", "FR"))
    yield "enough only with open ones", judged(proposal("LT", "FR", "AL"))
    yield (
        "one organisation in two countries",
        judged(proposal("LT", partner(2, "FR"), partner(3, "AT", organisation="org-2"), "FR")),
    )
    yield (
        "files",
        judged(
            proposal(
                files=(
                    FileFacts("a", "one.pdf", 1),
                    FileFacts("b", "two.pdf", 2),
                    FileFacts("c", "none.pdf", 0),
                    FileFacts("d", "locked.pdf", 3, "it is encrypted"),
                )
            )
        ),
    )
    yield (
        "a work plan that goes on after the project",
        judged(
            proposal(
                duration_months=18,
                activities=(
                    ActivityFacts("Late", "shape", "x", 1, 20, "", is_planned=True),
                    ActivityFacts("Led", "shape", "x", 1, 18, "p1", is_planned=True),
                ),
                deliverables=(DeliverableFacts("roadmap", "Roadmap", present=True, month=19),),
            )
        ),
    )
    yield (
        "a work plan",
        judged(proposal(activities=(ActivityFacts("Led", "shape", "x", 1, 2, "p1", True),))),
    )
    yield (
        "activities and deliverables",
        judged(
            proposal(
                activities=(
                    ActivityFacts("Alone", " ", ""),
                    ActivityFacts("", "shape", " \n"),
                    ActivityFacts("Tied", "", "Needed"),
                    ActivityFacts("", "shape", "Needed"),
                ),
                deliverables=(DeliverableFacts("roadmap", "Roadmap", present=False),),
                duration_months=25,
            )
        ),
    )
    yield (
        "scoreboard",
        judged(
            strand_two(
                indicators=(
                    IndicatorFacts("Matches", "0", "20", "contracts", " "),
                    IndicatorFacts("", "", "20", "x", "y"),
                    IndicatorFacts("Good", "0", "1", "x", "y"),
                )
            )
        ),
    )
    yield (
        "scoreboard with two indicators",
        judged(strand_two(indicators=(IndicatorFacts("A", "0", "1", "x", "y"),) * 2)),
    )
    yield "scoreboard without indicators", judged(strand_two(indicators=()))
    countries = ("US", "FR", "TR", "CH", "GL", "NC", "PR", "AL", "XK", "NL")
    markets = (
        *map(MarketFacts, countries),
        *(MarketFacts(None, name) for name in ("ASEAN", "Europe", "Germany, Turkey")),
    )
    yield "markets", judged(proposal(markets=markets))
    for codes in (("US",), ("US", "JP"), ("US", "JP", "CN", "BR")):
        facts = proposal(markets=tuple(map(MarketFacts, codes)), duration_months=11 + len(codes))
        yield f"{len(codes)} markets by other rules", judged(facts, OTHER_RULES)
    yield "one market by strict rules", judged(proposal(markets=(MarketFacts("US"),)), STRICT_RULES)
    yield "one month", judged(proposal(duration_months=1), OTHER_RULES)
    yield "at ceiling and rate", judged(money(proposal(), costs="250000", grant="187500"))
    yield "above ceiling and rate", judged(money(proposal(), costs="249999.999", grant="187500.01"))
    yield "no costs", judged(money(proposal(), costs="0", grant="1"))
    yield (
        "other totals are stated",
        judged(proposal(stated_total_costs=Decimal(31000), stated_total_grant=Decimal("22500.00"))),
    )
    network = {"kind": OrganisationKind.NETWORK}
    both = (partner(1, "LT", **network), partner(2, "NL", **network))
    yield "two Member States by other rules", judged(proposal(*both), OTHER_RULES)
    yield (
        "two Member States if one is settled",
        judged(proposal(both[0], partner(2, "UK", kind=OrganisationKind.OTHER)), OTHER_RULES),
    )
    yield "another rule date", judged(proposal("LT", "FR", "MD"), rule_date=date(2015, 4, 6))
    yield (
        "the day before entry into force",
        judged(proposal("LT", "FR", "HR"), rule_date=date(2013, 6, 30)),
    )
    yield "no country counts", judged(proposal("LT"), countries=CountrySet([]))
    yield (
        "a country left and came back",
        judged(
            proposal("LT", "FR", "UK"),
            rule_date=date(2021, 1, 1),
            countries=CountrySet(
                [
                    *country_set().rows,
                    Participation("UK", "b", date(2020, 12, 1), date(2021, 1, 1), None, "x"),
                ]
            ),
        ),
    )


def as_text() -> str:
    """All cases with their findings; what is met is said once and then only counted."""
    lines, seen = [], set()
    for name, verdict in cases():
        lines += [f"# {name}: {verdict.outcome.value} ({verdict.rule_date})", ""]
        for finding in verdict.findings:
            entry = (finding.rule, finding.subject, finding.message, canonical(finding.evidence))
            if finding.outcome == Outcome.PASS and entry in seen:
                continue
            seen.add(entry)
            lines.append(
                f"{finding.outcome.value} {finding.rule} v{finding.version} {finding.subject}"
            )
            lines.append(f"  {finding.message}")
            if finding.fix:
                lines.append(f"  → {finding.fix.step}: {finding.fix.advice}")
            lines += [f"  [{finding.citation}] {canonical(finding.evidence)}", ""]
    return "\n".join(lines)


def test_every_sentence_is_as_it_was_read_and_kept():
    assert as_text() == SNAPSHOT.read_text(encoding="utf-8")


def test_each_rule_gives_each_answer_that_it_announces_and_no_other():
    values: dict[str, set[Outcome]] = {rule: set() for rule in CATALOGUE}
    for _name, verdict in cases():
        for finding in verdict.findings:
            values[finding.rule].add(finding.outcome)
    announced = {rule_id: set(rule.answers) for rule_id, rule in CATALOGUE.items()}
    assert values == announced


def test_every_country_has_a_name_and_a_standing():
    for code in NAMES:
        status, row = country_set().status_of(code, date(2015, 4, 21))
        assert (row is None) == (status == "none")


if __name__ == "__main__":
    SNAPSHOT.write_text(as_text(), encoding="utf-8")
