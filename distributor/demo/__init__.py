"""The whole wire on one machine: the sample edition, played to five members started on loopback."""
