"""WordPress by its REST API v2: https://developer.wordpress.org/rest-api/"""

from channels.wordpress.channel import WordPress

__all__ = ["WordPress"]
