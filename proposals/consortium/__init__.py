"""Who takes part in a proposal, who may do what, and who still has to do something.

Enter by `access.draft_of` in views, and by `participants`, `invitations` and `confirmations` elsewhere.
Nothing here knows files, comments, or how a proposal is submitted.
"""
