"""My work: one page that asks every package what waits for a person.

Enter by `views.mine`. No other package may know this one.
"""
