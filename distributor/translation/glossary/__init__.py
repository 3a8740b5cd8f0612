"""Names and terms that a newsroom wants translated in one way only."""

from distributor.translation.glossary.folder import Glossaries
from distributor.translation.glossary.glossary import Glossary
from distributor.translation.glossary.hits import Hit

__all__ = ["Glossaries", "Glossary", "Hit"]
