"""The study's own evaluation: embeddings of its test sets, retrieval, zero-shot classification, errors, comparisons of arms."""
