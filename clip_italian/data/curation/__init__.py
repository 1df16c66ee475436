"""From raw rows to training pairs: cleaning, filters, duplicates, leakage audit."""
