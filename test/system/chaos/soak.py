# SPDX-License-Identifier: MIT
"""soak.py SECONDS [SEED]: kills, suspends and restarts programs, starts, stops
and moves workflows at random. In each calm between two storms:
  acknowledged workflows are listed, and stopped ones are not;
  each component of each workflow runs once, and the nodes run no other one;
  the mirror in Redis names the same instances as the controller;
  each canary's file grows, by one writer.
The first violation ends it, with the seed that replays the same choices."""
import json
import random
import re
import signal
import sys
import time

from chaos import canary, function, wait_for, workflow
from cluster import Cluster
from redis_server import Redis

NODES = ["n1", "n2", "n3"]
DAEMONS = ["controller", "orchestrator", *NODES]
CALM = 30  # seconds until everything must hold again


class Soak:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.cluster = Cluster(keep_alive=1, metered=True)
        self.redis = Redis().start()
        c = self.cluster
        text = (c.folder / "orchestrator.toml").read_text()
        c.write("orchestrator.toml", text.replace(
            'proxy_type = "None"',
            f'proxy_type = "Redis"\nredis_url = "{self.redis.url}"'))
        c.start_all(*NODES)
        self.acknowledged = {}  # id -> file of the canary
        self.stopped = {}
        self.unknown = 0  # starts and stops without an answer
        self.serial = 0
        self.due = []  # (time, what to do)
        self.faults = {}

    def count(self, what):
        self.faults[what] = self.faults.get(what, 0) + 1

    def later(self, pause, action):
        self.due.append((time.monotonic() + pause, action))

    def run_due(self, all_of_them=False):
        now = time.monotonic()
        for x in [x for x in self.due if all_of_them or x[0] <= now]:
            self.due.remove(x)
            x[1]()

    # -- faults -----------------------------------------------------------

    def start_workflow(self):
        c = self.cluster
        self.serial += 1
        file = f"canary{self.serial}.log"
        spec = canary(file)
        spec["functions"] += [
            function("incr", "incr", {"result": "sink"}),
            function("sink", "noop", **self.random.choice(
                ({}, {"isolation": "process"})))]
        c.write("workflow.json", json.dumps(spec))
        done = c.cli("workflow", "start", "workflow.json", check=False)
        if done.returncode == 0:
            self.acknowledged[done.stdout.strip()] = file
        else:
            self.unknown += 1
        self.count("start")

    def stop_workflow(self):
        if len(self.acknowledged) < 3:
            return
        id = self.random.choice(sorted(self.acknowledged))
        done = self.cluster.cli("workflow", "stop", id, check=False)
        file = self.acknowledged.pop(id)
        if done.returncode == 0:
            self.stopped[id] = file
        else:
            self.unknown += 1
        self.count("stop")

    def kill(self):
        name = self.random.choice(DAEMONS)
        if name in self.cluster.running:
            self.cluster.kill(name)
            self.later(self.random.choice([0, 0.2, 1, 3, 6]),
                       lambda: self.restart(name))
            self.count("kill " + name)

    def suspend(self):
        name = self.random.choice(DAEMONS)
        if name in self.cluster.running:
            process = self.cluster.running[name]
            process.send_signal(signal.SIGSTOP)
            self.later(self.random.choice([0.1, 0.5, 2, 6]),
                       lambda: process.send_signal(signal.SIGCONT))
            self.count("suspend " + name)

    def flush(self):
        self.redis.ask("FLUSHALL")
        self.count("flush")

    def move(self):
        keys = self.redis.ask("KEYS", "instance:*")
        if keys:
            id = self.random.choice(sorted(keys)).split(":")[1]
            node = self.cluster.node_ids[self.random.choice(NODES)]
            self.redis.ask("SET", f"intent:migrate:{id}", node)
            self.redis.ask("RPUSH", "intents", f"intent:migrate:{id}")
            self.count("move")

    def restart(self, name):
        c = self.cluster
        if name not in c.running:
            {"controller": c.start_controller,
             "orchestrator": c.start_orchestrator}.get(
                 name, lambda: c.start_node(name))()

    def storm(self, seconds):
        actions = [self.kill] * 4 + [self.suspend] * 3 + [self.move] * 4 + [
            self.start_workflow] * 2 + [self.stop_workflow] * 2 + [self.flush]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.run_due()
            self.random.choice(actions)()
            for name, process in self.cluster.running.items():
                if process.poll() is not None:
                    raise AssertionError(
                        f"{name} ended by itself: {process.returncode}: "
                        + self.cluster.log(name)[-2000:])
            time.sleep(self.random.uniform(0.1, 0.8))
        self.run_due(all_of_them=True)

    # -- what must hold --------------------------------------------------------

    def violations(self):
        c = self.cluster
        listed = set(c.cli("workflow", "list").stdout.split())
        if missing := set(self.acknowledged) - listed:
            return f"acknowledged, not listed: {missing}"
        if listed & set(self.stopped):
            return f"stopped, but listed: {listed & set(self.stopped)}"
        if len(listed - set(self.acknowledged)) > self.unknown:
            return "more workflows than were asked for"
        found = [x for id in listed for x in c.inspect(id).values()]
        if any(phase != "running" for phase, _, _ in found):
            return "components that do not run"
        if len(found) != 4 * len(listed):
            return f"{len(found)} components of {len(listed)} workflows"
        instances = sum(c.scrape(name).get("edgeless_node_instances", 0)
                        for name in NODES)
        if instances != len(found):
            return f"nodes run {instances} instances, not {len(found)}"
        mirrored = set()
        for key in self.redis.ask("KEYS", "instance:*") or []:
            mirrored |= set(re.findall(r"function_id: ([0-9a-f-]{36})",
                                       self.redis.ask("GET", key) or ""))
        if mirrored != {instance for _, _, instance in found}:
            return "the mirror names other instances"
        return ""

    def calm(self):
        last = ""

        def holds():
            nonlocal last
            last = self.violations()
            return not last
        try:
            wait_for("what must hold", holds, CALM)
        except AssertionError as late:
            raise AssertionError(f"after {CALM} s of calm: {last}") from late
        c = self.cluster
        for file in self.acknowledged.values():
            seen = len(c.lines(file))
            wait_for(f"events in {file}",
                     lambda: len(c.lines(file)) > seen + 5, CALM)
            writers = {re.sub(r"\[#.*", "", x) for x in c.lines(file)[seen:]}
            if len(writers) != 1:
                raise AssertionError(f"{file} has {len(writers)} writers")
        silent = {file: len(c.lines(file)) for file in self.stopped.values()}
        time.sleep(1)
        for file, lines in silent.items():
            if len(c.lines(file)) != lines:
                raise AssertionError(f"a stopped workflow writes to {file}")
        for id in set(c.cli("workflow", "list").stdout.split()) - set(
                self.acknowledged):
            c.cli("workflow", "stop", id)
        self.unknown = 0

    def close(self):
        self.cluster.close()
        self.redis.close()


def main():
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"soak: seconds={seconds:.0f} seed={seed}", flush=True)
    soak = Soak(seed)
    try:
        for _ in range(4):
            soak.start_workflow()
        soak.calm()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            soak.storm(min(15, max(3, end - time.monotonic())))
            soak.calm()
    finally:
        print("soak:", dict(sorted(soak.faults.items())), flush=True)
        soak.close()
    print("soak: no violation")


if __name__ == "__main__":
    main()
