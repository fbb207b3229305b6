"""The HTTP edge: routes, one authentication, one map of errors; it translates and holds no rules.

Invariant: whatever is asked, the answer is what OpenAPI says or a problem (RFC 9457) with a code of ours; tokens come in
the header Authorization and nowhere else, and no answer with one may be kept by a cache.
"""

from hongyan.rest.app import build_rest
from hongyan.rest.services import Services, Status

__all__ = ["Services", "Status", "build_rest"]
