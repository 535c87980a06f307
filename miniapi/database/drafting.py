"""For developers: draft the migration that the models ask for (`make migration`)."""

import asyncio
import sys

from tortoise import Tortoise
from tortoise.migrations import operations as ops
from tortoise.migrations.autodetector import MigrationAutodetector

from miniapi.database.connection import configuration
from miniapi.database.schema import loaded_apps, missing_migrations


async def draft() -> list[str]:
    """Write the next migration file; returns the paths written.

    Tortoise 1.1 records constraints that stand inside CreateModel and silently does not create
    them, so each becomes an operation of its own. It writes no operations but its own: join them by hand
    to one `AddConstraints`.
    """
    wanted = configuration("postgresql://nowhere/none")
    await Tortoise.init(config=wanted, init_connections=False)
    paths = []
    for change in await MigrationAutodetector(loaded_apps(), wanted["apps"]).changes():
        change.operations = [*change.operations, *_constraints_taken_out(change.operations)]
        paths.append(str(change.write()))
    return paths


def _constraints_taken_out(operations: list[ops.Operation]) -> list[ops.Operation]:
    return [
        ops.AddConstraint(operation.name, constraint)
        for operation in operations
        if isinstance(operation, ops.CreateModel)
        for constraint in (operation.options or {}).pop("constraints", ())
    ]


def main() -> None:
    """Draft, or with `--check` only say whether a migration is missing (exit status 1)."""
    if "--check" in sys.argv[1:]:
        if missing := asyncio.run(missing_migrations()):
            sys.exit(f"a migration is missing (make migration): {', '.join(missing)}")
        print("no migration is missing")
        return
    print("\n".join(asyncio.run(draft())) or "the models ask for nothing new")


if __name__ == "__main__":
    main()
