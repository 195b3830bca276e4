"""Facts that arrive ready-made: daily tables of sums, judged row by row, made into the ledger."""
