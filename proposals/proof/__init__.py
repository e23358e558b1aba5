"""Evidence that anybody can check: the ledger, the signing key, receipts and sealed documents.

Enter by `ledger.queue_record`, `ledger.sequence` and `receipts.create_receipt`. Nothing here knows how a
proposal is written or screened.
"""
