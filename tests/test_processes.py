"""Processes of ours run nothing of the program that starts them."""

import subprocess
import sys

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


def test_a_processor_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AMD EPYC 7R13\n")
    monkeypatch.setattr(processes, "CPU_INFO", tmp_path / "cpuinfo")
    assert processes.processor() == "AMD EPYC 7R13"
    monkeypatch.setattr(processes, "CPU_INFO", tmp_path / "nothing")
    assert processes.processor()
