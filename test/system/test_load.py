# SPDX-License-Identifier: MIT
"""The load generator against a box: each arrival model, each type of workflow,
and the reported transactions."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

from cluster import BIN, TIMEOUT, ROOT, SystemTest, free_ports, wait_for
from redis_server import Redis

FUNCTIONS = ["noop", "vector_mul", "matrix_mul", "trigger", "bench_process",
             "bench_mapreduce"]
COLUMNS = "entity,name,value,timestamp"
WASM = {x: str(ROOT / f"functions/{x}/{x}.wasm") for x in FUNCTIONS}
NOOP = f"single;{ROOT}/functions/noop/function.json;{WASM['noop']}"
VECTORS = f"vector-mul-chain;3;3;400;400;{WASM['vector_mul']}"


def numbers(text):
    """The values of the final report, by name."""
    return {m[1].strip(): float(m[2]) for m in
            re.finditer(r"^([a-z ]+?) *= ([0-9.e-]+)$", text, re.M)}


class LoadTest(SystemTest):
    keep_alive = 0.5

    @classmethod
    def setUpClass(cls):
        for x in FUNCTIONS:
            subprocess.run([BIN / "edgeless_cli", "function", "build",
                            ROOT / f"functions/{x}/function.json"],
                           check=True, capture_output=True, timeout=600)

    def setUp(self):
        super().setUp()
        c = self.cluster
        self.redis = Redis().start()
        self.addCleanup(self.redis.close)
        agent, invocation = free_ports(2)
        text = (c.folder / "orchestrator.toml").read_text().replace(
            'collector_type = "None"',
            f'collector_type = "Redis"\nredis_url = "{self.redis.url}"')
        c.write("orchestrator.toml", text.replace(
            "[baseline]",
            f'agent_url = "http://127.0.0.1:{agent}"\n'
            f'invocation_url = "http://127.0.0.1:{invocation}"\n[baseline]'))
        c.add_node_file("n1")
        path = c.folder / "n1.toml"
        path.write_text(path.read_text().replace(
            "[resources]", '[resources]\nredis_provider = "redis-1"'))
        c.start_controller()
        c.start_orchestrator()
        c.start_node("n1")
        c.wait_for_nodes(2)  # one is that of the metrics-collector

    def command(self, *arguments):
        c = self.cluster
        return [BIN / "edgeless_benchmark", "-c",
                f"http://127.0.0.1:{c.controller_port}", "-r", self.redis.url,
                *map(str, arguments)]

    def load(self, *arguments, code=0):
        done = subprocess.run(self.command(*arguments), text=True,
                              cwd=self.cluster.folder, capture_output=True,
                              timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.output = done.stdout + done.stderr
        return numbers(done.stdout)

    def rows(self, file="out.csv", columns=4):
        header, *rows = self.cluster.lines(file)
        return header, [x.split(",", columns) for x in rows]

    def assert_no_loss(self, totals, least=1):
        self.assertGreaterEqual(totals["handled"], least, self.output)
        self.assertEqual(totals["transactions sent"],
                         totals["handled"] + totals["under way at stop"],
                         self.output)
        for x in ["lost", "doubled", "out of order"]:
            self.assertEqual(totals[x], 0, self.output)

    def assert_nothing_left(self):
        self.assertEqual(self.cluster.cli("workflow", "list").stdout, "")
        self.assertEqual(self.redis.keys("benchmark:*"), [])


class Types(LoadTest):
    def single(self, kind, seconds=4, warm=False):
        """With `warm`, the modules are compiled before the experiment."""
        if warm:
            self.load("--arrival-model", "single", "-d", 0.1, "-w", kind)
        totals = self.load("--arrival-model", "single", "-d", seconds,
                           "-w", kind)
        self.assertEqual(totals["workflow requested"], 1)
        self.assertEqual(totals["workflow started"], 1, self.output)
        self.assertEqual(totals["blocking probability"], 0)
        self.assert_nothing_left()
        return totals

    def test_type_none_starts_no_workflow(self):
        totals = self.single("none", 1)
        self.assertIn("no workflow has a metrics-collector", self.output)
        self.assertNotIn("handled", totals)

    def test_type_single_starts_one_function(self):
        self.single(NOOP, 1)
        self.assertIn("no workflow has a metrics-collector", self.output)

    def test_type_vector_mul_chain_and_its_samples(self):
        totals = self.single(VECTORS, warm=True)
        self.assert_no_loss(totals, 10)
        header, rows = self.rows()
        self.assertEqual(header, "seed," + COLUMNS)
        own = [x for x in rows if x[1] == "w"]
        self.assertLessEqual(abs(len(own) - totals["handled"]), 1)
        for seed, _, name, value, when in own:
            self.assertEqual((seed, name), ("42", "wf0"))
            self.assertRegex(value, r"^\d+$")
            self.assertLess(abs(float(when) - time.time()), 120)
        self.assertEqual(len({x[2] for x in rows if x[1] == "f"}), 2)

    def test_type_matrix_mul_chain_periodic_and_in_a_ring(self):
        wasm = WASM["matrix_mul"]
        totals = self.single(f"matrix-mul-chain;2;2;20;20;100;{wasm}",
                           warm=True)
        self.assert_no_loss(totals, 5)
        self.assertLess(totals["handled"], 45)
        totals = self.single(f"matrix-mul-chain;3;3;200;200;0;{wasm}")
        self.assert_no_loss(totals, 45)

    def test_type_map_reduce_continues_from_the_id_in_redis(self):
        c = self.cluster
        c.write("mr.json", json.dumps({
            "min_transaction_interval_ms": 50,
            "max_transaction_interval_ms": 50,
            "min_input_size": 10, "max_input_size": 20,
            "min_num_stages": 2, "max_num_stages": 2,
            "min_fan_out": 3, "max_fan_out": 3,
            "min_fibonacci": 10, "max_fibonacci": 100,
            "min_memory_bytes": 0, "max_memory_bytes": 1000,
            "functions_path": str(ROOT / "functions"),
            "redis_url": self.redis.url}))
        totals = self.single("map-reduce;mr.json", warm=True)
        self.assert_no_loss(totals, 20)
        newest = max(int(self.redis.ask("GET", x)) for x in
                     self.redis.keys("*:last_transaction_id"))
        self.assertGreaterEqual(newest, totals["handled"] - 2)

    def test_type_json_spec_replaces_the_number_of_the_workflow(self):
        c = self.cluster
        patient = {"on_full.metric": "block"}
        draft = self.cluster.workflow(
            [("client", "vector_mul",
              {"metric": "metrics", "out": "f"},
              {"init-payload": "is_client=true,input_size=400", **patient}),
             ("f", "vector_mul", {"metric": "metrics", "out": "client"},
              {"init-payload": "input_size=400", **patient})],
            [("metrics", "metrics-collector", {"wf_name": "own@WF_ID"})])
        self.assert_no_loss(self.single("json-spec;" + draft,
                                        warm=True), 10)
        _, rows = self.rows()
        self.assertEqual({x[2] for x in rows if x[1] == "w"}, {"own0"})


class Arrivals(LoadTest):
    def test_arrival_poisson_is_reproducible_with_the_same_seed(self):
        arguments = ["-d", 3, "-i", 0.2, "-l", 0.5, "-w", NOOP, "--events",
                     "events.csv"]
        totals = self.load(*arguments)
        self.assertGreater(totals["workflow requested"], 3)
        self.assertEqual(totals["workflow requested"],
                         totals["workflow started"])
        self.assert_nothing_left()
        again = self.load(*arguments)
        self.assertEqual(totals["workflow requested"],
                         again["workflow requested"])

        header, rows = self.rows("events.csv")
        self.assertEqual(header, "seed,timestamp,metric,target,value")
        kinds = [x[2] for x in rows]
        for kind in ["workflow:request", "workflow:response", "workflow:end"]:
            self.assertEqual(kinds.count(kind), again["workflow started"])
        first = [x for x in rows if x[3] == "wf0"]
        self.assertEqual(json.loads(first[0][4])["functions"][0]["name"],
                         "single")
        self.assertIn("workflow_id", json.loads(first[1][4])
                      ["WorkflowInstance"])

    def test_arrival_incremental_starts_one_after_the_other(self):
        totals = self.load("--arrival-model", "incremental", "-d", 2.9, "-i",
                         0.5, "-l", 0.7, "-w", NOOP)
        self.assertEqual(totals["workflow started"], 6)
        self.assert_nothing_left()

    def test_arrival_with_a_warm_up(self):
        totals = self.load("--arrival-model", "incr-and-keep", "-d", 4,
                         "--warmup", 1, "-i", 0.25, "-w", VECTORS,
                         "--report", "report.json")
        self.assertEqual(totals["workflow started"], 4)
        self.assert_no_loss(totals, 10)
        report = json.loads((self.cluster.folder / "report.json").read_text())
        self.assertEqual(report["ledger"]["handled"], totals["handled"])
        # The first samples come a second after their workflow: none is cut off.
        _, rows = self.rows()
        self.assertEqual(sum(x[1] == "w" for x in rows), totals["handled"])
        totals = self.load("--arrival-model", "single", "-d", 4, "--warmup", 3,
                         "-w", VECTORS)
        _, rows = self.rows()
        self.assertLess(sum(x[1] == "w" for x in rows), totals["handled"])

    def test_arrival_trace_follows_the_file(self):
        self.cluster.write("trace.csv", "0,0.5\n0.2,1\n0.4,9\n7,8\n")
        totals = self.load("--arrival-model", "trace", "--workload-trace",
                         "trace.csv", "-d", 1.5, "-w", NOOP)
        self.assertEqual(totals["workflow started"], 3)
        self.assert_nothing_left()

    def test_arrival_is_limited_to_max_workflows(self):
        totals = self.load("--arrival-model", "incr-and-keep", "-d", 1,
                         "--warmup", 0.9, "-i", 0.1, "-w", NOOP,
                         "--max-workflows", 3)
        self.assertEqual(totals["workflow requested"], 9)
        self.assertEqual(totals["workflow started"], 3)
        self.assertAlmostEqual(totals["blocking probability"], 2 / 3, 4)
        self.assertIn("--max-workflows", self.output)

    def test_workflows_are_kept_on_request(self):
        self.load("--arrival-model", "single", "-d", 1, "-w", NOOP, "-k")
        left = self.cluster.cli("workflow", "list").stdout.split()
        self.assertEqual(len(left), 1)
        self.cluster.cli("workflow", "stop", left[0])

    def test_an_interrupted_experiment_stops_its_workflows_and_reports(self):
        process = subprocess.Popen(
            self.command("-d", 600, "--arrival-model", "incremental", "-l",
                         600, "-i", 0.1, "-w", VECTORS),
            text=True, cwd=self.cluster.folder, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.addCleanup(process.kill)
        wait_for("some workflows", lambda: len(
            self.cluster.cli("workflow", "list").stdout.split()) > 5)
        process.send_signal(signal.SIGINT)
        self.output, _ = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0, self.output)
        self.assertIn("interrupted before its end", self.output)
        self.assert_no_loss(numbers(self.output), 0)
        self.assert_nothing_left()


class Files(LoadTest):
    def test_additional_fields_come_first_and_files_are_appended(self):
        for _ in range(2):
            self.load("--arrival-model", "single", "-d", 2.5, "-w", VECTORS,
                      "--append", "--additional-header", "h_a,h_b",
                      "--additional-fields", "a,b", "-s", 7)
        lines = self.cluster.lines("out.csv")
        self.assertEqual(lines[0], "h_a,h_b,seed," + COLUMNS)
        self.assertEqual(sum(x.startswith("h_a") for x in lines), 1)
        self.assertTrue(all(x.startswith("a,b,7,") for x in lines[1:]))

    def test_without_redis_the_missing_values_are_named(self):
        self.redis.kill()
        totals = self.load("--arrival-model", "single", "-d", 1, "-w", NOOP)
        self.assertEqual(totals["workflow started"], 1)
        self.assertIn("transactions         = unknown", self.output)

    def test_templates_work_unchanged(self):
        for kind in ["vector-mul-chain", "matrix-mul-chain", "map-reduce"]:
            done = subprocess.run(self.command("-w", kind + ";template"),
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0)
            self.assertTrue(json.loads(done.stdout))
        self.load("-w", "help")
        self.assertIn("map-reduce (*)", self.output)

    def test_each_mistake_is_one_line(self):
        c = self.cluster
        c.write("bad.json", '{"min_chain_length": 1}')
        c.write("trace.csv", "1,2\n3\n")
        for arguments, words in [
                (["--arrival-model", "chaos"], "poisson, incremental"),
                (["--duration", "0"], "--duration must be more than 0"),
                (["--warmup", "31"], "--warmup must be from 0"),
                (["-i", "nan"], "--interarrival must be more than 0"),
                (["-l", "-1"], "--lifetime must be more than 0"),
                (["--arrival-model", "trace"], "--workload-trace"),
                (["--arrival-model", "trace", "--workload-trace",
                  "trace.csv"], "line 2: must be ARRIVAL,END"),
                (["-w", "chaos"], "none, single;FUNCTION_JSON;WASM"),
                (["-w", "vector-mul-chain;bad.json"],
                 "bad.json: max_chain_length is missing"),
                (["-w", "vector-mul-chain;3;2;1;1;x.wasm"],
                 "min_chain_length and max_chain_length must be from 1"),
                (["-w", "vector-mul-chain;missing.json"], "missing.json"),
                (["-w", "none", "--additional-fields", "a"],
                 "additional fields (1) vs header (0)"),
                (["-w", "none", "--output", "/dev/full"], "/dev/full"),
                ]:
            with self.subTest(arguments):
                self.load(*arguments, code=1)
                self.assertIn(words, self.output)
                self.assertEqual(len(self.output.splitlines()), 1, self.output)


if __name__ == "__main__":
    unittest.main()
