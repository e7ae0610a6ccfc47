"""Writes internal/tensorboard/testdata/reference.json: records of an event file as TensorBoard's own classes write them.

    .deps/export/bin/python tools/tensorboard_fixture.py
"""

import base64
import io
import json
import pathlib

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

RECORDS = [
    (1, 1717171717.25, {"train/loss": 0.693147}),
    (130, 1717171718.000001, {"train/loss": 1e-7, "train/mu": 0.0, "dev/accuracy": 91.5}),
    (2_000_000, 4102444800.5, {"fourier/backdoor_lfr": -1.5, "größe": 3.4e38}),
]


def record(event):
    file = io.BytesIO()
    RecordWriter(file).write(event.SerializeToString())
    return base64.b64encode(file.getvalue()).decode()


def scalars(step, seconds, points):
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in points.items()])
    return {
        "step": step, "seconds": seconds, "points": [{"Tag": tag, "Value": value} for tag, value in points.items()],
        "record": record(Event(wall_time=seconds, step=step, summary=summary)),
    }


reference = {"header": record(Event(wall_time=1.5, file_version="brain.Event:2")), "records": [scalars(*one) for one in RECORDS]}
path = pathlib.Path(__file__).parent.parent / "internal/tensorboard/testdata/reference.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(reference, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
