"""A person's own study as a table: its trials that were trained to their end."""

from autocnn.errors import StudyError
from autocnn.offline.table import Row, Table
from autocnn.search import space as spaces
from autocnn.search.portfolio import start_points
from autocnn.search.study import StudyConfig
from autocnn.store.rows import StudySnapshot


def table_of(study: StudySnapshot) -> Table:
    """Take what there is to play on; StudyError if its curves are not comparable."""
    if not study.config:
        raise StudyError(
            f"study '{study.name}' was not made by autocnn",
            hint="name another one; autocnn studies lists them",
        )
    config = StudyConfig.from_dict(study.config)
    space = config.space
    if config.folds:
        raise StudyError(
            f"study '{study.name}' has {config.folds} folds, not one curve a trial",
            hint="compare on a study that was searched without --folds",
        )
    if "epochs" in space.ranges:
        raise StudyError(
            f"the trials of study '{study.name}' differ in their epochs",
            hint="compare on a study whose --space does not draw them",
        )
    epochs = spaces.most_epochs(space, config.epochs)
    return Table(
        space=space,
        epochs=epochs,
        rows=[
            Row(number=row.trial, params=row.params, curve=row.curve)
            for row in study.trials
            if row.status == "complete" and len(row.curve) == epochs
        ],
        starts=[values for _, values in start_points(space)],
    )
