"""Runs a model's graph in a fixed order.

Rasa's own runner plans the graph anew with dask for each message and formats its inputs for a debug line that nobody
reads; of a cheap component's turn that was most of the time. Here the order is computed once per set of targets.
"""

from collections.abc import Callable
from typing import Any

from rasa.engine.exceptions import GraphComponentException, GraphRunError
from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import RasaException

Step = tuple[str, Callable[..., Any], Any, tuple[tuple[str, str], ...]]  # node, function, component, (parameter, node)


class SequentialGraphRunner(GraphRunner):
    """A graph runner for predictions: eager components, no hooks, one thread."""

    def __init__(self, schema: GraphSchema, nodes: dict[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._plans: dict[tuple[str, ...], list[Step]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> "SequentialGraphRunner":
        """Load every component. Raises GraphRunError for a graph that needs hooks or components built at run time."""
        lazy = [name for name, node in graph_schema.nodes.items() if not node.eager]
        if hooks or lazy:
            raise GraphRunError(f"Only a prediction graph can be run in sequence; not eager: {lazy}, hooks: {hooks}.")
        nodes = {
            name: GraphNode.from_schema_node(name, node, model_storage, execution_context)
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """The targets' outputs by node name; see the interface. Raises what the components raise, as Rasa wraps it."""
        wanted = tuple(targets) if targets else tuple(self._schema.target_names)
        values: dict[str, Any] = dict(inputs or {})
        plan = self._plans.get(wanted)
        if plan is None:
            plan = self._plans[wanted] = self._plan(wanted)
        for name, function, component, needs in plan:
            try:
                arguments = {parameter: values[node] for parameter, node in needs}
            except KeyError as error:
                raise GraphRunError(f"Missing input {error} to run node '{name}'.") from error
            try:
                values[name] = function(component, **arguments)
            except RasaException:
                raise
            except Exception as error:
                raise GraphComponentException(f"Error running graph component for node {name}.") from error
        return {name: values[name] for name in wanted}

    def _plan(self, targets: tuple[str, ...]) -> list[Step]:
        steps: list[Step] = []
        planned = set()

        def visit(name: str) -> None:
            # A name that is no node is an input of the run.
            if name in planned or name not in self._nodes:
                return
            planned.add(name)
            node = self._nodes[name]
            needs = tuple(node._inputs.items())
            for _, provider in needs:
                visit(provider)
            steps.append((name, node._fn, node._component, needs))

        for target in targets:
            visit(target)
        return steps
