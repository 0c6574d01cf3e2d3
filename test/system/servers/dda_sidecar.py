# SPDX-License-Identifier: MIT
"""A sidecar of a Data Distribution Agent in memory: what is published goes to
its subscribers."""
import concurrent.futures
import importlib
import pathlib
import queue
import subprocess
import sys
import tempfile

# Where Debian has python3-grpcio, whichever Python runs this.
sys.path.append("/usr/lib/python3/dist-packages")
import grpc  # noqa: E402

from cluster import ROOT, free_ports  # noqa: E402

PROTOS = ROOT / "runtime/drivers/dda"


def generated():
    """The Python classes of the protos, made by protoc."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeless-dda-"))
    names = ("com", "state", "store")
    subprocess.run(["protoc", f"-I{PROTOS}", f"--python_out={folder}",
                    *(f"{name}.proto" for name in names)], check=True)
    sys.path.insert(0, str(folder))
    return [importlib.import_module(name + "_pb2") for name in names]


com, state, store = generated()


class Sidecar:
    def __init__(self):
        self.port, = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.subscribers = {}  # (pattern, type) -> queues
        self.results = queue.Queue()
        self.values = {}
        self.events = queue.Queue()  # published ones
        self.server = None

    def start(self):
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(max_workers=30))
        for service, methods in (
                ("dda.com.v1.ComService", (
                    ("PublishEvent", com.Event, self.publish_event, False),
                    ("SubscribeEvent", com.SubscriptionFilter,
                     self.stream("event"), True),
                    ("PublishAction", com.Action, self.publish_action, True),
                    ("SubscribeAction", com.SubscriptionFilter,
                     self.stream("action"), True),
                    ("PublishActionResult", com.ActionResultCorrelated,
                     self.publish_action_result, False),
                    ("PublishQuery", com.Query, self.publish_query, True),
                    ("SubscribeQuery", com.SubscriptionFilter,
                     self.stream("query"), True))),
                ("dda.state.v1.StateService", (
                    ("ProposeInput", state.Input, self.propose, False),
                    ("ObserveStateChange", state.ObserveStateChangeParams,
                     self.stream("input"), True),
                    ("ObserveMembershipChange",
                     state.ObserveMembershipChangeParams,
                     self.stream("membership"), True))),
                ("dda.store.v1.StoreService", (
                    ("Get", store.Key, self.get, False),
                    ("Set", store.KeyValue, self.set, False),
                    ("ScanPrefix", store.Key, self.scan, True)))):
            self.server.add_generic_rpc_handlers((
                grpc.method_handlers_generic_handler(service, {
                    name: (grpc.unary_stream_rpc_method_handler if streams
                           else grpc.unary_unary_rpc_method_handler)(
                        function, request_deserializer=kind.FromString,
                        response_serializer=lambda x: x.SerializeToString())
                    for name, kind, function, streams in methods}),))
        self.server.add_insecure_port(f"127.0.0.1:{self.port}")
        self.server.start()
        return self

    def stop(self):
        if self.server:
            self.server.stop(None).wait()
            self.server = None
        self.subscribers = {}

    # -- subscriptions ---------------------------------------------------------

    def stream(self, pattern):
        def subscribe(request, context):
            inbox = queue.Queue()
            key = pattern, getattr(request, "type", "")
            self.subscribers.setdefault(key, []).append(inbox)
            while context.is_active():
                try:
                    yield inbox.get(timeout=0.1)
                except queue.Empty:
                    pass
        return subscribe

    def send(self, pattern, kind, message):
        for inbox in self.subscribers.get((pattern, kind), ()):
            inbox.put(message)

    # -- calls -----------------------------------------------------------------

    def publish_event(self, x, _):
        self.events.put(x)
        self.send("event", x.type, x)
        return com.Ack()

    def publish_action(self, x, _):
        self.send("action", x.type,
                  com.ActionCorrelated(action=x, correlation_id="c-1"))
        for number in range(2):
            yield com.ActionResult(data=b"%d " % number + x.params)

    def publish_action_result(self, x, _):
        self.results.put(x)
        return com.Ack()

    def publish_query(self, x, context):
        return iter(())

    def propose(self, x, _):
        self.send("input", "", x)
        return state.Ack()

    def get(self, x, _):
        return store.Value(value=self.values[x.key]) \
            if x.key in self.values else store.Value()

    def set(self, x, _):
        self.values[x.key] = x.value
        return store.Ack()

    def scan(self, x, _):
        for key in sorted(self.values):
            if key.startswith(x.key):
                yield store.KeyValue(key=key, value=self.values[key])
