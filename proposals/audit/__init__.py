"""Records of what was done to a proposal, and of attempts to read what is still sealed.

Enter by `activity.log_activity` and `sealed_access.log_sealed_access_attempt`. Nothing here knows why
it is called, or who reads the records.
"""
