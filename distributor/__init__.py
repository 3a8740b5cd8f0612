"""The press-release wire for science: reads, translates, and brings every article to every member."""
