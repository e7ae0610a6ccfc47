"""Sides of the benchmark: programs that make one training step when they are told to, and what is measured of them.

Each answers with a line of JSON for each line that it reads, so that they can take turns on the same machine.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time

from fetch.failure import Failure

HERE = os.path.dirname(os.path.abspath(__file__))


class Ended(Failure):
    """A program makes no more steps; the message is why, in one line."""


class Program:
    def __init__(self, command, **environment):
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment)

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise Ended(f"{' '.join(map(str, self.process.args))} ended with exit code {self.process.wait()}")
        answer = json.loads(line)
        if "failed" in answer:
            raise Ended(answer["failed"])
        return answer

    def ask(self, question=""):
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        return self.read()

    def start(self, *batch):
        """Make the first step, which is not timed; give the seconds since the program was started."""
        self.step(*batch)
        return time.perf_counter() - self.began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Mslora(Program):
    """tools/bench/steps: it says first which batches it will take, in order, and which auxiliary batch."""

    def __init__(self, o, cell, folder, batches, precision="float32", profile="", **environment):
        settings = [cell.method, batches, cell.threads or o.threads, cell.tokens, cell.batch, precision, profile]
        super().__init__([o.steps, folder, o.texts, *map(str, settings)], **environment)
        self.batches, self.auxiliary = [self.read() for _ in range(batches)], self.read()

    def step(self, batch=None, auxiliary=None):
        return self.ask()


class Torch(Program):
    """tools/bench/torch_side.py: a training loop of PyTorch."""

    def __init__(self, o, cell, folder, work, *options):
        command = [sys.executable, os.path.join(HERE, "torch_side.py"), folder, cell.method, "--threads", str(cell.threads or o.threads), *options]
        super().__init__(command, TORCHINDUCTOR_CACHE_DIR=work)  # nothing is compiled before

    def step(self, batch, auxiliary):
        question = json.dumps({"batch": batch, "auxiliary": auxiliary})
        while (answer := self.ask(question))["compiled"]:  # another kind of batch: the step is made again
            pass
        return answer


class Side:
    """A line of the comparison: a program and its batches, whose auxiliary batch is the same each time."""

    def __init__(self, program, start, batches, auxiliary, limit):
        self.program, self.batches, self.auxiliary, self.limit = program, batches, auxiliary, limit
        self.start, self.answers, self.joules = start, [], []

    def turn(self, i, energy):
        """Make step i, unless those before it took too long."""
        if self.answers and sum(self.seconds) > self.limit:
            return
        energy.since()
        self.answers.append(self.program.step(self.batches[i], self.auxiliary))
        self.joules.append(energy.since())

    @property
    def seconds(self):
        return [answer["seconds"] for answer in self.answers]

    def measured(self):
        """What a result file says of this side."""
        texts = sum(map(len, self.batches[: len(self.answers)]))
        result = {
            "median_ms": round(1e3 * statistics.median(self.seconds), 1),
            "texts_a_second": round(texts / sum(self.seconds), 2),
            "peak_bytes": max(answer["peak_bytes"] for answer in self.answers),
            "start_seconds": round(self.start, 1),
            "seconds": [round(s, 4) for s in self.seconds],
        }
        if None not in self.joules:
            result["joules_a_text"] = round(sum(self.joules) / texts, 3)
        return result
