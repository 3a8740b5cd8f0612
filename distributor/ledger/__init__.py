"""One SQL database holds it all; the delivery table is the queue."""
