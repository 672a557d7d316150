"""Processes of ours run nothing of the program that starts them."""

import os
import subprocess
import sys

import pytest

from autocnn import processes

PROGRAM = """
import sys
from autocnn import processes
from autocnn.processes import threads_of

print("once", __name__)
context = processes.spawn_context()
process = context.Process(target=threads_of, args=(1,))
process.start()
process.join()
print(process.exitcode, sys.modules["__main__"].__name__, process.is_alive())
"""


def test_a_program_is_not_run_again_in_its_processes(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    ran = subprocess.run(
        [sys.executable, tmp_path / "program.py"], capture_output=True, text=True
    )
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == ["once __main__", "0 __main__ False"]


SHARED = """
import gc
from autocnn import processes

with processes.worker_context(1).Pool(1) as pool:
    print(pool.apply(gc.get_freeze_count))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is shared there")
def test_workers_write_nothing_to_what_they_share():
    ran = subprocess.run([sys.executable, "-c", SHARED], capture_output=True, text=True)
    assert ran.stderr == ""
    assert int(ran.stdout) > 100_000  # objects: PyTorch's and all that it loads


def test_a_processor_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AMD EPYC 7R13\n")
    monkeypatch.setattr(processes, "CPU_INFO", tmp_path / "cpuinfo")
    assert processes.processor() == "AMD EPYC 7R13"
    monkeypatch.setattr(processes, "CPU_INFO", tmp_path / "nothing")
    assert processes.processor()


WHAT_IS_SET = """
import os
from autocnn import cli

class Command:
    def main(self, **_):
        print(os.environ["GOMP_SPINCOUNT"])

cli.cli = Command()
cli.main()
"""


@pytest.mark.parametrize(
    ("of_a_person", "seen"), [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7")]
)
def test_threads_let_go_of_their_cores_unless_a_person_says_otherwise(
    of_a_person, seen
):
    others = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    ran = subprocess.run(
        [sys.executable, "-c", WHAT_IS_SET],
        capture_output=True,
        text=True,
        env=others | of_a_person,
    )
    assert ran.stdout.split() == [seen]
    assert "GOMP_SPINCOUNT" in processes.worker_environment(2)
