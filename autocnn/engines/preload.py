"""Imported once by the fork server, so that every worker starts with PyTorch loaded."""

from autocnn.engines import worker

worker.warm_up()
