"""The dashboard answers on this machine only, on the storage of a search."""

import json
import threading
import urllib.request

import optuna
import pytest

from autocnn.errors import RequestError
from autocnn.storage import open_storage
from autocnn.views.dashboard import make_dashboard


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    study = optuna.create_study(
        study_name="seen", storage=open_storage(url, create=True)
    )
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    return url


def test_dashboard_lists_the_studies_of_the_storage(url):
    with make_dashboard(url, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/api/studies"
        with urllib.request.urlopen(address) as answer:
            studies = json.load(answer)["study_summaries"]
        server.shutdown()
        thread.join()
        assert server.server_address[0] == "127.0.0.1"
    assert [study["study_name"] for study in studies] == ["seen"]


def test_a_taken_port_is_told(url):
    with (
        make_dashboard(url, 0) as server,
        pytest.raises(RequestError, match="cannot be used"),
    ):
        make_dashboard(url, server.server_port)
