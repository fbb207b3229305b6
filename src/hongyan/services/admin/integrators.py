"""All that an integrator calls, together."""

import msgspec

from hongyan.services.admin.bots import Bots
from hongyan.services.admin.keys import Keys
from hongyan.services.admin.reports import Reports
from hongyan.services.admin.words import Words
from hongyan.services.webhooks.service import Webhooks


class Integrators(msgspec.Struct, frozen=True):
    """The services behind server keys, and that of reports."""

    keys: Keys
    bots: Bots
    words: Words
    reports: Reports
    webhooks: Webhooks
