"""Enquiries and their replies, the directory of contact points, and requests for personal data.

Enter by `enquiries`, `contact_points` and `personal_data`. Nothing here knows the content of a proposal.
"""
