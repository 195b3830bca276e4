"""One module per revision, never edited after its release."""
