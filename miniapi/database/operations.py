"""Operations of migrations that Tortoise lacks."""

from collections.abc import Iterable

from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State

Constraint = CheckConstraint | UniqueConstraint


class Make(ops.RunSQL):
    """Plain SQL that makes one index or function; its name tells afterwards that it was run."""

    def __init__(self, name: str, sql: str, reverse_sql: str) -> None:
        super().__init__(sql, reverse_sql)
        self.name = name

    def describe(self) -> str:
        return f"Make {self.name}"


class AddConstraints(ops.TortoiseOperation):
    """Constraints of any models, each with its model's name.

    Tortoise renders every model anew for every operation: one constraint after the other, a first start
    took 11 seconds.
    """

    def __init__(self, *added: tuple[str, Constraint]) -> None:
        self.added = added

    def describe(self) -> str:
        return f"Add constraints to {', '.join(self._models())}"

    def state_forward(self, app_label: str, state: State) -> None:
        """The models know their constraints."""
        for model_name, constraint in self.added:
            options = self.get_model_state(state, app_label, model_name).options
            options["constraints"] = [*options.get("constraints", ()), constraint]
        state.reload_models((app_label, name) for name in self._models())

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """So does the database."""
        if state_editor:
            for model_name, constraint in self.added:
                model = new_state.apps.get_model(f"{app_label}.{model_name}")
                await state_editor.add_constraint(model, constraint)

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """The last first."""
        if state_editor:
            for model_name, constraint in reversed(self.added):
                model = old_state.apps.get_model(f"{app_label}.{model_name}")
                await state_editor.remove_constraint(model, constraint)

    def _models(self) -> Iterable[str]:
        return dict.fromkeys(model_name for model_name, _ in self.added)
