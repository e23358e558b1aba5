"""Officers' work on submitted versions: queue, sheet, clarifications, decisions and letters.

Enter by `sheet`, `clarifications` and `decisions`. Nothing here knows how its cases are counted or
exported: that is `reporting`.
"""
