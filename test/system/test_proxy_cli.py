# SPDX-License-Identifier: MIT
"""proxy_cli with a Redis that holds values as EDGELESS writes them, in its first
version ("seed") and its latest one ("head")."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
import unittest

from cluster import BIN, ROOT, SystemTest, wait_for
from redis_server import Monitor, Redis

N0 = "03337f46-1dbe-41a1-94a4-75c0abc4e8f5"
NC = "fda6ce79-46df-4f96-a0d2-456f720f606c"
ND = "fda6ce79-46df-4f96-a0d2-456f720f606d"
F1 = "02ccfc3d-8c9f-4a41-81c8-d4557cdb0c99"
F2 = "cb314223-1021-428d-9df5-b73c53e258a2"
R1 = "9fd2e89c-e6ca-457c-ac64-465ac6ddcce0"
P1 = "1a5a0386-2115-4188-8e15-a8c8b8561770"
P2 = "70cb6b96-f418-4746-921e-bba6bc3a9466"
P3 = "c2a0cdfc-1ebf-4766-9dfd-2473315e6cab"
WF = "4c0f4dc8-6e1e-4f3c-9d59-4a5bd46e33e1"

CAPABILITIES = {
    "num_cpus": 4, "model_name_cpu": "Intel Core", "clock_freq_cpu": 2400.0,
    "num_cores": 8, "mem_size": 7937, "labels": ["red", "blue"],
    "is_tee_running": True, "has_tpm": True, "runtimes": ["RUST_WASM"]}
PLAIN = dict(CAPABILITIES, labels=[], is_tee_running=False, has_tpm=False,
             runtimes=[], clock_freq_cpu=2399.998)
HEAD_CAPABILITIES = dict(PLAIN, disk_tot_space=900, num_gpus=1,
                         model_name_gpu="Orin", mem_size_gpu=64)
HEALTH = {"cpu_usage": 20, "cpu_load": 2, "mem_free": 82208,
          "mem_used": 20916064, "mem_total": 37748736,
          "mem_available": 14934992, "proc_cpu_usage": 49,
          "proc_memory": 458032, "proc_vmemory": 420661520}
HEAD_HEALTH = {"mem_free": 1, "mem_used": 2, "mem_available": 6,
               "proc_cpu_usage": 4, "proc_memory": 5, "proc_vmemory": 6,
               "load_avg_1": 7, "load_avg_5": 8, "load_avg_15": 9,
               "tot_rx_bytes": 10, "tot_rx_pkts": 11, "tot_rx_errs": 12,
               "tot_tx_bytes": 13, "tot_tx_pkts": 14, "tot_tx_errs": 15,
               "disk_free_space": 16, "disk_tot_reads": 17,
               "disk_tot_writes": 18, "gpu_load_perc": 19,
               "gpu_temp_cels": 45678, "active_power": 20}
HEALTH_LINE = ("global cpu usage 20%, load 2, memory free 82208 kb, used "
               "20916064 kb, total 37748736 kb, available 14934992 kb, "
               "process cpu usage 49%, memory 458032 kb, vmemory 420661520 kb")


class FilledRedis(Redis):
    """A redis-server whose keys the test writes."""

    def cli(self, *arguments, text=None):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *arguments],
                              input=text, capture_output=True, text=True,
                              timeout=60)
        return done.stdout.strip() + done.stderr.strip()

    def fill(self, commands):
        """Runs many commands, each a list of words, in one pipeline."""
        def packed(words):
            words = [str(x) for x in words]
            return f"*{len(words)}\r\n" + "".join(
                f"${len(x.encode())}\r\n{x}\r\n" for x in words)
        done = self.cli("--pipe", text="".join(packed(x) for x in commands))
        assert "errors: 0" in done, done


def instance_text(node, instance):
    return f"InstanceId(node_id: {node}, function_id: {instance})"


class ProxyCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = FilledRedis().start()
        cls.addClassCleanup(cls.redis.close)

    def setUp(self):
        self.redis.cli("FLUSHALL")
        folder = tempfile.TemporaryDirectory(prefix="edgeless-proxy-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_it(self, *arguments, url=None):
        return subprocess.run(
            [BIN / "proxy_cli", "-r", url or self.redis.url, *arguments],
            cwd=self.folder, capture_output=True, text=True, timeout=60,
            env={k: v for k, v in os.environ.items() if k != "RUST_LOG"})

    def give(self, *arguments):
        done = self.run_it(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def refuse(self, *arguments, url=None):
        done = self.run_it(*arguments, url=url)
        self.assertEqual((done.returncode, done.stdout), (1, ""), arguments)
        self.assertTrue(done.stderr.startswith("proxy_cli: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        return done.stderr[len("proxy_cli: "):-1]

    def set(self, key, value):
        text = value if isinstance(value, str) else json.dumps(
            value, separators=(",", ":"))
        self.assertEqual(self.redis.cli("SET", key, text), "OK")

    def fill_seed(self):
        self.set(f"node:capabilities:{ND}", CAPABILITIES)
        self.set(f"node:capabilities:{N0}", PLAIN)
        self.set(f"node:health:{ND}", HEALTH)
        self.set(f"node:health:{N0}", dict(HEALTH, cpu_load=3))
        self.set("provider:file-log-1", {"class_type": "file-log",
                                         "node_id": NC, "outputs": []})
        self.set("provider:dda-1", {"class_type": "dda", "node_id": ND,
                                    "outputs": ["out", "err"]})
        self.set(f"instance:{F1}", {"Function": [
            {"annotations": {"init-payload": "a=b"}}, [instance_text(ND, P1)]]})
        self.set(f"instance:{F2}", {"Function": [
            {"annotations": {}}, [instance_text(NC, P2), instance_text(ND, P3)]]})
        self.set(f"instance:{R1}", {"Resource": [
            {"class_type": "file-log", "configuration": {"filename": "x"}},
            instance_text(NC, P3)]})
        self.set(f"dependency:{F1}", {"output": R1})
        self.set(f"dependency:{R1}", {})

    def fill_head(self):
        self.set(f"node:capabilities:{NC}", HEAD_CAPABILITIES)
        self.redis.cli("ZADD", f"node:health:{NC}", "1.5",
                       json.dumps(dict(HEAD_HEALTH, mem_free=999)), "2.5",
                       json.dumps(HEAD_HEALTH))
        for what in ["node:capabilities", "provider", "instance",
                     "dependency"]:
            self.set(f"{what}:last_update", "1725557090.920")
        self.set("domain_info:domain_id", "domain-1")
        self.set(f"instance:{F1}", {"Function": [
            {"spec": {"id": "vector_mul", "function_type": "RUST_WASM",
                      "version": "0.1", "binary": None, "code": "",
                      "outputs": ["out"]},
             "annotations": {}, "state_specification": {
                 "state_id": P3, "state_policy": "NodeLocal"},
             "workflow_id": WF}, [instance_text(NC, P1)]]})
        self.set(f"instance:{R1}", {"Resource": [
            {"class_type": "file-log", "configuration": {},
             "workflow_id": WF},
            instance_text("00000000-0000-0000-0000-fffe00000000",
                 "00000000-0000-0000-0000-fffd00000000")]})

    def fill_named(self):
        self.set(f"node:capabilities:{NC}", dict(
            HEAD_CAPABILITIES, labels=["hostname=one", "blue"]))
        self.set(f"node:capabilities:{ND}", dict(
            CAPABILITIES, labels=["red", "blue"]))
        self.set(f"node:capabilities:{N0}", PLAIN)


class Show(ProxyCli):
    def test_nodes_are_printed_in_the_format_that_is_asked_for(self):
        self.fill_named()
        for form, names in [("uuid", [N0, NC, ND]),
                            ("labels", [N0, "hostname=one,blue", "red,blue"]),
                            ("hostname", [N0, "one", ND])]:
            text = self.give("--node-print-format", form, "show", "node",
                             "capabilities")
            self.assertEqual([x.split(" -> ")[0] for x in text.splitlines()],
                             names)

    def test_functions_and_resources_and_their_nodes(self):
        self.fill_seed()
        self.assertEqual(self.give("show", "functions"),
                         f"{F1} -> {ND}\n{F2} -> {NC},{ND}\n")
        self.assertEqual(self.give("show", "resources"), f"{R1} -> {NC}\n")
        self.assertEqual(self.give("show", "logical-to-physical"),
                         f"{F1} -> {P1}\n{R1} -> {P3}\n{F2} -> {P2},{P3}\n")

    def test_instances_of_nodes(self):
        self.fill_seed()
        self.assertEqual(
            self.give("show", "node", "instances"),
            f"{NC}\n[F] {F2}\n[R] {R1}\n{ND}\n[F] {F1}\n[F] {F2}\n")

    def test_capabilities(self):
        self.fill_seed()
        self.fill_head()
        self.assertEqual(
            self.give("show", "node", "capabilities"),
            f"{N0} -> 4 Intel Core CPU(s) at 2399.998 BogoMIPS, 8 core(s), "
            "7937 MiB memory, labels [], runtimes []\n"
            f"{NC} -> 4 Intel Core CPU(s) at 2399.998 BogoMIPS, 8 core(s), "
            "7937 MiB memory, labels [], runtimes [], disk space 900 MiB, "
            "1 Orin GPU(s) 64 MiB\n"
            f"{ND} -> 4 Intel Core CPU(s) at 2400 BogoMIPS, 8 core(s), 7937 "
            "MiB memory, labels [red,blue], TEE, TPM, runtimes [RUST_WASM]\n")

    def test_health(self):
        self.fill_seed()
        self.fill_head()
        self.assertEqual(
            self.give("show", "node", "health"),
            f"{N0} -> {HEALTH_LINE.replace('load 2', 'load 3')}\n"
            f"{NC} -> memory free 1 kb, used 2 kb, available 6 kb, process "
            "cpu usage 4%, memory 5 kb, vmemory 6 kb, load avg 1 minute 7% 5 "
            "minutes 8% 15 minutes 9%, network tot rx 10 bytes (11 pkts) 12 "
            "errs, tot tx 13 bytes (14 pkts) 15 errs, disk available 16 "
            "bytes, tot disk reads 17 writes 18, gpu_load_perc 19%, "
            "gpu_temp_cels 45.68°, active_power 20 mW\n"
            f"{ND} -> {HEALTH_LINE}\n")

    def test_providers(self):
        self.fill_seed()
        self.fill_head()
        self.assertEqual(
            self.give("show", "node", "resource-providers"),
            f"dda-1 -> class_type dda, node_id {ND}, outputs [out,err]\n"
            f"file-log-1 -> class_type file-log, node_id {NC}, outputs []\n")

    def test_workflows_contained_in_the_mirror(self):
        self.fill_seed()
        self.assertEqual(self.give("show", "logical-to-workflow"), "")
        self.fill_head()
        self.assertEqual(self.give("show", "logical-to-workflow"),
                         f"{F1} -> {WF}\n{R1} -> {WF}\n")

    def test_a_component_without_an_instance_has_no_node(self):
        self.fill_head()
        self.set(f"instance:{F2}", {"Function": [{"annotations": {}}, []]})
        self.assertEqual(self.give("show", "functions"),
                         f"{F1} -> {NC}\n{F2} -> \n")
        self.assertEqual(self.give("show", "resources"), "")

    def test_an_empty_mirror_shows_nothing(self):
        for what in ["functions", "resources", "logical-to-physical",
                     "logical-to-workflow", "node health", "node instances",
                     "node capabilities", "node resource-providers"]:
            self.assertEqual(self.give("show", *what.split()), "")
            self.assertEqual(
                self.give("show", *what.split(), "--output", "json"), "{}\n")

    def test_json(self):
        self.fill_seed()
        self.fill_head()
        expected = {
            "functions": {F1: [NC], F2: [NC, ND]},
            "resources": {},
            "logical-to-physical": {F1: [P1], R1: [], F2: [P2, P3]},
            "logical-to-workflow": {F1: WF, R1: WF},
            "node instances": {NC: {"functions": [F1, F2], "resources": []},
                               ND: {"functions": [F2], "resources": []}},
            "node capabilities": {N0: PLAIN, NC: HEAD_CAPABILITIES,
                                  ND: CAPABILITIES},
            "node health": {N0: dict(HEALTH, cpu_load=3), NC: HEAD_HEALTH,
                            ND: HEALTH},
            "node resource-providers": {
                "dda-1": {"class_type": "dda", "node_id": ND,
                          "outputs": ["out", "err"]},
                "file-log-1": {"class_type": "file-log", "node_id": NC,
                               "outputs": []}},
        }
        for what, value in expected.items():
            text = self.give("show", *what.split(), "--output", "json")
            self.assertEqual(json.loads(text), value, what)
            self.assertEqual(list(json.loads(text)), sorted(value), what)


class InvalidValues(ProxyCli):
    def warned(self, *arguments):
        """The output, and the keys of the warnings."""
        done = self.run_it(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stderr.splitlines()
        return done.stdout, [x.split(": ")[1] for x in lines]

    def test_invalid_values_are_named_and_the_rest_is_shown(self):
        self.fill_seed()
        f3, f4 = F1[:-1] + "8", F1[:-1] + "7"
        self.set(f"instance:{f3}", '{"Function":[')
        self.redis.cli("HSET", f"instance:{f4}", "a", "b")
        self.set("instance:me", "{}")
        shown, keys = self.warned("show", "functions")
        self.assertEqual(shown, f"{F1} -> {ND}\n{F2} -> {NC},{ND}\n")
        self.assertEqual(sorted(keys), sorted(
            [f"instance:{f3}", f"instance:{f4}", "instance:me"]))

    def test_any_type_at_any_key_is_handled(self):
        self.fill_seed()
        for prefix in ["instance", "node:health", "node:capabilities",
                       "provider", "performance:function_execution_time"]:
            for number, command in enumerate([
                    ["RPUSH", "x"], ["SADD", "x"], ["ZADD", "1", "x"],
                    ["HSET", "a", "x"], ["SET", "x"], ["XADD", "*", "a", "b"],
                    ["SET", "[" * 100000], ["SET", "\x1b[31m"]]):
                key = f"{prefix}:{P1[:-1]}{number}"
                self.redis.cli(command[0], key, *command[1:])
        for what in ["functions", "node health", "node capabilities",
                     "node resource-providers"]:
            shown, keys = self.warned("show", *what.split())
            self.assertEqual(len(shown.splitlines()), 2, what)
            self.assertEqual(len(keys), 8, what)
        _, keys = self.warned("dump", "performance")
        self.assertEqual(len(keys), 8)

    def test_control_characters_are_not_printed(self):
        self.fill_seed()
        self.set(f"node:capabilities:{NC}",
                 dict(PLAIN, labels=["\x1b[2J", "a\nb"]))
        self.set("provider:\x1b[2J", {"class_type": "\x07", "node_id": NC,
                                      "outputs": []})
        self.set("provider:\x1b[3J", "")
        text = self.give("show", "node", "capabilities")
        self.assertIn("labels [\\x1b[2J,a\\nb]", text)
        shown, _ = self.warned("show", "node", "resource-providers")
        done = self.run_it("show", "node", "resource-providers")
        self.assertNotIn("\x1b", shown + done.stderr)
        self.assertIn("class_type \\x07", shown)

    def test_huge_values_are_not_read(self):
        self.fill_seed()
        self.redis.cli("SETRANGE", f"instance:{P1}", "100000000", "x")
        shown, keys = self.warned("show", "resources")
        self.assertEqual(shown, f"{R1} -> {NC}\n")
        self.assertEqual(keys, [f"instance:{P1}"])

    def test_warnings_are_limited(self):
        self.redis.fill(["SET", f"instance:{n}", "x"] for n in range(1000))
        done = self.run_it("show", "functions")
        self.assertEqual(len(done.stderr.splitlines()), 101)
        self.assertIn("900 more invalid values", done.stderr)

    def test_a_large_database_is_scanned(self):
        self.fill_seed()
        self.redis.fill(["SET", f"other:{n}", "x"] for n in range(50000))
        monitor = Monitor(self.redis)
        self.assertEqual(self.give("show", "resources"), f"{R1} -> {NC}\n")
        self.give("dump", "performance")
        self.redis.cli("ECHO", "the-end")
        commands = monitor.lines
        wait_for("the end", lambda: any("the-end" in x for x in commands))
        verbs = {x.split('"')[1].upper() for x in commands if '"' in x}
        self.assertIn("SCAN", verbs)
        self.assertNotIn("KEYS", verbs)


class Dump(ProxyCli):
    def lines(self, file):
        return (self.folder / file).read_text().splitlines()

    def test_samples_are_written_to_a_file_for_each_instance(self):
        for value in ["0.243379291,1725557090.92", "1,1725557092.900",
                      "0.0000001,1725557092"]:
            self.redis.cli("RPUSH",
                           f"performance:function_execution_time:{P1}", value)
        self.redis.cli("RPUSH", f"performance:function_execution_time:{P2}",
                       "2,1725557090.5")
        file = f"function_execution_time-{P1}.dat"
        (self.folder / file).write_text("old\n" * 100)
        self.assertEqual(
            self.give("dump", "performance"),
            f"saving to {file}\n"
            f"saving to function_execution_time-{P2}.dat\n")
        self.assertEqual(self.lines(file),
                         ["0.243379291,1725557090.92", "1,1725557092.9",
                          "0.0000001,1725557092"])

    def test_samples_of_later_versions_are_written(self):
        self.redis.cli("ZADD", f"performance:{P1}:function_transfer_time",
                       "5.5", "5.5:0.25")
        self.redis.cli("ZADD", f"performance:{P1}:a::b", "5.5", "5.5:x")
        self.assertEqual(self.give("dump", "performance"),
                         f"saving to function_transfer_time-{P1}.dat\n")
        self.assertEqual(self.lines(f"function_transfer_time-{P1}.dat"),
                         ["0.25,5.5"])

    def test_samples_of_all_instances_are_printed_as_csv(self):
        self.fill_head()
        self.redis.cli("ZADD", f"performance:{P1}:tbegin", "5.5", "5.5:42")
        self.redis.cli("RPUSH", f"performance:function_execution_time:{P3}",
                       "0.25,1725557090.920")
        self.assertEqual(
            self.give("dump", "performance-csv"),
            "metric,name,lid,timestamp,value\n"
            f"tbegin,vector_mul,{F1},1970-01-01 00:00:05.500000 UTC,42\n"
            "function_execution_time,,,2024-09-05 17:24:50.920000 UTC,0.25\n")

    def test_specifications_are_written_to_a_file_for_each_component(self):
        self.fill_head()
        self.assertEqual(self.give("dump", "instances"),
                         f"saving to fun-{F1}.json\nsaving to res-{R1}.json\n")
        text = (self.folder / f"fun-{F1}.json").read_text()
        expected = json.loads(self.redis.cli("GET", f"instance:{F1}"))
        self.assertEqual(json.loads(text), expected["Function"][0])
        self.assertEqual(text, json.dumps(json.loads(text), indent=2))
        self.assertEqual(json.loads(
            (self.folder / f"res-{R1}.json").read_text())["class_type"],
            "file-log")

    def test_a_long_list_is_complete(self):
        key = f"performance:function_execution_time:{P1}"
        self.redis.fill(["RPUSH", key, f"{n},1.5"] for n in range(25000))
        self.give("dump", "performance")
        self.assertEqual(self.lines(f"function_execution_time-{P1}.dat"),
                         [f"{n},1.5" for n in range(25000)])

    def test_no_key_writes_outside_the_folder(self):
        for metric in ["../evil", "/tmp/evil", ".hidden", "-rf", ""]:
            self.redis.cli("RPUSH", f"performance:{metric}:{P1}", "1,2")
        self.assertEqual(self.give("dump", "performance"), "")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_invalid_samples_are_left_out_and_counted(self):
        self.redis.cli("RPUSH", f"performance:function_execution_time:{P1}",
                       "1,2", "x", "nan,1", "3,4")
        done = self.run_it("dump", "performance")
        self.assertIn("2 invalid samples", done.stderr)
        self.assertEqual(self.lines(f"function_execution_time-{P1}.dat"),
                         ["1,2", "3,4"])


class Intents(ProxyCli):
    def orchestrator(self, key, *outcomes):
        """Writes the next of these outcomes for each intent that arrives."""
        def answer():
            wait_for("an intent", lambda: self.redis.cli(
                "LPOP", "intents").endswith(key))
            for outcome in outcomes:
                self.set("intent:result:" + key.rsplit(":", 1)[1], outcome)
                time.sleep(0.2)
        thread = threading.Thread(target=answer)
        thread.start()
        self.addCleanup(thread.join)

    def test_migrate_sets_the_intent_and_queues_it(self):
        self.assertEqual(self.give("intent", "migrate", F1.upper(), NC), "")
        self.assertEqual(self.give("intent", "migrate", F2, f"{NC},{ND}"), "")
        self.assertEqual(self.redis.cli("GET", f"intent:migrate:{F1}"), NC)
        self.assertEqual(self.redis.cli("GET", f"intent:migrate:{F2}"),
                         f"{NC},{ND}")
        self.assertEqual(self.redis.cli("LRANGE", "intents", "0", "-1"),
                         f"intent:migrate:{F1}\nintent:migrate:{F2}")

    def test_nodes_are_cordoned_uncordoned_and_drained(self):
        for verb, key, value in [("cordon", "cordon", "yes"),
                                 ("uncordon", "cordon", "no"),
                                 ("drain", "drain", "yes")]:
            self.assertEqual(self.give("intent", verb, NC), "")
            self.assertEqual(self.redis.cli("GET", f"intent:{key}:{NC}"),
                             value)
            self.assertEqual(self.redis.cli("RPOP", "intents"),
                             f"intent:{key}:{NC}")

    def test_nodes_are_known_by_their_names(self):
        self.fill_named()
        self.give("intent", "migrate", F1, "one,red")
        self.assertEqual(self.redis.cli("GET", f"intent:migrate:{F1}"),
                         f"{NC},{ND}")
        self.give("intent", "drain", "hostname=one")
        self.assertEqual(self.redis.cli("GET", f"intent:drain:{NC}"), "yes")
        self.assertEqual(self.refuse("intent", "drain", "blue"),
                         "invalid node id blue: 2 nodes have this label")

    def test_bad_ids_are_refused_and_nothing_is_written(self):
        self.assertRegex(self.refuse("intent", "migrate", "xyz", NC),
                         "^invalid instance id xyz: .+")
        self.assertRegex(self.refuse("intent", "migrate", F1, "node-2"),
                         "^invalid node id node-2: .+")
        self.assertRegex(self.refuse("intent", "migrate", F1, f"{NC},"),
                         "^invalid node id : .+")
        for verb in ["cordon", "uncordon", "drain"]:
            self.assertRegex(self.refuse("intent", verb, "x"),
                             "^invalid node id x: .+")
        self.assertEqual(self.redis.cli("DBSIZE"), "0")

    def test_wait_prints_the_outcome(self):
        self.orchestrator(f"intent:migrate:{F1}", {
            "intent": "migrate", "value": NC, "outcome": "done",
            "reason": "moved", "time": 1.5})
        self.assertEqual(self.give("intent", "migrate", F1, NC, "--wait"),
                         "done: moved\n")

    def test_a_refused_intent_is_a_failure(self):
        self.orchestrator(f"intent:drain:{NC}", {
            "intent": "drain", "value": "yes", "outcome": "refused",
            "reason": f"unknown node {NC}", "time": 1.5})
        self.assertEqual(self.refuse("intent", "drain", NC, "--wait"),
                         f"refused: unknown node {NC}")

    def test_results_of_other_intents_are_ignored(self):
        self.set(f"intent:result:{F1}", {"value": NC, "outcome": "done"})
        self.orchestrator(f"intent:migrate:{F1}",
                          {"value": ND, "outcome": "done"},
                          {"value": NC, "outcome": "refused", "reason": "no"})
        self.assertEqual(self.refuse("intent", "migrate", F1, NC, "--wait"),
                         "refused: no")

    def test_wait_ends_at_its_timeout(self):
        self.assertRegex(
            self.refuse("intent", "cordon", NC, "--wait", "--timeout", "0.2"),
            r"within 0\.2 s: is an orchestrator connected")

    def test_an_intents_key_of_another_type_is_an_error(self):
        self.redis.cli("SET", "intents", "x")
        self.assertIn("Redis refused the intent",
                      self.refuse("intent", "cordon", NC))


class NoRedis(ProxyCli):
    def test_no_server_is_one_line(self):
        for arguments in [["show", "functions"], ["intent", "cordon", NC],
                          ["dump", "performance"], ["top", "nodes"]]:
            self.assertRegex(
                self.refuse(*arguments, url="redis://127.0.0.1:1"),
                "^could not connect to a Redis at redis://127.0.0.1:1: .+")

    def test_a_wrong_url_is_one_line_and_shows_no_password(self):
        self.assertRegex(self.refuse("show", "functions", url="nonsense"),
                         "^could not connect to a Redis at nonsense: .+")
        for url in ["redis://:secret@127.0.0.1:1", "redis://:secret@:x"]:
            self.assertNotIn("secret",
                             self.refuse("show", "functions", url=url))

    def test_a_password_is_needed(self):
        redis = FilledRedis().start()
        self.addCleanup(redis.close)
        redis.cli("CONFIG", "SET", "requirepass", "secret")
        self.assertIn("NOAUTH", self.refuse("show", "functions",
                                            url=redis.url))
        self.assertEqual(
            self.run_it("show", "functions",
                        url=f"redis://:secret@127.0.0.1:{redis.port}/3"
                        ).returncode, 0)

    def test_a_server_that_hangs_is_a_timeout(self):
        redis = FilledRedis().start()
        self.addCleanup(redis.close)
        redis.signal(signal.SIGSTOP)
        self.assertIn("could not connect", self.refuse("show", "functions",
                                                       url=redis.url))

    def test_other_proxies_are_unknown(self):
        self.assertEqual(self.refuse("-p", "None", "show", "functions"),
                         "unknown proxy type: None")

    def test_the_type_of_the_proxy_has_any_case(self):
        for name in ["redis", "REDIS", "Redis"]:
            self.assertEqual(self.give("-p", name, "show", "functions"), "")

    def test_a_command_is_required(self):
        for arguments in [["show", "nothing"], ["show", "node"], ["top"],
                          ["show", "functions", "-o", "xml"],
                          ["intent", "migrate", F1]]:
            done = self.run_it(*arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertNotEqual(done.stderr, "", arguments)
        self.assertRegex(self.give("--version"), r"^\d+\.\d+\.\d+\n$")


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, rows, columns, *command):
        self.mine, self.its = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.its)
        self.output = ""
        self.whole_screen = False
        self.process = subprocess.Popen(
            command, stdin=self.its, stdout=self.its, stderr=self.its,
            start_new_session=True, env=dict(os.environ, TERM="xterm"),
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns):
        self.rows = rows
        fcntl.ioctl(self.its, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.mine, text.encode())

    def read(self):
        while select.select([self.mine], [], [], 0.05)[0]:
            self.output += os.read(self.mine, 65536).decode(errors="replace")
        self.whole_screen |= "\x1b[?1049h" in self.output
        return self.output

    def expect(self, *texts):
        wait_for(f"{texts} on the screen",
                 lambda: all(x in self.read() for x in texts))

    def expect_anew(self, *texts):
        """As expect(), for text that is drawn after this call."""
        def found():
            self.clear()
            rows = 25 if self.rows == 24 else 24
            self.resize(rows, 80)
            self.process.send_signal(signal.SIGWINCH)
            wait_for("a screen", lambda: "q quits" in self.read())
            return all(x in self.output for x in texts)
        wait_for(f"{texts} on the screen", found)

    def clear(self):
        self.read()
        self.output = ""

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.mine)
        os.close(self.its)


class Top(ProxyCli):
    def watch(self, *what, rows=24, columns=80):
        terminal = Terminal(rows, columns, BIN / "proxy_cli", "-r",
                            self.redis.url, "top", *what)
        self.addCleanup(terminal.close)
        return terminal

    def leave(self, terminal):
        terminal.type("q")
        # The last output must be read, otherwise the program cannot end.
        wait_for("its end", lambda: (terminal.read(),
                                     terminal.process.poll() is not None)[1])
        self.assertEqual(terminal.process.returncode, 0)
        self.assertEqual(termios.tcgetattr(terminal.its), terminal.before)
        self.assertTrue(terminal.whole_screen)
        self.assertIn("\x1b[?1049l", terminal.read())

    def test_nodes(self):
        self.fill_seed()
        self.fill_head()
        terminal = self.watch("nodes")
        terminal.expect("3 nodes", "Node", "Runtimes", "Proc CPU", "Memory",
                        N0, NC, ND, "RUST_WASM", "q quits")
        self.leave(terminal)

    def test_workflow(self):
        self.fill_seed()
        self.fill_head()
        now = time.time()
        self.redis.cli("RPUSH", f"performance:function_execution_time:{P1}",
                       f"9,{now - 300}", f"0.002,{now}", f"0.004,{now}")
        terminal = self.watch("workflow", WF)
        terminal.expect("2 functions and resources of " + WF, "Avg ms",
                        "vector_mul", NC, "3.0", "2.0", "4.0", "pending")
        self.assertNotIn(F2[:8], terminal.output)
        self.leave(terminal)

    def test_all_workflows(self):
        self.fill_seed()
        terminal = self.watch("workflow")
        terminal.expect("3 functions and resources", F1[:8], F2[:8], R1[:8])
        self.leave(terminal)

    def test_changes_are_seen(self):
        self.fill_seed()
        terminal = self.watch("nodes")
        terminal.expect(N0, ND)
        new = "4c0f4dc8-6e1e-4f3c-9d59-4a5bd46e33e1"
        self.set(f"node:capabilities:{new}", CAPABILITIES)
        terminal.expect_anew(new, "3 nodes")
        self.leave(terminal)

    def test_any_terminal_size_works(self):
        self.fill_seed()
        terminal = self.watch("nodes")
        terminal.expect(N0, ND)
        for rows, columns in [(10, 40), (3, 20), (1, 1), (50, 200)]:
            terminal.clear()
            terminal.resize(rows, columns)
            terminal.process.send_signal(signal.SIGWINCH)
            wait_for("a change", terminal.read)
        terminal.expect(N0, ND, "GPU util", "Power")
        self.leave(terminal)

    def test_many_rows_scroll(self):
        self.redis.fill(["SET", f"node:capabilities:1a2b3c{n}{N0[8:]}",
                         json.dumps(PLAIN)] for n in range(10, 99))
        terminal = self.watch("nodes")
        terminal.expect("89 nodes", "1a2b3c10-", "more below")
        for _ in range(10):
            terminal.type("\x1b[6~")
        terminal.expect_anew("1a2b3c98-")
        self.leave(terminal)

    def test_a_redis_that_is_down_is_shown_and_reconnected(self):
        self.fill_seed()
        terminal = self.watch("nodes")
        terminal.expect(N0)
        self.redis.signal(signal.SIGSTOP)
        self.addCleanup(self.redis.signal, signal.SIGCONT)
        terminal.expect("could not connect to a Redis at")
        self.redis.signal(signal.SIGCONT)
        terminal.clear()
        terminal.expect("q quits")
        self.leave(terminal)

    def test_a_signal_restores_the_terminal(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            terminal = self.watch("nodes")
            terminal.expect("q quits")
            terminal.process.send_signal(number)
            wait_for("its end", lambda: (
                terminal.read(), terminal.process.poll() is not None)[1])
            self.assertEqual(termios.tcgetattr(terminal.its),
                             terminal.before)

    def test_without_a_terminal_there_is_an_error(self):
        self.assertIn("needs a terminal", self.refuse("top", "nodes"))
        self.assertIn("invalid workflow id x",
                      self.refuse("top", "workflow", "x"))


class TopWithController(SystemTest):
    """`top workflow` with what a controller knows."""

    def setUp(self):
        super().setUp()
        self.redis = FilledRedis().start()
        self.addCleanup(self.redis.close)
        c = self.cluster
        text = (c.folder / "orchestrator.toml").read_text()
        c.write("orchestrator.toml", text.replace(
            'proxy_type = "None"', 'proxy_type = "Redis"\nredis_url = "'
            + self.redis.url + '"'))
        c.start_all("n1")

    def watch(self, *what):
        terminal = Terminal(24, 160, BIN / "proxy_cli", "-r", self.redis.url,
                            "top", "workflow", *what)
        self.addCleanup(terminal.close)
        return terminal

    def test_names_domain_and_pending_components(self):
        c = self.cluster
        done = c.cli("workflow", "start", "--wait-for-nodes", c.workflow(
            [("first", "noop", {}, {}),
             ("later", "noop", {}, {"label_match_all": "no-such-label"})]))
        workflow = done.stdout.strip()
        terminal = self.watch(workflow, "-c", c.controller_url)
        terminal.expect("2 functions and resources of " + workflow,
                        "in domain", "first", "later", "pending")
        without = self.watch(workflow)
        without.expect("functions and resources of " + workflow)
        self.assertNotIn("later", without.read())

    def test_a_controller_that_is_away_is_shown_and_reconnected(self):
        c = self.cluster
        workflow = c.start([("first", "noop", {}, {})])
        terminal = self.watch(workflow, "-c", c.controller_url)
        terminal.expect("first", "in domain domain-1")
        c.terminate("controller")
        terminal.expect("cannot reach " + c.controller_url)
        c.start_controller()
        terminal.clear()
        terminal.expect_anew("first", "1 functions and resources of")

    def test_it_needs_a_workflow(self):
        self.watch("-c", self.cluster.controller_url).expect(
            "needs the id of a workflow")


class RedisDump(ProxyCli):
    def dump(self, *arguments):
        return subprocess.run(
            [ROOT / "scripts/redis_dump.sh", "-p", str(self.redis.port),
             *arguments], capture_output=True, text=True, timeout=60)

    def test_every_type_is_printed_in_order(self):
        for command in ["ZADD f 1.5 a 2 b", "SET a x", "RPUSH b 1 2",
                        "SADD c x", "HSET d k v", "XADD e 1-1 k v"]:
            self.redis.cli(*command.split())
        self.redis.cli("SET", 'g "h"\n', '{"a":"\x1b[2J\n"}')
        self.assertEqual(
            self.dump().stdout,
            "a (string)\n  x\nb (list)\n  1) 1\n  2) 2\nc (set)\n  1) x\n"
            "d (hash)\n  1) k\n  2) v\ne (stream)\n  1) 1) 1-1\n"
            "     2) 1) k\n        2) v\nf (zset)\n  1) a\n  2) 1.5\n"
            "  3) b\n  4) 2\n"
            'g "h"\\n (string)\n  {"a":"\\x1b[2J\\n"}\n')

    def test_options_are_those_of_redis_cli(self):
        self.redis.cli("-n", "3", "SET", "there", "x")
        self.assertEqual(self.dump().stdout, "")
        self.assertEqual(self.dump("-n", "3").stdout, "there (string)\n  x\n")

    def test_no_server_is_an_error(self):
        done = self.dump("-p", "1")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^redis_dump.sh: Could not connect")


if __name__ == "__main__":
    unittest.main()
