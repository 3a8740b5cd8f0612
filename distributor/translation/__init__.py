"""From one language to another, faithful to the document."""
