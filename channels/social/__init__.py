"""Social networks and messengers by Apprise: https://appriseit.com/services/"""

from channels.social.channel import Social

__all__ = ["Social"]
