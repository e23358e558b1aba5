"""The officers' desk: who may do what, whose case it is, screening, asking, deciding, telling."""
