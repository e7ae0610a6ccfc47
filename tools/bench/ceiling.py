#!/usr/bin/env python3
"""Print how many floating-point operations a second one large matrix product reaches in ONNX Runtime, the best of many runs."""

import argparse
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def ceiling(width, inner, tokens, threads):
    weight = np.random.randn(width, inner).astype(np.float32)
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["a", "b"])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["a", "c"])], [numpy_helper.from_array(weight, "w")])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session, x = onnxruntime.InferenceSession(model.SerializeToString(), options), np.random.randn(tokens, width).astype(np.float32)
    times = []
    while sum(times) < 2:
        begin = time.perf_counter()
        session.run(None, {"x": x})
        times.append(time.perf_counter() - begin)
    return 2 * tokens * width * inner / min(times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for size in ("width", "inner", "tokens", "threads"):
        parser.add_argument(size, type=int)
    o = parser.parse_args()
    print(ceiling(o.width, o.inner, o.tokens, o.threads))
