"""Statistics, tables and exports of submitted versions, and the bundle for auditors.

Enter by `statistics`, `exports` and `audit_bundles`. Nothing here changes a case; it only reads what
`screening` and `proof` have stored.
"""
