"""The recipes for people's clusters say what autocnn, Ray and each other understand."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from autocnn import cli

TOP = Path(__file__).parent.parent
FOLDER = TOP / ".github" / "clusters"
PLACEHOLDERS = {"PASSWORD", "$$password"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def kuberay() -> dict[str, Any]:
    """What the Kubernetes manifest holds, by kind."""
    whole = yaml.safe_load((FOLDER / "kuberay.yaml").read_text())
    return {item["kind"]: item for item in whole["items"]}


@pytest.fixture(scope="module")
def pods(kuberay) -> list[dict[str, Any]]:
    cluster = kuberay["RayCluster"]["spec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"], job_of(kuberay)]
    return [group["template"]["spec"] for group in groups]


def job_of(kuberay) -> dict[str, Any]:
    return kuberay["Job"]["spec"]


def ours(compose) -> dict[str, dict[str, Any]]:
    """The services that run autocnn."""
    return {
        name: service
        for name, service in compose["services"].items()
        if service["image"] == "autocnn"
    }


def understood(words: list[str]) -> dict[str, Any]:
    """What autocnn takes these words for; they are not obeyed."""
    name, command, rest = cli.cli.resolve_command(click.Context(cli.cli), words)
    assert command is not None
    return command.make_context(name, rest).params


def driver_script(kuberay) -> str:
    (script,) = job_of(kuberay)["template"]["spec"]["containers"][0]["args"]
    return script


def environment(container) -> dict[str, Any]:
    return {each["name"]: each for each in container["env"]}


@pytest.mark.parametrize("file", ["compose.yaml", "kuberay.yaml", "slurm.sh"])
def test_no_password_stands_in_a_recipe(file):
    text = (FOLDER / file).read_text()
    assert set(re.findall(r"://[^\s:/@]+:([^\s@]+)@", text)) <= PLACEHOLDERS


def test_compose_gives_autocnn_words_that_it_understands(compose):
    commands = {name: each["command"] for name, each in ours(compose).items()}
    assert set(commands) == {"search", "dashboard", "autocnn"}
    for command in commands.values():
        understood(shlex.split(command))
    dashboard = understood(shlex.split(commands["dashboard"]))
    (port,) = compose["services"]["dashboard"]["ports"]
    assert port == f"127.0.0.1:{dashboard['port']}:{dashboard['port']}"


def test_compose_names_what_there_is(compose):
    for service in compose["services"].values():
        assert set(service["secrets"]) <= set(compose["secrets"])
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in compose["volumes"]
    image = (TOP / "Dockerfile").read_text()
    for service in ours(compose).values():
        assert (FOLDER / service["build"] / "Dockerfile").samefile(TOP / "Dockerfile")
        for volume in service["volumes"]:
            assert volume.partition(":")[2] in image
    assert "secrets/" in (TOP / ".gitignore").read_text()


def test_compose_hands_the_password_to_the_command_alone(compose, tmp_path):
    shell, option, script, name = ours(compose)["search"]["entrypoint"]
    (tmp_path / "password").write_text("a1b2\n")
    program = tmp_path / "autocnn"
    program.write_text('#!/bin/sh\necho "$AUTOCNN_STORAGE"; printf "%s\\n" "$@"\n')
    program.chmod(0o755)
    script = script.replace("$$", "$")
    script = script.replace("/run/secrets/password", str(tmp_path / "password"))
    ran = subprocess.run(
        [shell, option, script, name, "show", "two words"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    url, *words = ran.stdout.splitlines()
    assert url == "postgresql://autocnn:a1b2@database/studies", ran.stderr
    assert words == ["show", "two words"]


def test_kuberay_starts_a_cluster_that_asks_for_a_token(pods):
    images = set()
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        (container,) = pod["containers"]
        images.add(container["image"])
        given = environment(container)
        assert given["RAY_AUTH_MODE"]["value"] == "token"
        secret = given["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
        assert secret == {"name": "autocnn", "key": "token"}
    assert len(images) == 1
    # Who trains need not know the database.
    told = ["AUTOCNN_STORAGE" in environment(pod["containers"][0]) for pod in pods]
    assert told == [False, False, True]


def test_kuberay_mounts_the_claim_where_autocnn_looks(kuberay, pods):
    claim = kuberay["PersistentVolumeClaim"]["metadata"]["name"]
    for pod in pods:
        (volume,) = pod["volumes"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim
        (container,) = pod["containers"]
        (mount,) = container["volumeMounts"]
        assert mount["name"] == volume["name"]
        for name in ("AUTOCNN_STUDIES", "AUTOCNN_CACHE"):
            folder = Path(environment(container)[name]["value"])
            assert folder.is_relative_to(mount["mountPath"])


def test_kuberay_drives_with_as_many_workers_as_there_is_room_for(kuberay):
    script = driver_script(kuberay).replace("\\\n", " ")
    words = shlex.split(re.findall(r"exec autocnn (.*)", script)[0])
    search = understood(words)
    (group,) = kuberay["RayCluster"]["spec"]["workerGroupSpecs"]
    cores = group["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"]
    assert int(search["jobs"]) == group["replicas"] * int(cores)
    name = kuberay["RayCluster"]["metadata"]["name"]
    assert search["address"] == f"{name}-head-svc:6379"
    assert f"--address={search['address']} " in script


def test_ray_understands_how_it_is_started(kuberay):
    scripts = pytest.importorskip("ray.scripts.scripts")
    known = {word for option in scripts.start.params for word in option.opts}
    cluster = kuberay["RayCluster"]["spec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        assert {f"--{name}" for name in group["rayStartParams"]} <= known
    slurm = (FOLDER / "slurm.sh").read_text()
    for text in (driver_script(kuberay), slurm[slurm.index("srun --no-kill") :]):
        started = re.sub(r"(srun|autocnn search)(.*\\\n)*.*", "", text)
        assert set(re.findall(r"--[a-z-]+", started)) <= known


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_the_shell_scripts_are_clean(kuberay, tmp_path):
    driver = tmp_path / "driver.sh"
    driver.write_text(f"#!/bin/bash\n{driver_script(kuberay)}")
    command = ["shellcheck", str(FOLDER / "slurm.sh"), str(driver)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


SRUN = """#!/bin/bash
# Two nodes on this machine. The words after `bash -c` are the last one.
for node in 0 1; do SLURM_PROCID=$node bash -c "${@: -1}" & done >"$HOME/ray.log" 2>&1
wait
"""
SCONTROL = """#!/bin/sh
echo "$@" > "$HOME/told"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch, cache) -> Iterator[Path]:
    """A machine on which a job of two nodes runs; Slurm itself is not there."""
    pytest.importorskip("ray")
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    rays = tempfile.mkdtemp(prefix="ray-")  # a socket's path must be short
    programs = Path(shutil.which("ray") or "").parent
    told = {
        "PATH": f"{tmp_path}:{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RAY_TMPDIR": rays,
        "AUTOCNN_CACHE": str(cache),
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "1",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    shutil.rmtree(rays, ignore_errors=True)


def test_slurm_queues_a_search_again_that_its_time_has_stopped(slurm):
    words = ["digits", "--trials", "2", "--epochs", "5000", "--pruner", "none"]
    job = subprocess.Popen(
        ["bash", str(FOLDER / "slurm.sh"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    try:
        assert job.stdout is not None
        for line in job.stdout:
            said.append(line)
            if re.match(r"trial \d epoch 3/5000", line):
                job.send_signal(signal.SIGUSR1)
                break
        job.wait(300)
    finally:
        end(job.pid)
    said += job.stdout.readlines()
    job.stdout.close()
    assert job.returncode == 75, "".join(said)
    assert "2 workers on a Ray cluster (2 machines, 2 CPU)" in "".join(said)
    assert (slurm / "told").read_text() == f"requeue {os.getpid()}\n"
    assert (slurm / ".ray" / "auth_token").stat().st_mode & 0o077 == 0


def end(session: int) -> None:
    """End all that a job has left, as Slurm does."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(50):
            try:
                os.killpg(session, number)
            except ProcessLookupError:
                return
            time.sleep(0.2)
