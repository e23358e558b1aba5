"""What leaves the portal after the transaction: the outbox, emails, and work on many rows.

Enter by `outbox.enqueue`, `emails.queue_email` and `fault_isolation.for_each`. Nothing here knows what a text
says or which event caused it.
"""
