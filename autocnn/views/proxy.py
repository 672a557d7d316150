"""Optuna's gRPC proxy, for those alone who have its address."""

import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from optuna.storages import BaseStorage, get_storage

from autocnn.errors import RequestError
from autocnn.proxied import INSTALL, KEY, SCHEME
from autocnn.views.guard import authority, free_port, shown_host

THREADS = 10


class Proxy:
    """A storage that is served; `close` ends it."""

    def __init__(
        self, storage: BaseStorage, port: int, *, host: str, write: bool
    ) -> None:
        """RequestError if the port is taken, or gRPC is not installed."""
        try:
            import grpc
            from optuna.storages._grpc.auto_generated import api_pb2_grpc
            from optuna.storages._grpc.servicer import OptunaStorageProxyService
        except ImportError:
            raise RequestError(
                "grpcio, which the proxy is made of, is not installed",
                hint=f"install it: {INSTALL}",
            ) from None
        self._host, self._key = host, secrets.token_urlsafe(24)
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS),
            interceptors=[_door(self._key, write=write)],
            options=[("grpc.so_reuseport", 0)],  # or two shared a port
        )
        service = OptunaStorageProxyService(get_storage(storage))
        add: Any = api_pb2_grpc.add_StorageServiceServicer_to_server
        add(service, self._server)
        place = authority(host, free_port(host, port))
        self.port = self._server.add_insecure_port(place)
        self._server.start()

    @property
    def address(self) -> str:
        """The storage URL for viewers; who has it may come in."""
        place = authority(shown_host(self._host), self.port)
        return f"{SCHEME}://viewer:{self._key}@{place}"

    def wait(self) -> None:
        """Serve until it is closed."""
        self._server.wait_for_termination()

    def close(self) -> None:
        """Serve nobody any more."""
        self._server.stop(grace=None).wait()


def _door(key: str, *, write: bool) -> Any:
    """Let those through who bring the key; without `write`, only to read."""
    import grpc

    def refuse(code: grpc.StatusCode, text: str) -> Any:
        def abort(_request: Any, context: Any) -> None:
            context.abort(code, text)

        return grpc.unary_unary_rpc_method_handler(abort)

    class Door(grpc.ServerInterceptor):  # type: ignore[misc, unused-ignore]
        def intercept_service(self, go_on: Callable[[Any], Any], call: Any) -> Any:
            given = dict(call.invocation_metadata).get(KEY, "")
            if not hmac.compare_digest(str(given).encode(), key.encode()):
                return refuse(grpc.StatusCode.UNAUTHENTICATED, "another key is needed")
            if not write and not call.method.rpartition("/")[2].startswith("Get"):
                return refuse(grpc.StatusCode.PERMISSION_DENIED, "it is only to read")
            return go_on(call)

    return Door()
