# SPDX-License-Identifier: MIT
"""Workflow files of a hostile client: each ends in an answer, no program ends,
and no file is written that the node keeps for itself."""
import json
import os
import stat
import unittest

from chaos import ChaosTest, canary, file_log, function, workflow

SECRET = "S3CRETpw"


class Inputs(ChaosTest):
    def setUp(self):
        super().setUp()
        self.cluster.start_all("n1")
        self.start(canary())

    def give(self, content):
        c = self.cluster
        (c.folder / "hostile.json").write_bytes(
            content if isinstance(content, bytes) else content.encode())
        done = c.cli("workflow", "start", "hostile.json", check=False)
        self.assertIn(done.returncode, (0, 1))
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        if done.returncode == 1:
            self.assertNotEqual(done.stderr, "")
            self.assertEqual(done.stdout, "")
        for name, process in c.running.items():
            self.assertIsNone(process.poll(), name)
        return done

    def test_files_that_are_bombs(self):
        noop = function("a", "noop")
        outputs = {f"o{k}": "a" for k in range(10000)}
        for content in (
                '{"functions":' + "[" * 1_000_000,
                '{"a":' * 300_000 + "1" + "}" * 300_000,
                b'{"functions":[],"x":"' + b"A" * 20_000_000 + b'"}',
                json.dumps(workflow([function(f"f{k}", "noop")
                                     for k in range(1025)])),
                json.dumps(workflow([dict(noop, name="A" * 3_000_000)])),
                json.dumps(workflow([dict(noop, output_mapping=outputs)])),
                json.dumps({**workflow([noop]), "annotations": {
                    f"k{k}": "v" for k in range(100_000)}}),
                b'{"functions":[{"name":"\xff\xfe"}]}',
                '{"functions":[{"name":"\\ud800"}],"resources":[]}'):
            self.assertEqual(self.give(content).returncode, 1)
        self.goes_on()

    def test_names_with_control_characters_do_not_reach_the_terminal(self):
        self.give(json.dumps(workflow(
            [function("a\x1b]0;owned\x07\nEVIL", "noop")])))
        self.assertNotIn("\x1b", self.cluster.log("n1")
                         + self.cluster.log("controller"))

    def test_code_that_is_no_file(self):
        c = self.cluster
        os.mkfifo(c.folder / "fifo")
        for code in ("/tmp", "/dev/zero", str(c.folder / "fifo"), "/"):
            spec = function("a", "noop")
            spec["class_specification"]["code"] = code
            self.assertEqual(self.give(
                json.dumps(workflow([spec]))).returncode, 1)

    def test_file_log_writes_no_file_of_the_node(self):
        c = self.cluster
        before = (c.folder / "n1.toml").read_bytes()
        outside = c.folder.parent / (c.folder.name + "-escape.log")
        os.symlink("/tmp", c.folder / "link")
        os.mkfifo(c.folder / "pipe")
        for path in (str(c.folder / "n1.toml"), f"../{outside.name}",
                     "/proc/self/oom_score_adj", "/dev/full", "link/x.log",
                     "pipe", "x" * 5000, str(c.folder)):
            spec = canary(path)
            done = self.give(json.dumps(spec))
            if done.returncode == 0:
                phases = c.inspect(done.stdout.strip())
                self.assertNotEqual(phases["log"][0], "running", path)
                c.cli("workflow", "stop", done.stdout.strip())
        self.assertEqual((c.folder / "n1.toml").read_bytes(), before)
        self.assertFalse(outside.exists())
        self.goes_on()

    def test_secrets_are_shown_nowhere(self):
        c = self.cluster
        c.add_node_file("n2")
        text = (c.folder / "n2.toml").read_text()
        c.write("n2.toml", text.replace(
            "[resources]", '[resources]\nredis_provider = "redis-1"'))
        c.start_node("n2")
        c.wait_for_nodes(2)
        redis = {"name": "r", "class_type": "redis", "output_mapping": {},
                 "configurations": {
                     "url": f"redis://127.0.0.1:1?pass={SECRET}", "key": "k"}}
        generator = function("g", "message_generator", {"output": "r"},
                             **{"init-payload": "message=m,period=100"})
        done = self.give(json.dumps(workflow([generator], [redis])))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.goes_on()
        shown = c.cli("workflow", "inspect", "all").stdout + done.stderr
        for name in c.running:
            shown += c.log(name)
        self.assertIn("redis", shown)
        self.assertNotIn(SECRET, shown)
        for file in c.folder.glob("controller.save*"):
            self.assertEqual(stat.S_IMODE(file.stat().st_mode) & 0o077, 0)


if __name__ == "__main__":
    unittest.main()
