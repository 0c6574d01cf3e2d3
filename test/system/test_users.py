# SPDX-License-Identifier: MIT
"""Command lines and configuration files: each mistake gives one clear line."""
import json
import re
import subprocess
import unittest

from cluster import BIN, GENERATOR, LOG, ROOT, SystemTest, wait_for


def refused_connections():
    """The number of failed TCP connection attempts of this machine."""
    names, values = [line.split() for line in open("/proc/net/snmp")
                     if line.startswith("Tcp:")]
    return int(values[names.index("AttemptFails")])


class Mistakes(SystemTest):
    def run_daemon(self, program, *arguments):
        return subprocess.run([BIN / program, *arguments],
                              cwd=self.cluster.folder, capture_output=True,
                              text=True, timeout=20)

    def refuse(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_settings_errors_name_file_line_key_and_reason(self):
        c = self.cluster
        c.add_node_file("n1")
        text = (c.folder / "n1.toml").read_text()
        c.write("n1.toml", text.replace("enabled = true", "enabled = 1")
                + "[generall]\n")
        done = self.run_daemon("edgeless_node_d", "-c", "n1.toml")
        self.refuse(done, "n1.toml:", "wasm_runtime.enabled", "generall")
        self.refuse(self.run_daemon("edgeless_orc_d", "-c", "absent.toml"),
                    "absent.toml")
        c.write("controller.toml", 'controller_url = "127.0.0.1:7001"\n'
                'orchestrators = []\n')
        self.refuse(self.run_daemon("edgeless_con_d"), "controller.toml:1:",
                    "http://")

    def test_two_providers_with_one_name_are_refused(self):
        c = self.cluster
        c.add_node_file("n1")
        text = (c.folder / "n1.toml").read_text()
        text = re.sub(r"(file_log|redis)_provider = .*\n", "", text)
        c.write("n1.toml", text.replace(
            "[resources]",
            '[resources]\nfile_log_provider = "p"\nredis_provider = "p"'))
        self.refuse(self.run_daemon("edgeless_node_d", "-c", "n1.toml"),
                    "[resources]", "file-log", "redis", '"p"')

    def test_templates_are_written_once_and_work(self):
        for program in ["edgeless_con_d", "edgeless_orc_d", "edgeless_node_d"]:
            first = self.run_daemon(program, "-t", program + ".toml")
            self.assertEqual(first.returncode, 0, first.stderr)
            self.refuse(self.run_daemon(program, "-t", program + ".toml"),
                        "cannot overwrite configuration file: "
                        + program + ".toml")

    def test_versions_are_printed(self):
        for program in ["edgeless_con_d", "edgeless_orc_d", "edgeless_node_d",
                        "edgeless_inabox", "edgeless_cli"]:
            done = self.run_daemon(program, "--version")
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"^\d+\.\d+\.\d+\n$")

    def test_a_port_in_use_is_one_line(self):
        c = self.cluster
        c.start_all("n1")
        (c.folder / "controller.toml").rename(c.folder / "first.toml")
        c.write("controller.toml", 'persistence_filename = ""\n'
                + (c.folder / "first.toml").read_text())
        done = self.run_daemon("edgeless_con_d")
        self.refuse(done, str(c.controller_port), "in use")

    def test_a_second_controller_does_not_share_the_database(self):
        self.cluster.start_all("n1")
        done = self.run_daemon("edgeless_con_d")
        self.refuse(done, "controller.save", "another process uses it")

    def test_workflow_faults_are_reported_all_at_once(self):
        c = self.cluster
        c.start_all("n1")
        file = c.workflow(
            [("a", "message_generator", {"output": "missing"}, {}),
             ("a", "no_such_function", {}, {"timeout_ms": "soon"})])
        self.refuse(c.cli("workflow", "start", file, check=False),
                    "missing", "no_such_function.wasm", "timeout_ms")
        c.write("broken.json", '{\n  "functions": [ }')
        self.refuse(c.cli("workflow", "start", "broken.json", check=False),
                    "broken.json:2:")
        self.refuse(c.cli("workflow", "start", "absent.json", check=False),
                    "absent.json")
        c.write("f.wasm", "not a module")
        spec = json.loads((c.folder / "workflow.json").read_text())
        spec["functions"] = spec["functions"][:1]
        spec["functions"][0]["class_specification"]["code"] = "f.wasm"
        spec["functions"][0]["output_mapping"] = {}
        c.write("module.json", json.dumps(spec))
        self.refuse(c.cli("workflow", "start", "module.json", check=False),
                    "f.wasm", "WebAssembly")
        self.assertEqual(c.cli("workflow", "list").stdout, "")

    def test_unknown_commands_are_named_with_the_nearest_one(self):
        for line, word in [
                ("edgeless_cli workflow strat x", "did you mean start?"),
                ("edgeless_cli workflow resize x y", "start, stop, migrate, list"),
                ("edgeless_cli wokflow list", "did you mean workflow?"),
                ("edgeless_cli domain list --conifg-file x",
                 "did you mean --config-file?"),
                ("edgeless_cli domain list surplus", "unexpected argument"),
                ("proxy_cli dump instnces", "instnces"),
                ("proxy_cli shwo functions", "did you mean show?"),
                ("edgeless_benchmark reprot", "did you mean report?"),
                ("edgeless_inabox --num-of-node 2", "--num-of-nodes?"),
                ("edgeless_con_d --tempalte x", "did you mean --template?"),
                ("edgeless_orc_d start", "unexpected argument start"),
                ("edgeless_node_d --config-fiel x", "--config-file?")]:
            done = self.run_daemon(*line.split())
            self.refuse(done, word)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_without_memory_each_program_ends_with_one_line(self):
        self.cluster.add_node_file("node")
        for line in ["edgeless_con_d", "edgeless_orc_d", "edgeless_node_d",
                     "edgeless_inabox",
                     "edgeless_cli workflow list", "proxy_cli show functions",
                     "edgeless_benchmark -w noop"]:
            for size in range(40000, 320001, 20000):
                done = subprocess.run(
                    ["sh", "-c", f"ulimit -v {size}; exec timeout 1 "
                     f"{BIN}/{line} >out 2>err"], cwd=self.cluster.folder)
                said = (self.cluster.folder / "err").read_text()
                # 127: the dynamic linker has no memory; 124: it runs.
                self.assertIn(done.returncode, (0, 1, 124, 127),
                              f"{line} in {size} KiB: {said}")
                self.assertNotIn("terminate called", said, line)

    def test_a_node_says_what_it_does_not_do(self):
        c = self.cluster
        c.add_node_file("n1")
        text = (c.folder / "n1.toml").read_text()
        text = text.replace(f"{c.folder}/code-n1", "/proc/nowhere")
        c.write("n1.toml", text + "\n[container_runtime]\nenabled = true\n"
                "\n[power_info]\n")
        c.start_all("n1")
        log = c.log("n1")
        self.assertEqual(log.count("container_runtime.enabled: there is no "
                                   "container run-time"), 1, log)
        self.assertRegex(log, "general.code_cache is not used: .*/proc/nowhere")
        # It runs all the same.
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: c.lines("events.log"))

    def test_what_a_workflow_file_probably_does_not_mean(self):
        c = self.cluster
        c.start_all("n1")
        file = c.workflow([("f", "noop", {}, {"init_payload": "x",
                                              "x-owner": "me"})])
        done = c.cli("workflow", "start", file)
        self.assertIn("did you mean init-payload?", done.stderr)
        self.assertNotIn("x-owner", done.stderr)
        self.assertEqual(len(done.stdout.strip()), 36)
        text = (c.folder / file).read_text()
        c.write("twice.json", text.replace(
            '"annotations": {}', '"annotations": {}, "annotations": {}'))
        self.refuse(c.cli("workflow", "start", "twice.json", check=False),
                    "twice.json:", 'the key "annotations" is there twice')
        c.write("container.json", text.replace("RUST_WASM", "CONTAINER"))
        self.refuse(c.cli("workflow", "start", "container.json", check=False),
                    "f: functions in containers are not supported")
        file = c.workflow([], [("log", "file-log", {}),
                               ("db", "redis", {"key": "k"})])
        self.refuse(c.cli("workflow", "start", file, check=False),
                    "log: configuration filename is missing",
                    "db: configuration url is missing")

    def test_unknown_ids_are_errors(self):
        c = self.cluster
        c.start_all("n1")
        missing = "00000000-0000-4000-8000-000000000001"
        for command in ["stop", "inspect"]:
            self.refuse(c.cli("workflow", command, missing, check=False),
                        "unknown", missing)
            self.refuse(c.cli("workflow", command, "xyz", check=False),
                        "xyz")
        self.refuse(c.cli("domain", "inspect", "nowhere", check=False),
                    "domain nowhere not found")
        self.refuse(c.cli("function", "invoke", "call", "http://127.0.0.1:1",
                          missing, missing, "x", check=False),
                    "invalid event type: call")
        self.refuse(c.cli("function", "invoke", "cast",
                          f"http://127.0.0.1:{c.ports['n1']}",
                          c.node_ids["n1"], missing, "x", check=False),
                    "no instance")

    def test_cli_waits_for_a_controller_that_is_starting(self):
        c = self.cluster
        before = refused_connections()
        early = subprocess.Popen([BIN / "edgeless_cli", "domain", "list"],
                                 cwd=c.folder, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        wait_for("a refusal", lambda: refused_connections() > before)
        c.start_controller()
        said, _ = early.communicate(timeout=20)
        self.assertEqual(early.returncode, 0, said)

    def test_cli_without_a_controller_is_an_error(self):
        self.refuse(self.cluster.cli("workflow", "list", check=False),
                    "cannot reach", str(self.cluster.controller_port))


class Work(SystemTest):
    def test_three_nodes_share_a_workflow(self):
        # f1 -> out1 f2, out2 f3, all -> log; init payload 8.
        c = self.cluster
        c.start_all("n1", "n2", "n3")
        outputs = {"log": "log"}
        for number in range(3):
            file = f"values-{number}.log"
            c.start([("f1", "system_test",
                      {"out1": "f2", "out2": "f3", "log": "log"},
                      {"init-payload": "8"}),
                     ("f2", "system_test", outputs, {}),
                     ("f3", "system_test", outputs, {})],
                    [("log", "file-log", {"filename": file})])
        for number in range(3):
            wait_for("8, 4 and 7", lambda: {x.strip() for x in c.lines(
                f"values-{number}.log")} == {"8", "4", "7"})

    def test_calls_cross_nodes(self):
        c = self.cluster
        c.start_all("n1", "n2")
        c.start([("ponger", "pong", {"ping": "pinger"}, {}),
                 ("pinger", "ping", {"ponger": "ponger"}, {})])
        wait_for("a reply", lambda: "PONG" in c.log("n1") + c.log("n2")
                 or "Reply" in c.log("n1") + c.log("n2"))

    def test_cli_invoke_sends_an_event(self):
        c = self.cluster
        c.start_all("n1")
        workflow = c.start([("doubler", "double", {"result": "log"}, {})],
                           [LOG])
        _, _, instance = c.inspect(workflow)["doubler"]
        done = c.cli("function", "invoke", "cast",
                     f"http://127.0.0.1:{c.ports['n1']}", c.node_ids["n1"],
                     instance, "21")
        self.assertEqual(done.stdout, "event casted\n")
        wait_for("42", lambda: any("42" in x for x in c.lines("events.log")))

    def test_the_examples_start(self):
        c = self.cluster
        c.start_all("n1", "n2")
        for example in ["file_log/workflow.json", "ping_pong/workflow.json",
                        "ping_pong_async/workflow.json", "noop/workflow.json"]:
            done = c.cli("workflow", "start",
                         str(ROOT / "examples" / example))
            self.assertEqual(done.stderr, "", example)
            self.assertEqual(set(p for p, _, _ in
                                 c.inspect(done.stdout.strip()).values()),
                             {"running"}, example)

    def test_stop_all_leaves_no_workflow(self):
        c = self.cluster
        c.start_all("n1")
        for _ in range(3):
            c.start([GENERATOR], [LOG])
        self.assertEqual(len(c.cli("workflow", "list").stdout.split()), 3)
        c.cli("workflow", "stop", "all")
        self.assertEqual(c.cli("workflow", "list").stdout, "")
        wait_for("their end", lambda: c.log("n1").count(
            "message_generator") > 0 and c.log("n1").count("exited: ok") == 3)

    def test_stop_all_goes_on_after_a_workflow_that_is_gone(self):
        c = self.cluster
        c.start_all("n1")
        for _ in range(20):
            c.start([GENERATOR], [LOG])
        both = [subprocess.Popen([BIN / "edgeless_cli", "workflow", "stop",
                                  "all"], cwd=c.folder, text=True,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE) for _ in range(2)]
        for process in both:
            _, errors = process.communicate(timeout=30)
            if process.returncode != 0:
                # Each workflow that the other one had stopped is named.
                self.assertEqual(process.returncode, 1)
                self.assertIn("workflows failed, see above", errors)
        self.assertEqual(c.cli("workflow", "list").stdout, "")


if __name__ == "__main__":
    unittest.main()
