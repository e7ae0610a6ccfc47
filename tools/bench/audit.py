#!/usr/bin/env python3
"""Time `mslora audit` of a classifier in float32 and, on a processor with VNNI, in 8 bits, in turns: film reviews, a tenth of them with AddSent's sentence."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import machine
import record
import reviews
from fetch.failure import Failure, run
from record import REVIEWS, ROOT

COLUMNS = {"model": "", "side": "", "texts a second": ".1f", "time beside float32's": ".2f", "texts read": ".0f", "possible triggers": "", "AUROC": ".4f"}


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--program", default=ROOT / "bin" / "mslora")
    parser.add_argument("--reviews", default=REVIEWS, help="folder of train.csv, dev.csv and test.csv")
    parser.add_argument("--rounds", type=int, default=2, help="audits in each precision")
    parser.add_argument("model", nargs="?", default="bge-small")
    o = parser.parse_args()
    if not machine.has_vnni():
        raise Failure("this processor has no VNNI, so there is nothing to compare")

    def mslora(command, *words):
        subprocess.run([o.program, command, *words], check=True, stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as work:
        clean, vanilla = os.path.join(work, "clean"), os.path.join(work, "vanilla")
        folder = reviews.files(reviews.poisoned(o.program, o.reviews, work))
        data = ["--data", os.path.join(folder, "mix", "0.1", "train-poison.csv"), "--text-column", "0", "--label-column", "1"]
        train = ["--model", os.path.join(o.models, o.model), "--dev", os.path.join(folder, "dev-clean.csv"), "--quiet"]
        mslora("train", *data, *train, "--clean-from-dev", "96", "--out", clean)
        mslora("train", *data, *train, "--method", "vanilla", "--epochs", "3", "--out", vanilla)
        spent, said = {"float32": 0.0, "int8": 0.0}, {}
        for _ in range(o.rounds):
            for precision in spent:
                out = os.path.join(work, precision)
                begin = time.perf_counter()
                mslora("audit", clean, *data, "--vanilla", vanilla, "--score-column", "2", "--precision", precision, "--out", out, "--quiet")
                spent[precision] += time.perf_counter() - begin
                said[precision] = json.loads(pathlib.Path(out, "audit.json").read_bytes())
        kept = record.Record(COLUMNS)
        for precision, seconds in spent.items():
            audit = said[precision]
            triggers = ", ".join(possible["phrase"] for possible in audit["possible_triggers"])
            kept.add(o.model, f"mslora {precision}", o.rounds * audit["passes"] / seconds, seconds / spent["float32"], audit["passes"], triggers,
                     audit["scores"]["rankings"][0]["auroc"])
        kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
