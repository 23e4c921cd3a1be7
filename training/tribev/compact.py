"""Networks as they are shipped: norms folded into the convolutions before them, large weights in float16.

A runtime widens the weights once, when it loads the file, and computes in float32: half the bytes, the same speed.
What is rounded is rounded here, in torch, so that golden tensors are those of the shipped numbers.
"""

import copy

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

LEAST = 1024  # values that a weight must have to be worth a Cast


@torch.no_grad()
def compact(net: nn.Module) -> nn.Module:
    """Return a copy of a network in evaluation mode with norms folded and large weights rounded to float16."""
    net = copy.deepcopy(net).eval()
    for m in net.modules():
        if isinstance(m, nn.Sequential):
            for k in range(len(m) - 1):
                if isinstance(m[k], nn.Conv2d) and isinstance(m[k + 1], nn.BatchNorm2d):
                    m[k], m[k + 1] = fuse_conv_bn_eval(m[k], m[k + 1]), nn.Identity()
    for p in net.parameters():
        if p.numel() >= LEAST:
            p.copy_(p.half().float())
    return net


def store_halves(model: onnx.ModelProto) -> None:
    """Store as float16 each large initializer that loses nothing by it, with a Cast to float32 of its old name."""
    graph = model.graph
    casts = []
    for i in graph.initializer:
        if i.data_type != TensorProto.FLOAT or np.prod(i.dims) < LEAST:
            continue
        wide = numpy_helper.to_array(i)
        narrow = wide.astype(np.float16)
        if not np.array_equal(narrow.astype(np.float32), wide):
            continue
        name = i.name
        i.CopyFrom(numpy_helper.from_array(narrow, name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], name=name + ".widen", to=TensorProto.FLOAT))
    for n, cast in enumerate(casts):
        graph.node.insert(n, cast)
