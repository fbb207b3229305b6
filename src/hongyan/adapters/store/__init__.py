"""SQL stores: one schema, migrations for every database, and an adapter a file.

Owns every table. The schema is declared once in `schema`; the adapters on the hot path speak raw SQL to the same
tables, and the contract suites hold both together. Knows nothing of sockets, rules or HTTP.
"""
