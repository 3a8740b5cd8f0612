"""The editors' desk: pages that show what the ledger says, and the API through which all is done."""
