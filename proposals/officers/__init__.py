"""Officers: their roles, their cases, and what all their admin pages share.

Enter by `rights.RIGHTS`, `cases` and the base classes of `admin_pages`. Nothing here knows what officers
do with a case: that is `screening`, `conditions`, `reporting` and `helpdesk`.
"""
