"""The runs as MLflow shows them; the only module that imports mlflow.

The journals are the truth and the store is a view of them: `fill` adds what is missing, marks what is no longer
current and touches nothing else, so it may run at any time, twice, or after a kill. A run is known by the SHA-256 of
its journals (tag `clip_italian.key`), because MLflow lets nobody choose a run id. The store is mlflow.db and
mlartifacts/ at the root, where a bare `mlflow ui` looks; artifact addresses are relative to the server, so the folder
may be moved.
"""

import contextlib
import json
import logging
import pathlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import filelock
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.entities import Run as StoredRun
from mlflow.exceptions import MlflowException

from clip_italian import environment, files
from clip_italian.errors import InputError
from clip_italian.runs.journals import Group
from clip_italian.runs.views import View, views

STORE = pathlib.Path("mlflow.db")
ARTIFACTS = pathlib.Path("mlartifacts")
WAIT = 60.0  # seconds for another writer to finish
BATCH = 1000  # metrics in one call (MLflow's limit)
SMALL_BATCH = 100  # parameters or tags in one call (MLflow's limit)
DIGEST_LENGTH = 36  # of a dataset (MLflow's limit)
KEY, CURRENT, CONTENT, ROLE = (f"clip_italian.{name}" for name in ("key", "current", "content", "role"))


def fill(profile: str, groups: list[Group], attachments: list[pathlib.Path], lock: dict[str, Any]) -> dict[str, int]:
    """Makes the store show exactly `views` of these groups; returns how many runs were created, updated, kept and superseded.

    Runs of the profile that are not in the views stay with `clip_italian.current` = false and are revived, with their
    old ids, when they return. Raises InputError when the store is damaged or stays locked for WAIT seconds.
    """
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    shown = views(profile, groups, attachments, lock)
    with _alone(), _one_line_errors():
        _make_store()
        _wait_until_writable()
        client = MlflowClient(f"sqlite:///{STORE.absolute()}")
        experiment = _experiment(client, profile)
        stored = {run.data.tags[KEY]: run for run in _stored(client, experiment)}
        counts = {"created": 0, "updated": 0, "kept": 0, "superseded": 0}
        for view in shown:
            counts[_upsert(client, profile, experiment, view, stored)] += 1
        for key in sorted(set(stored) - {view.key for view in shown}):
            if stored[key].data.tags.get(CURRENT) != "false":
                client.set_tag(stored[key].info.run_id, CURRENT, "false")
                counts["superseded"] += 1
    return counts


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One writer at a time: between looking for a run and creating it nobody else may create it."""
    environment.LOCKS.mkdir(parents=True, exist_ok=True)
    path = environment.LOCKS / "mlflow.lock"
    try:
        held = filelock.FileLock(path, timeout=WAIT).acquire()
    except filelock.Timeout:
        raise InputError(f"{path}: another process fills {STORE}; wait for it or stop it") from None
    with held:
        yield


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except (MlflowException, sqlite3.Error) as error:
        cause = str(error).splitlines()[0]
        raise InputError(f"{STORE}: {cause}; stop what uses it, or delete it and run `make mlflow-fill`") from error


def _make_store() -> None:
    """Creates an empty store under another name first: a process killed in the middle leaves none that is half made."""
    if not STORE.exists():
        with files.replacing(STORE) as temporary:
            client = MlflowClient(f"sqlite:///{temporary.absolute()}")
            client.search_experiments()


def _wait_until_writable() -> None:
    """Takes and releases the write lock; whoever holds it has WAIT seconds."""
    with contextlib.closing(sqlite3.connect(STORE, timeout=WAIT, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _experiment(client: MlflowClient, profile: str) -> str:
    found = client.get_experiment_by_name(profile)
    if found:
        return found.experiment_id
    # The page opens on runs and their curves instead of on traces of language models.
    tags = {"mlflow.experimentKind": "custom_model_development"}
    return client.create_experiment(profile, artifact_location=f"mlflow-artifacts:/{profile}", tags=tags)


def _stored(client: MlflowClient, experiment: str) -> list[StoredRun]:
    found, token = [], None
    while True:
        page = client.search_runs([experiment], run_view_type=ViewType.ACTIVE_ONLY, max_results=BATCH, page_token=token)
        found += [run for run in page if KEY in run.data.tags]
        token = page.token
        if not token:
            return found


def _upsert(client: MlflowClient, profile: str, experiment: str, view: View, stored: dict[str, StoredRun]) -> str:
    """Brings one run up to date and says what that took; the tag that ends it is written last, so a kill is noticed."""
    digest, run = view.digest(), stored.get(view.key)
    if run and run.data.tags.get(CONTENT) == digest:
        if run.data.tags.get(CURRENT) != "true":
            client.set_tag(run.info.run_id, CURRENT, "true")
        return "kept"
    created = run is None
    if run is None:
        start = _milliseconds(view.clock[0])
        run = client.create_run(experiment, start_time=start, tags={KEY: view.key}, run_name=view.name)
        stored[view.key] = run
    _log(client, profile, run.info.run_id, view, stored)
    client.set_terminated(run.info.run_id, end_time=_milliseconds(view.clock[1]))
    client.set_tag(run.info.run_id, CONTENT, digest)
    return "created" if created else "updated"


def _log(client: MlflowClient, profile: str, run_id: str, view: View, stored: dict[str, StoredRun]) -> None:
    # Of equal steps MLflow shows the one with the latest time stamp: what replaces an older value must come later.
    now = _milliseconds(time.time())
    metrics = [Metric(name.replace("@", "_at_"), value, now, step) for name, value, step in view.metrics]
    for start in range(0, len(metrics), BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + BATCH])
    _log_small(client, run_id, params=[Param(name, str(value)) for name, value in view.parameters.items()])
    if view.inputs:
        client.log_inputs(run_id, [_dataset(name, digest) for name, digest in view.inputs.items()])
    tags = view.tags | {
        ROLE: view.role,
        CURRENT: "true",
        "mlflow.user": "clip_italian",
        "mlflow.source.name": "dvc.yaml",
    }
    if view.parent:
        tags["mlflow.parentRunId"] = stored[view.parent].info.run_id
    _log_small(client, run_id, tags=[RunTag(name, value) for name, value in tags.items()])
    folder = ARTIFACTS / profile / run_id / "artifacts"
    for path in view.artifacts:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path)
    for name, text in view.texts.items():
        files.write_text(folder / name, text)


def _log_small(client: MlflowClient, run_id: str, **items: list[Any]) -> None:
    """Parameters or tags, as many at once as MLflow takes."""
    for kind, entries in items.items():
        for start in range(0, len(entries), SMALL_BATCH):
            client.log_batch(run_id, **{kind: entries[start : start + SMALL_BATCH]})


def _dataset(name: str, digest: str) -> DatasetInput:
    source = json.dumps({"sha256": digest, "name": name})
    return DatasetInput(Dataset(name, digest[:DIGEST_LENGTH], "local", source), [InputTag("mlflow.data.context", "training")])


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
