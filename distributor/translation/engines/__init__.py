"""What translates sentences: models here, in a process of their own, and servers elsewhere."""
