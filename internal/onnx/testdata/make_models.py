#!/usr/bin/python3
"""Writes the tiny networks that the tests of internal/onnx run.

Run it from this folder with Debian's python3-onnx: /usr/bin/python3 make_models.py
The files are committed; run it again only to change a network.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F, I = TensorProto.FLOAT, TensorProto.INT64


def info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, weights=()):
    graph = helper.make_graph(
        nodes, name, inputs, outputs, [numpy_helper.from_array(v, k) for k, v in weights]
    )
    model = helper.make_model(
        graph, producer_name="fusiond", opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, f"{name}.onnx")


# conv_relu: y[1,3,4,5] = relu(conv3x3(x[1,2,4,5], pad 1) + b). The weights are a formula, so that the
# Go test can repeat the sum: w[o,i,r,c] = ((7o + 5i + 3r + c) mod 11 - 5) / 8, b[o] = (o - 1) / 4.
o, i, r, c = np.ix_(range(3), range(2), range(3), range(3))
save(
    "conv_relu",
    [
        helper.make_node("Conv", ["x", "w", "b"], ["z"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["z"], ["y"]),
    ],
    [info("x", F, [1, 2, 4, 5])],
    [info("y", F, [1, 3, 4, 5])],
    [
        ("w", (((7 * o + 5 * i + 3 * r + c) % 11 - 5) / 8).astype(np.float32)),
        ("b", ((np.arange(3) - 1) / 4).astype(np.float32)),
    ],
)

# add: sum[n,3] = a[n,3] + b[n,3], with a free first dimension.
save(
    "add",
    [helper.make_node("Add", ["a", "b"], ["sum"])],
    [info("a", F, ["n", 3]), info("b", F, ["n", 3])],
    [info("sum", F, ["n", 3])],
)

# gather: row[2,3] = table[index[2]], table[r,c] = 10 r + c, r < 4.
save(
    "gather",
    [helper.make_node("Gather", ["table", "index"], ["row"], axis=0)],
    [info("index", I, [2])],
    [info("row", F, [2, 3])],
    [("table", (10 * np.arange(4)[:, None] + np.arange(3)[None, :]).astype(np.float32))],
)
