from autocnn.api.classifier import AutoCNNClassifier
from autocnn.api.network import Network, load
from autocnn.api.search import search
from autocnn.api.study import Study, load_study
from autocnn.errors import AutocnnError

__version__: str
__all__ = [
    "AutoCNNClassifier",
    "AutocnnError",
    "Network",
    "Study",
    "load",
    "load_study",
    "search",
]
