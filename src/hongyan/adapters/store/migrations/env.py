"""What Alembic runs: every revision in one transaction of its own, on the connection that `upgrade` opened."""

from alembic import context


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        transactional_ddl=True,  # true of SQLite once the driver keeps out of it; Alembic assumes it does not
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()  # allow import-effect: Alembic runs this file and calls nothing in it
