"""Optuna's tables, as far as they are read here."""

from sqlalchemy import DateTime, column, table

SCHEMA, REVISION = 12, "v3.2.0.a"
"""The form of the tables that this is, by Optuna's number and by Alembic's."""

studies = table("studies", column("study_id"), column("study_name"))
directions = table("study_directions", column("study_id"), column("direction"))
trials = table(
    "trials",
    column("trial_id"),
    column("number"),
    column("study_id"),
    column("state"),
    column("datetime_start", DateTime),
    column("datetime_complete", DateTime),
)
study_attributes = table(
    "study_user_attributes", column("study_id"), column("key"), column("value_json")
)
attributes = table(
    "trial_user_attributes", column("trial_id"), column("key"), column("value_json")
)
params = table(
    "trial_params",
    column("param_id"),
    column("trial_id"),
    column("param_name"),
    column("param_value"),
    column("distribution_json"),
)
values = table(
    "trial_values",
    column("trial_id"),
    column("objective"),
    column("value"),
    column("value_type"),
)
steps = table(
    "trial_intermediate_values",
    column("trial_id"),
    column("step"),
    column("intermediate_value"),
    column("intermediate_value_type"),
)
version = table("version_info", column("schema_version"))
revision = table("alembic_version", column("version_num"))
