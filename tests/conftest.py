"""What holds for every test: shapes are checked, nothing broadcasts by accident, nothing reaches a network."""

import os
import socket

# Before anything imports jax or mlflow. The allocator's settings need a fresh process and change no bits: not here.
os.environ |= {
    "NPROC": "2",
    # Where a test runs a model, its compilation takes longest: without optimisations of LLVM and with the older emitters of fused
    # operations, in one piece, it takes a fifth of the time.
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "true",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "TOKENIZERS_PARALLELISM": "false",
    "MPLBACKEND": "Agg",
}

from jaxtyping import install_import_hook  # noqa: E402

import tests.helpers.checking  # noqa: E402, F401  (the hook below looks it up by name)

install_import_hook("clip_italian", "tests.helpers.checking.check")

import pytest  # noqa: E402

from clip_italian.data import workers  # noqa: E402
from clip_italian.data.curation import candidates  # noqa: E402
from clip_italian.data.sources import image_index  # noqa: E402
from tests.helpers.small_world import RAY  # noqa: E402


@pytest.fixture
def serial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is spread over workers is done by this process, where starting others would take longer than the test."""
    for kept in (candidates._image_index, image_index.opened):
        kept.cache_clear()
    monkeypatch.setattr(workers, "map", lambda function, items, settings, name=str: map(function, items))


@pytest.fixture(scope="session")
def ray_cluster():
    """A Ray cluster of this host, for all tests that ask for one: starting it takes seconds."""
    ray = workers._ray()
    workers._join(ray, RAY)
    yield
    ray.shutdown()


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection but to a socket file or to this machine is an error, except where a test is marked `network`."""
    if request.node.get_closest_marker("network"):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        return
    connect = socket.socket.connect

    def only_local(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not (isinstance(address, tuple) and address[0] in ("127.0.0.1", "::1")):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", only_local)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that no process is left with one of them when the others have finished."""
    longest = ["test_pipeline.py", "test_distributed.py", "test_export.py", "test_audit.py", "test_arms.py"]
    items.sort(key=lambda item: longest.index(item.path.name) if item.path.name in longest else len(longest))
