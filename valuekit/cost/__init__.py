"""What a model costs: charges, shared pools, tokens, unit costs. Money is Decimal, to the cent."""
