"""Submitting and withdrawing: the draft becomes a version, in one transaction.

Enter by `submit.submit_draft` and `submit.withdraw`. Nothing here knows what officers do with a version,
except the verdict that applicants see as well.
"""
