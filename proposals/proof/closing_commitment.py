"""The commitment at a call's closing: how many versions there are, and one hash over all of them.

It reveals nothing else, and is on the call's page: nothing can be inserted later unnoticed.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from calls.models import Call
from foundation import clock, merkle
from proposals.delivery.fault_isolation import for_each
from proposals.models import ClosingCommitment, Proposal, TreeHead, Version
from proposals.proof.ledger import sequence

# What was received in time may be stored a little later: as long as a request may take to be worked on.
SETTLED_AFTER = timedelta(minutes=5)


def commit_closed_calls(moment: datetime) -> int:
    """Make the commitment of each call that closed five minutes ago or earlier; returns how many."""
    closed = Call.objects.filter(
        deadline__lte=moment - SETTLED_AFTER, commitment=None, rehearsal_of=None
    )
    return for_each("closing", closed.values_list("pk", flat=True), _commit)


def _commit(pk: int) -> bool:
    call = Call.objects.get(pk=pk)
    sequence(wait=True)
    moment = clock.now()
    versions, root = commitment_over(call, moment)
    counting = Proposal.objects.filter(strand__call=call, current_version__isnull=False).count()
    try:
        with transaction.atomic():
            ClosingCommitment.objects.create(
                call=call,
                versions=versions,
                counting=counting,
                root=root,
                made_at=moment,
                tree_head=TreeHead.objects.order_by("-size").first(),
            )
    except IntegrityError:  # another worker was faster
        return False
    return True


def commitment_over(call: Call, moment: datetime) -> tuple[int, str]:
    """Count, and Merkle root (RFC 9162) over the sorted hashes of all versions that were stored by then."""
    hashes = (
        Version.objects.filter(proposal__strand__call=call, committed_at__lte=moment)
        .order_by("sha256", "pk")
        .values_list("sha256", flat=True)
    )
    frontier = merkle.CompactRange(0, lambda level, index: b"")
    for sha256 in hashes.iterator(2000):
        frontier.append(merkle.leaf_hash(sha256.encode()))
    return frontier.size, frontier.root.hex()
