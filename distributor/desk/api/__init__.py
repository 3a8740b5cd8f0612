"""All that a person can do at the desk, as operations."""

from __future__ import annotations

from distributor.desk.api import articles, deliveries, figures, members, people, renditions, steering, trail
from distributor.desk.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *articles.OPERATIONS,
    *steering.OPERATIONS,
    *renditions.OPERATIONS,
    *deliveries.OPERATIONS,
    *members.OPERATIONS,
    *figures.OPERATIONS,
    *trail.OPERATIONS,
    *people.OPERATIONS,
)
