"""A worker as a Ray actor: it is on a machine that may be taken away."""

import ray

from autocnn.engines.trainer import Trainer
from autocnn.search.jobs import Message


class Actor(Trainer):
    """A trainer that knows when the machine that it is on is to be taken away."""

    def hear(self) -> list[Message]:
        """Leave such a machine; another goes on with what is trained."""
        if _is_drained():
            self.leaving = "its machine is taken away"
        return super().hear()


def _is_drained() -> bool:
    """Ask Ray whether this machine is to be taken away; if it cannot say, it is not."""
    try:
        from ray._private.state import state  # as Ray Train does: nothing public tells

        here = ray.get_runtime_context().get_node_id()
        return here in state.get_draining_nodes()
    except Exception:  # noqa: BLE001 - it then goes when its machine does
        return False
