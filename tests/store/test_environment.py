"""What a study tells of the runs of its search."""

import dataclasses
import sys

from autocnn.store import environment as environments
from autocnn.store.environment import (
    changes,
    environment,
    environment_at,
    record,
)

CPU = {"device": "2 CPU cores", "kind": "cpu", "jobs": 2, "threads": 1}


def test_runs_that_are_alike_are_told_once(make_curves, monkeypatch):
    study = make_curves(1)
    words = ["/usr/bin/autocnn", "search", "--storage", "postgresql://me:secret@host/x"]
    monkeypatch.setattr(sys, "argv", words)
    first = environment(**CPU)
    record(study, first)
    record(study, dataclasses.replace(first, since=first.since + 60))
    (known,) = environments.environments(study.user_attrs)
    assert known == first
    assert known.words == ("autocnn", *words[1:3], "postgresql://me:***@host/x")
    assert {"python", "autocnn", "torch", "optuna"} <= set(known.versions)

    later = dataclasses.replace(first, since=first.since + 90, threads=2)
    record(study, later)
    assert environments.environments(study.user_attrs) == (first, later)
    assert environment_at(study.user_attrs, first.since + 80) == first
    assert environment_at(study.user_attrs, first.since + 100) == later
    assert environment_at(study.user_attrs, 0.0) == first
    assert environment_at({}, 0.0) is None


def test_only_so_many_are_told(make_curves, monkeypatch):
    study = make_curves(1)
    monkeypatch.setattr(environments, "MOST_RUNS", 2)
    found = environment(**CPU)
    for jobs in (1, 2, 3):
        record(study, dataclasses.replace(found, jobs=jobs))
    assert [e.jobs for e in environments.environments(study.user_attrs)] == [2, 3]


def test_what_another_version_wrote_is_passed_over():
    assert environments.environments({environments.ENVIRONMENT: [{"x": 1}]}) == ()


def test_what_changes_numbers_is_told():
    before = environment(**CPU)
    older = dict(before.versions) | {"torch": "2.6.0", "optuna": "1"}
    now = dataclasses.replace(before, threads=2, jobs=5)
    found = list(changes(dataclasses.replace(before, versions=older), now))
    torch = before.versions["torch"]
    assert found == [f"torch was 2.6.0, is {torch}", "threads was 1, is 2"]
    cuda = dataclasses.replace(before, kind="cuda", device="NVIDIA H100")
    assert "cuda adds up in no fixed order" in changes(cuda, cuda)
    assert list(changes(before, before)) == []
