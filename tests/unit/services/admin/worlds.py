"""What integrators' services stand on in tests."""

from hongyan.adapters.store.admin_memory import MemoryAdminStore
from hongyan.adapters.store.webhooks_memory import MemoryWebhookStore
from hongyan.app.integrators import Stores
from hongyan.model.codes import Unavailable
from hongyan.ports.webhooks import Call, Reply


def memory_stores() -> Stores:
    """Empty stores."""
    return Stores(MemoryAdminStore(), MemoryWebhookStore())


async def no_post(call: Call) -> Reply:
    """Nobody answers."""
    raise Unavailable(what=call.url)
