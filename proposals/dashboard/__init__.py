"""Pages that ask every package: a person's own work, and how far a call is with its officers.

Enter by `views.mine` and `call_progress.count_progress`. No other package may know this one.
"""
