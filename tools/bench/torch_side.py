#!/usr/bin/env python3
"""A training loop of PyTorch that takes turns: a step for each line that it reads, {"batch": …, "auxiliary": … or null}.

It answers with the step's seconds, the process's largest resident size so far in bytes, and whether something was compiled meanwhile;
where the first step is not possible, with why.
"""

import argparse
import json
import re
import sys
import time

import torch
import transformers

from authors import AuthorsLoop
from plain import Loop, config_of


def peak_memory():
    with open("/proc/self/status", encoding="utf-8") as file:
        return int(re.search(r"VmHWM:\s*(\d+) kB", file.read()).group(1)) << 10


def compiled():
    """How many graphs have been compiled so far."""
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


def answer(loop, question):
    graphs, begin = compiled(), time.perf_counter()
    loop.step(question["batch"], question["auxiliary"])
    return {"seconds": time.perf_counter() - begin, "compiled": compiled() > graphs, "peak_bytes": peak_memory()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of the model")
    parser.add_argument("method")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--authors", action="store_true", help="the loop of MuScleLoRA's public code")
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    loop = (AuthorsLoop if o.authors else Loop)(config_of(o.folder), o.method, o.folder, o.precision, o.compile)
    first = True
    for line in sys.stdin:
        try:
            said = answer(loop, json.loads(line))
        except Exception as error:  # torch.compile has many
            if not first:
                raise
            said = {"failed": f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"}
        print(json.dumps(said), flush=True)
        first = False


if __name__ == "__main__":
    main()
