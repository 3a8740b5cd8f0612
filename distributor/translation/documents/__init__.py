"""A document as a tree: cut into sentences, and put together again around their translations."""
