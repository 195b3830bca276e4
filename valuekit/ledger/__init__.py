"""The ledger: small additive facts per model, version, day and segment."""
