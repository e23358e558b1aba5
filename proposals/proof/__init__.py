"""Evidence that anybody can check: the ledger, the signing key, receipts and sealed documents.

Enter by the `note_…` functions of `ledger` and by `receipts.issue_receipt`. Nothing here knows how a
proposal is written or screened.
"""
