"""Imported once by the fork server, so that every worker starts with PyTorch loaded.

Nothing may be computed here: a process forked after PyTorch has used threads hangs.
"""

import contextlib
import gc
import importlib

import autocnn.engines.worker  # noqa: F401 - loading it is the point

with contextlib.suppress(ImportError):
    # The first optimizer would load it, two seconds after the worker has a job.
    importlib.import_module("torch._dynamo")

# A look for cycles would write to all of these objects, and each worker then have its
# own copy of them: 60 MB.
gc.freeze()
