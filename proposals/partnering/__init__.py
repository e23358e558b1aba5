"""Partner search: requests of organisations tied to a call, finding them, and conversations.

Enter by `requests`, `search` and `conversations`. A conversation ends with an invitation into a consortium;
nothing here knows how a proposal is submitted or judged.
"""
