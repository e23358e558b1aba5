"""The frozen document of a proposal: built from a draft or read from a file, and the facts that rules see.

Enter by `document.Draft`, `document.dossier_of` and `facts.facts_of`. Nothing here knows who may read a
proposal, how it is written together, or what officers decide.
"""
