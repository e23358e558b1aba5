"""Who takes part in a proposal, who may do what, and who still has to do something.

Enter by `access.get_draft_or_404` in views, elsewhere by `participants`, `invitations` and `confirmations`.
Nothing here knows files, comments, or how a proposal is submitted.
"""
