# SPDX-License-Identifier: MIT
"""Mirror, intents and application metrics in a real Redis that fails in every
way, while the cluster keeps working."""
import json
import os
import re
import signal
import subprocess
import unittest
import uuid

from cluster import BIN, GENERATOR, LOG, SystemTest, free_ports, wait_for
from redis_server import Hostile, Monitor, Redis


class RedisTest(SystemTest):
    keep_alive = 0.2

    def setUp(self):
        super().setUp()
        self.redis = Redis()
        self.addCleanup(self.redis.close)

    def mirror_to(self, url, collector=""):
        c = self.cluster
        agent, self.invocation = free_ports(2)
        text = (c.folder / "orchestrator.toml").read_text()
        text = text.replace(
            'proxy_type = "None"',
            f'proxy_type = "Redis"\nredis_url = "{url}"')
        text = text.replace(
            "[baseline]",
            f'agent_url = "http://127.0.0.1:{agent}"\n'
            f'invocation_url = "http://127.0.0.1:{self.invocation}"\n'
            "[baseline]")
        if collector:
            text = text.replace(
                'collector_type = "None"',
                f'collector_type = "Redis"\nredis_url = "{collector}"')
        c.write("orchestrator.toml", text)

    def start(self, *nodes):
        self.redis.start()
        self.mirror_to(self.redis.url)
        self.cluster.start_all(*nodes)

    def running(self, workflow):
        """Waits until all components run."""
        return wait_for("everything to run", lambda: (
            lambda x: x if all(y[0] == "running" for y in x.values())
            else None)(self.cluster.inspect(workflow)))

    def mirrored(self):
        """The placements in the mirror: sets of (node, instance)."""
        result = set()
        for text in self.redis.texts("instance:").values():
            where = next(iter(json.loads(text).values()))[1]
            for x in where if isinstance(where, list) else [where]:
                words = x.split(" ")
                result.add((words[1].rstrip(","), words[3].rstrip(")")))
        return result

    def is_true(self, workflow):
        """Whether the mirror agrees with the orchestrator."""
        c = self.cluster
        return self.mirrored() == {(c.node_ids[node], instance)
                                   for _, node, instance
                                   in c.inspect(workflow).values()}


class Mirror(RedisTest):
    def test_mirror_shows_the_domain_and_removes_old_keys(self):
        c, r = self.cluster, self.redis
        r.start()
        r.ask("SET", "old", "1")
        self.mirror_to(r.url)
        c.start_all("n1", "n2")
        ids = {c.node_ids["n1"], c.node_ids["n2"]}
        wait_for("both nodes", lambda: set(r.texts("node:health:")) == ids)
        self.assertIsNone(r.ask("GET", "old"))
        for prefix in ["node:capabilities:", "nodes:capabilities:"]:
            found = r.texts(prefix)
            self.assertEqual(set(found), ids)
            for text in found.values():
                self.assertEqual(list(json.loads(text)), [
                    "num_cpus", "model_name_cpu", "clock_freq_cpu",
                    "num_cores", "mem_size", "labels", "is_tee_running",
                    "has_tpm", "runtimes", "disk_tot_space", "num_gpus",
                    "model_name_gpu", "mem_size_gpu"])
        for text in r.texts("node:health:").values():
            self.assertEqual(list(json.loads(text)), [
                "cpu_usage", "cpu_load", "mem_free", "mem_used", "mem_total",
                "mem_available", "proc_cpu_usage", "proc_memory",
                "proc_vmemory", "load_avg_1", "load_avg_5", "load_avg_15",
                "tot_rx_bytes", "tot_rx_pkts", "tot_rx_errs", "tot_tx_bytes",
                "tot_tx_pkts", "tot_tx_errs", "disk_free_space",
                "disk_tot_reads", "disk_tot_writes", "gpu_load_perc",
                "gpu_temp_cels", "active_power"])
            self.assertGreater(json.loads(text)["disk_free_space"], 0)
        self.assertEqual(
            json.loads(r.ask("GET", "provider:file-log-1"))["class_type"],
            "file-log")

        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        instances = {k: json.loads(v)
                     for k, v in r.texts("instance:").items()}
        function = next(k for k, v in instances.items() if "Function" in v)
        resource = next(k for k, v in instances.items() if "Resource" in v)
        written = instances[function]["Function"][0]
        spec = written.pop("spec")
        self.assertEqual(spec["id"], "message_generator")
        self.assertEqual(spec["function_type"], "RUST_WASM")
        self.assertEqual(written,
                         {"annotations": GENERATOR[3],
                          "state_specification": {
                              "state_id": function,
                              "state_policy": "NodeLocal"},
                          "workflow_id": workflow})
        self.assertEqual(instances[resource]["Resource"][0],
                         {"class_type": "file-log", "configuration": LOG[2],
                          "workflow_id": workflow})
        self.assertEqual(
            {k: json.loads(v) for k, v in r.texts("dependency:").items()},
            {function: {"output": resource}})

        c.kill("n1")
        wait_for("n1 to go", lambda: set(r.texts("node:health:"))
                 == {c.node_ids["n2"]})
        self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        c.cli("workflow", "stop", workflow)
        wait_for("it to go", lambda: not r.keys("instance:*"))
        self.assertEqual(r.keys("dependency:*"), [])

    def test_mirror_is_rewritten_after_redis_was_killed(self):
        c, r = self.cluster, self.redis
        self.start("n1", "n2")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        r.kill()
        seen = len(c.lines("events.log"))
        wait_for("events", lambda: len(c.lines("events.log")) > seen + 3)
        c.kill(c.inspect(workflow)["generator"][1])
        self.running(workflow)
        r.start()
        wait_for("the mirror", lambda: self.is_true(workflow))
        self.assertEqual(len(r.texts("node:capabilities:")), 1)

    def test_a_second_orchestrator_leaves_the_database_alone(self):
        c, r = self.cluster, self.redis
        self.start("n1", "n2")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        text = (c.folder / "orchestrator.toml").read_text()
        ports = iter(free_ports(8))
        text = re.sub(r"(http://127\.0\.0\.1):\d+",
                      lambda x: f"{x[1]}:{next(ports)}", text)
        c.write("second.toml", text.replace('domain_id = "', 'domain_id = "x-'))
        second = subprocess.Popen(
            [BIN / "edgeless_orc_d", "-c", c.folder / "second.toml"],
            stdout=subprocess.DEVNULL,
            stderr=(c.folder / "second.log").open("w"))
        self.addCleanup(second.wait)
        self.addCleanup(second.kill)
        wait_for("the refusal", lambda: "another orchestrator owns" in
                 (c.folder / "second.log").read_text())
        self.assertTrue(self.is_true(workflow))
        for _ in range(4):
            component = next(k for k, v in r.texts("instance:").items()
                             if "Function" in v)
            here = c.inspect(workflow)["generator"][1]
            there = c.node_ids["n2" if here == "n1" else "n1"]
            r.ask("SET", f"intent:migrate:{component}", there)
            r.ask("RPUSH", "intents", f"intent:migrate:{component}")
            wait_for("the migration", lambda: c.node_ids[
                c.inspect(workflow)["generator"][1]] == there)

    def test_a_redis_without_flushdb_is_mirrored_to(self):
        r = self.redis
        r.options = ["--rename-command", "FLUSHDB", "",
                     "--rename-command", "FLUSHALL", ""]
        r.start()
        r.ask("SET", "instance:old", "1")
        r.ask("SET", "precious", "1")
        self.mirror_to(r.url)
        self.cluster.start_all("n1")
        wait_for("the node", lambda: r.texts("node:health:"))
        self.assertIsNone(r.ask("GET", "instance:old"))
        self.assertEqual(r.ask("GET", "precious"), "1")

    def test_datasets_have_a_line_for_each_change(self):
        c, r = self.cluster, self.redis
        r.start()
        self.mirror_to(r.url)
        text = (c.folder / "orchestrator.toml").read_text()
        c.write("orchestrator.toml", text.replace(
            "[collector]", "[proxy.dataset_settings]\n"
            f'dataset_path = "{c.folder}/set/"\n[collector]'))
        c.add_node_file("n1")
        text = (c.folder / "n1.toml").read_text()
        c.write("n1.toml", text.replace("performance_samples = false",
                                        "performance_samples = true"))
        c.start_all("n1")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)

        def rows(name):
            file = c.folder / "set" / f"{name}.csv"
            lines = file.read_text().splitlines() if file.exists() else []
            return [x.split(",") for x in lines]
        wait_for("samples", lambda: len(rows("performance_samples")) > 3)
        wait_for("health", lambda: len(rows("health_status")) > 1)
        for name in ["performance_samples", "mapping_to_instance_id",
                     "capabilities", "health_status"]:
            table = rows(name)
            self.assertGreater(len(table), 1, name)
            self.assertEqual({len(x) for x in table}, {len(table[0])}, name)
        placed = c.inspect(workflow)["generator"]
        self.assertIn(placed[2], [x[-1] for x in rows("mapping_to_instance_id")])

    def test_a_hanging_redis_delays_no_actor(self):
        c, r = self.cluster, self.redis
        self.start("n1", "n2")
        r.signal(signal.SIGSTOP)
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("events", lambda: len(c.lines("events.log")) > 3)
        c.kill(c.inspect(workflow)["log"][1])
        self.running(workflow)
        r.signal(signal.SIGCONT)
        wait_for("the mirror", lambda: self.is_true(workflow))
        wait_for("one node", lambda: len(r.texts("node:capabilities:")) == 1)

    def test_shutdown_is_in_time_while_redis_hangs(self):
        c = self.cluster
        self.start("n1")
        self.redis.signal(signal.SIGSTOP)
        wait_for("the complaint", lambda: "does not answer in time"
                 in c.log("orchestrator"))
        code, seconds = c.terminate("orchestrator")
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2)

    def test_mirror_is_rewritten_after_a_flush(self):
        c, r = self.cluster, self.redis
        self.start("n1")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        r.ask("FLUSHDB")
        wait_for("the mirror", lambda: self.is_true(workflow)
                 and r.keys("node:health:*") and r.keys("provider:*"))

    def test_mirror_is_written_when_redis_starts_later(self):
        c, r = self.cluster, self.redis
        self.mirror_to(r.url)
        c.start_all("n1")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        r.start()
        wait_for("the mirror", lambda: self.is_true(workflow))
        self.assertEqual(
            c.log("orchestrator").count("connection refused"), 1)

    def test_old_keys_of_a_snapshot_are_removed(self):
        c, r = self.cluster, self.redis
        self.start("n1")
        wait_for("the node", lambda: r.keys("node:health:*"))
        r.kill()
        r.start()
        stale = f"node:health:{uuid.uuid4()}"
        r.ask("SET", stale, "{}")
        r.ask("SET", "foreign", "1")
        wait_for("it to go", lambda: stale not in r.keys("node:*"))
        self.assertEqual(r.ask("GET", "foreign"), "1")

    def test_no_command_iterates_over_all_keys_at_once(self):
        c, r = self.cluster, self.redis
        r.start()
        monitor = Monitor(r)
        self.mirror_to(r.url)
        c.start_all("n1")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        verbs = {line.split('"')[1].upper() for line in monitor.lines
                 if '"' in line}
        self.assertIn("SET", verbs)
        self.assertNotIn("KEYS", verbs)

    def test_an_unusable_url_is_one_line(self):
        c = self.cluster
        self.mirror_to("http://127.0.0.1:6379")
        process = c.start_orchestrator()
        self.assertEqual(process.wait(timeout=20), 1)
        self.assertRegex(c.log("orchestrator"),
                         r"orchestrator.toml:\d+: proxy.redis_url: ")
        c.running.pop("orchestrator")


class HostileRedis(RedisTest):
    def survives(self, answer, endless=False):
        c = self.cluster
        hostile = Hostile(answer, endless)
        self.addCleanup(hostile.close)
        self.mirror_to(hostile.url)
        c.start_all("n1")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("two attempts", lambda: hostile.served > 2)
        wait_for("events", lambda: len(c.lines("events.log")) > 3)
        with open(f"/proc/{c.running['orchestrator'].pid}/status") as status:
            peak = next(int(line.split()[1]) for line in status
                        if line.startswith("VmHWM:"))
        self.assertLess(peak, 300 << 10)  # kB
        code, seconds = c.terminate("orchestrator")
        self.assertEqual(code, 0)
        self.assertLess(seconds, 2)

    def test_garbage(self):
        self.survives(os.urandom(4096))

    def test_wrong_types(self):
        self.survives(b"*2\r\n:1\r\n*1\r\n$-1\r\n")

    def test_errors(self):
        self.survives(b"-ERR no\r\n")

    def test_ok_to_every_command(self):
        self.survives(b"+OK\r\n")

    def test_unexpected_replies(self):
        self.survives(b"+OK\r\n", endless=True)

    def test_an_endless_list(self):
        self.survives(b"*2147483647\r\n" + b":1\r\n" * 10000, endless=True)

    def test_a_huge_value(self):
        self.survives(b"$2147483647\r\n" + b"x" * 100000, endless=True)

    def test_silence(self):
        self.survives(b"")


class Intents(RedisTest):
    def result(self, rest):
        key = "intent:result:" + rest
        return json.loads(wait_for("a result",
                                   lambda: self.redis.ask("GET", key)))

    def test_invalid_intents_are_refused_with_a_reason(self):
        c, r = self.cluster, self.redis
        self.start("n1")
        workflow = c.start([GENERATOR], [LOG])
        before = self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        precious = r.keys("node:capabilities:*")[0]
        node, missing = c.node_ids["n1"], str(uuid.uuid4())
        component = r.keys("instance:*")[0].split(":")[1]
        intents = [
            (f"intent:migrate:{missing}", node, missing),
            (f"intent:migrate:{component}", "rubbish", component),
            ("intent:migrate:rubbish", node, "rubbish"),
            ("intent:explode:x", node, "x"),
            ("intent:cordon:" + node, "perhaps", node),
        ]
        # These are no intents at all: they are logged, and leave nothing.
        for key in [precious, "nonsense"]:
            r.ask("RPUSH", "intents", key)
        for key, value, _ in intents:
            if value:
                r.ask("SET", key, value)
            r.ask("RPUSH", "intents", key)
        for key, value, rest in intents:
            result = self.result(rest)
            self.assertEqual(list(result), ["intent", "value", "outcome",
                                            "reason", "time"])
            self.assertEqual(result["intent"], key)
            self.assertEqual(result["outcome"], "refused")
            self.assertTrue(result["reason"])
            self.assertGreater(r.ask("TTL", "intent:result:" + rest), 0)
        self.assertEqual(r.ask("EXISTS", "intents"), 0)
        self.assertEqual([x for x in r.keys("intent:*")
                          if not x.startswith("intent:result:")], [])
        self.assertEqual(r.ask("EXISTS", precious), 1)
        self.assertEqual(set(r.keys("intent:result:*")),
                         {"intent:result:" + x for _, _, x in intents})
        self.assertEqual(c.inspect(workflow), before)
        self.assertIn("refused: ", c.log("orchestrator"))

    def test_an_intent_without_a_value_is_refused(self):
        self.start("n1")
        missing = str(uuid.uuid4())
        self.redis.ask("RPUSH", "intents", f"intent:migrate:{missing}")
        self.assertIn("has no value", self.result(missing)["reason"])

    def test_the_value_may_follow_the_key_and_ids_need_no_hyphens(self):
        c, r = self.cluster, self.redis
        self.start("n1", "n2")
        workflow = c.start([GENERATOR], [LOG])
        self.running(workflow)
        wait_for("the mirror", lambda: self.is_true(workflow))
        component = next(k for k, v in r.texts("instance:").items()
                         if "Function" in v)
        here = c.inspect(workflow)["generator"][1]
        there = "n2" if here == "n1" else "n1"
        written = uuid.UUID(component).hex
        r.ask("RPUSH", "intents", f"intent:migrate:{written}")
        r.ask("SET", f"intent:migrate:{written}",
              uuid.UUID(c.node_ids[there]).urn)
        self.assertEqual(self.result(written)["outcome"], "done")
        self.assertEqual(c.inspect(workflow)["generator"][1], there)


class Metrics(RedisTest):
    def test_the_metrics_collector_node_writes_metrics(self):
        c, r = self.cluster, self.redis
        r.start()
        self.mirror_to(r.url, collector=r.url)
        c.start_controller()
        c.start_orchestrator()
        for name in ["n1", "n2"]:
            c.add_node_file(name)
            c.start_node(name)
        c.wait_for_nodes(3)
        wait_for("three nodes", lambda: len(r.texts("node:health:")) == 3)
        provider = json.loads(wait_for("the provider", lambda: r.ask(
            "GET", "provider:metrics-collector")))
        self.assertEqual(provider["class_type"], "metrics-collector")
        host = provider["node_id"]
        self.assertNotIn(host, c.node_ids.values())
        capabilities = json.loads(r.ask("GET", "node:capabilities:" + host))
        self.assertEqual(capabilities["num_cpus"], 0)
        self.assertEqual(capabilities["runtimes"], [])

        c.node_ids["collector"] = host
        workflow = c.start([GENERATOR], [LOG, (
            "metrics", "metrics-collector", {"wf_name": "w"})])
        where = self.running(workflow)
        self.assertNotEqual(where["generator"][1], "collector")
        _, node, instance = where["metrics"]
        self.assertEqual(node, "collector")
        for payload in ["workflow:begin:1", "workflow:end:1", "nonsense",
                        "workflow:begin:2", "workflow:end:2"]:
            c.cli("function", "invoke", "cast",
                  f"http://127.0.0.1:{self.invocation}", host, instance,
                  payload)
        wait_for("two samples", lambda: r.ask(
            "LLEN", "workflow:w:samples") == 2)
        self.assertRegex(r.ask("GET", "workflow:w:average"), r"^\d+(\.\d+)?$")
        self.assertRegex(r.ask("LRANGE", "workflow:w:samples", 0, 0)[0],
                         r"^\d+,\d+\.\d{3}$")
        self.assertIn("invalid metrics-collector event received",
                      c.log("orchestrator"))


if __name__ == "__main__":
    unittest.main()
