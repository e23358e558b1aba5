"""Records of what was done to a proposal, and of attempts to read what is still sealed.

Enter by `activity.note` and `sealed_access.note_sealed_access`. Nothing here knows why it is called, or
who reads the records.
"""
