"""What proposals are judged by: setting up calls, changing rules and countries, and replay.

Enter by `rule_changes`, `call_administration` and `verdict_replay`. Nothing here knows the cases of
officers or their decisions.
"""
