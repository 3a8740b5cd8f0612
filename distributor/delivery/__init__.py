"""From the ledger to the members: claim, send, record."""
