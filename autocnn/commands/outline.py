"""What a search would do, for --dry-run; and what it does, when it begins."""

import optuna

from autocnn.commands.setup import Setup
from autocnn.events import SearchStarted
from autocnn.nets.net import NetSummary, summarize
from autocnn.search import space as spaces
from autocnn.search.forecast import trial_seconds
from autocnn.search.limits import LIMITS, describe
from autocnn.search.rungs import rungs
from autocnn.search.sample import Cost
from autocnn.store.rows import is_refused
from autocnn.views.tables import count, duration, plural


def outline(setup: Setup) -> dict[str, str]:
    """Say in words what is searched, how, and on what."""
    config, space = setup.config, setup.config.space
    cost = summarize(config.recipe(space.defaults), config.shape)
    typical = setup.typical_cost()
    most = spaces.most_epochs(space, config.epochs)
    trials = setup.trials
    total = "as many as there is time for"
    if trials is not None:
        total = f"{trials.count} {'more' if trials.more else 'in total'}"
    judged = ", ".join(map(str, rungs(config.epochs)))
    state = "resumes" if setup.resumes else "new"
    folds = "none: one validation set"
    if config.folds:
        folds = f"{config.folds}: each trial trains so often, on the rest of the images"
    final = {}
    if setup.final:
        kept = duration(setup.final_seconds) if setup.final_seconds else "what is left"
        final = {"final": f"{kept} for the best trial's recipe, with all the machine"}
    limits = {"limits": describe(config.limits)} if config.limits else {}
    return {
        "study": f"{setup.name} ({state}), in {setup.shown_storage}",
        "data": setup.describe_data(),
        "trials": f"{total}, {plural(most, 'epoch')} each at most",
        "space": f"{len(space.ranges)} parameters drawn, {len(space.fixed)} fixed",
        **limits,
        "sampler": config.sampler,
        "pruner": config.pruner
        + (f", judging at epochs {judged}" if config.pruner == "asha" else ""),
        "folds": folds,
        "device": f"{setup.device_name}, {setup.jobs} trials at once",
        "first": _first(setup, cost),
        "speed": _speed(typical),
        "time": _time(setup, typical),
        **final,
    }


def started(
    setup: Setup,
    study: optuna.Study,
    trials: int | None,
    interrupted: tuple[int, ...],
) -> SearchStarted:
    """Introduce a search that begins; `interrupted` trials go on in it."""
    finished = (t for t in study.get_trials(deepcopy=False) if t.state.is_finished())
    return SearchStarted(
        study=setup.name,
        data=setup.describe_data(),
        storage=setup.shown_storage,
        device=setup.device_name,
        jobs=min(setup.jobs, trials or setup.jobs),
        sampler=setup.config.sampler,
        pruner=setup.config.pruner,
        epochs=spaces.most_epochs(setup.config.space, setup.config.epochs),
        trials=trials or 0,
        done=sum(not is_refused(trial) for trial in finished),
        resumed=interrupted,
        limits=describe(setup.config.limits),
    )


def _first(setup: Setup, cost: NetSummary) -> str:
    """Say what the first network costs, and whether that is too much."""
    limits = setup.config.limits
    known = {"parameters": cost.parameters, "flops": cost.flops}
    refusals = [
        LIMITS[name].reason(known[name], limit)
        for name, limit in limits.items()
        if known.get(name, 0) > limit
    ]
    maps = f"{count(cost.activation_bytes)}B of maps an image in training"
    said = f"{count(cost.parameters)} parameters, {count(cost.flops)}FLOPs an image, "
    return said + maps + "".join(f"; not trained: {text}" for text in refusals[:1])


def _speed(typical: Cost | None) -> str:
    if typical is None:
        return "unknown: it could not be measured"
    low, median, high = (
        duration(seconds) for seconds in (typical.low, typical.median, typical.high)
    )
    return f"about {median} an epoch; four of five networks {low} to {high}"


def _time(setup: Setup, typical: Cost | None) -> str:
    """Estimate the whole search, without what a study has behind it."""
    timeout = setup.request.timeout
    most = f"{duration(timeout)} at most; " if timeout else ""
    if typical is None:
        return f"{most}unknown"
    seconds = trial_seconds(setup.config, typical.median) / setup.jobs
    if setup.trials is None:
        assert timeout is not None
        count = (timeout - setup.final_seconds) / seconds
        return f"{duration(timeout)}, enough for about {count:.0f} trials"
    count = setup.trials.count
    return f"{most}about {duration(count * seconds)} for {count} trials"
