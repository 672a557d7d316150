"""autocnn.search: a search from a program or a notebook."""

import contextlib
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from autocnn.events import Emit, Notice

if TYPE_CHECKING:
    import optuna

    from autocnn.api.study import Study
    from autocnn.commands.configure import Request
    from autocnn.data.decoding import Progress


def search(
    data: Any = "digits",
    *,
    trials: int | str | None = None,
    timeout: float | str | None = None,
    trial_timeout: float | str | None = None,
    epochs: int | None = None,
    study: str | None = None,
    new: bool = False,
    space: str | Path | Mapping[str, Any] | None = None,
    portfolio: bool | None = None,
    from_study: str | None = None,
    sampler: str | None = None,
    pruner: str | None = None,
    folds: int | None = None,
    target: float | None = None,
    patience: int | Literal["auto"] | None = None,
    final: bool | None = None,
    train_on_val: bool = False,
    confirm: int | None = None,
    max_params: float | str | None = None,
    max_flops: float | str | None = None,
    max_latency: float | str | None = None,
    max_epoch_time: float | str | None = None,
    jobs: int | Literal["auto"] = "auto",
    device: str = "auto",
    engine: str = "local",
    address: str | None = None,
    cpus_per_worker: float = 1.0,
    gpus_per_worker: float = 0.0,
    artifacts: str | None = None,
    allow_insecure_ray: bool = False,
    seed: int | None = None,
    image_size: int | None = None,
    data_dir: str | Path | None = None,
    storage: str | Path | None = None,
    studies: str | Path | None = None,
    progress: bool | Emit = True,
) -> "Study":
    """Search for the best network for images, and return the study.

    Every option is that of `autocnn search`, by its name and with its values: 50 or
    "+20" trials, 90 seconds or "30m", 300_000 or "300k" parameters. The same call again
    resumes the study. An interrupt stops the search, which loses nothing, and is raised
    when it has stopped.

    Data are a name or a path, as there; or images and their labels:
    ``(images, labels)``, or a data set whose items are ``(image, label)``. Images are
    uint8 (N, H, W) or (N, H, W, C), fractions from 0 to 1, or Pillow's; labels are
    whole numbers, strings, or what else differs when it is written. Predictions are
    labels of the same kind. `space` may also be what would stand in its file under
    ``[space]``.

    With `progress` False nothing is shown; a function is called with every event.

    Raises:
        AutocnnError: what the command would say, and its hint.
        KeyboardInterrupt: after the search was interrupted and has stopped.
    """
    asked = dict(locals())
    return start(asked.pop("data"), asked, progress=asked.pop("progress"))


def start(
    data: Any,
    asked: Mapping[str, Any],
    *,
    progress: bool | Emit,
    cache_dir: Path | None = None,
) -> "Study":
    """Search as was asked; arrays are prepared in `cache_dir`, or where others are."""
    from autocnn import processes

    jobs = asked.get("jobs")
    # Workers load PyTorch in the background while this process does.
    workers = jobs if isinstance(jobs, int) and jobs > 0 else processes.cores()
    processes.worker_context(processes.threads_of(workers))

    from autocnn.api.study import LABELS, Study, load_optuna

    load_optuna()
    from autocnn.commands.conclude import refuse
    from autocnn.commands.run import run
    from autocnn.commands.setup import set_up
    from autocnn.storage import check_place

    with _showing(progress) as (emit, work), tempfile.TemporaryDirectory() as files:
        request, labels = _request(data, asked, Path(files), work, cache_dir)
        check_place(request.place.studies, request.place.url)
        setup = set_up(
            request,
            lambda text: emit(Notice(text=text)),
            lambda _say: contextlib.nullcontext(work),
        )
        searched: list[optuna.Study] = []

        def ready(study: "optuna.Study") -> None:
            searched.append(study)
            if labels:
                study.set_user_attr(LABELS, labels)

        found, outcome = run(setup, emit, ready, interrupts=interrupts)
    if outcome != "interrupted":  # by a person who watches it
        refuse(found, outcome)
    return Study(searched[0], setup.place)


@contextlib.contextmanager
def interrupts(emit: Emit) -> Iterator[Callable[[], bool]]:
    """Let an interrupt stop the search, and raise it when it has; a second one at once.

    Python's threads, but for the first, are never interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt

    def stopping() -> bool:
        if asked:
            emit(Notice(text="stopping; interrupt again to stop at once"))
        return bool(asked)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if asked:
        raise KeyboardInterrupt("stopped; the same call goes on from here")


@contextlib.contextmanager
def _showing(progress: bool | Emit) -> Iterator[tuple[Emit, "Progress"]]:
    """Give what is told of the search, and of the work before it, to who shows it."""
    from autocnn import events
    from autocnn.data.cache import ignore
    from autocnn.views.line import shown

    if callable(progress):
        yield progress, ignore
    elif progress:
        with shown() as display:
            yield display.emit, display.work
    else:
        yield events.ignore, ignore


def _request(
    data: Any,
    asked: Mapping[str, Any],
    files: Path,
    work: "Progress",
    cache_dir: Path | None,
) -> tuple["Request", Mapping[str, Any]]:
    """Read what was asked for as the command does; and prepare data that are arrays.

    Returns:
        It, and what labels the names of their classes stand for, if they are no names.
    """
    import tomli_w

    from autocnn.api.arrays import NAME, source_of
    from autocnn.commands.configure import Request
    from autocnn.commands.options import place_of
    from autocnn.commands.search import command
    from autocnn.commands.words import read
    from autocnn.data.cache import prepare

    options = {name: value for name, value in asked.items() if value is not None}
    if isinstance(space := options.get("space"), Mapping):
        options["space"] = files / "space.toml"
        options["space"].write_text(tomli_w.dumps({"space": space}), encoding="utf-8")
    given: dict[str, Any] = {}
    labels: Mapping[str, Any] = {}
    if isinstance(data, str | Path):
        options["data"] = data
    else:
        size = options.get("image_size")
        source, labels = source_of(data, size)
        options.setdefault("study", f"{NAME}-{source.manifest[:8]}")
        given["data"] = prepare(
            source, image_size=size, cache_dir=cache_dir, progress=work
        )
    known = read(command, options)
    given["place"] = place_of(known["storage"], known["studies"])
    return Request(
        **{name: (known | given)[name] for name in Request.__slots__}
    ), labels


def _plain(labels: Mapping[str, Any]) -> dict[str, Any]:
    """Give what of the labels a study can keep, and is not written as it is."""
    return {
        name: value
        for name, value in labels.items()
        if isinstance(value, bool | int | float)
    }
