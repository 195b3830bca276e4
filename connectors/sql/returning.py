"""Whether a model counts units that come back."""

from __future__ import annotations

from valuekit.workspace.declare import Model


def returning(model: Model) -> bool:
    """Whether a holdout of the model counts units that come back."""
    return any(one.design == "holdout" and one.repeat for one in model.evidence)
