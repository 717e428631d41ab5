"""A policy as an ONNX model, which other programs and languages run."""

from typing import Any

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.policies.network import OBSERVATION_LIMIT, NetworkPolicy

OPSET, IR_VERSION = 13, 8  # of ONNX 1.8 and later: what old runtimes read
INPUT, OUTPUT = "observation", "action"


def make_onnx_model(policy: NetworkPolicy) -> bytes:
    """Return an ONNX model that computes what `NetworkPolicy.act` does: (batch, fields) to (batch, actuators).

    Of a discrete policy the output is the number of the choice (batch,).

    Raises:
        InvalidInput: the package `onnx` is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError as error:
        raise InvalidInput(f"{error}; install it: pip install 'roboschool[export]'") from None
    nodes: list[Any] = []
    numbers = {"mean": policy.mean, "scale": policy.scale}
    numbers |= {f"limit_{sign}": np.array(float(f"{sign}1") * OBSERVATION_LIMIT, np.float32) for sign in "-+"}
    numbers |= {f"one_{sign}": np.array(float(f"{sign}1"), np.float32) for sign in "-+"}

    def add(operator: str, *inputs: str, name: str = "", **settings: Any) -> str:
        name = name or f"{operator.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(operator, list(inputs), [name], **settings))
        return name

    x = add("Mul", add("Sub", INPUT, "mean"), "scale")
    x = add("Clip", x, "limit_-", "limit_+")
    for place, (weight, bias) in enumerate(policy.layers):
        numbers |= {f"weight_{place}": weight, f"bias_{place}": bias}
        x = add("Gemm", x, f"weight_{place}", f"bias_{place}", transB=1)
        if place < len(policy.layers) - 1:
            x = add("Tanh", x)
    if policy.discrete:
        add("ArgMax", x, name=OUTPUT, axis=1, keepdims=0)
        result = helper.make_tensor_value_info(OUTPUT, TensorProto.INT64, ["batch"])
    else:
        add("Clip", x, "one_-", "one_+", name=OUTPUT)
        result = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", policy.joints])
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", len(policy.mean)])],
        [result],
        [numpy_helper.from_array(value, name) for name, value in numbers.items()],
    )
    imports = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION, producer_name="roboschool")
    checker.check_model(model)
    written: bytes = model.SerializeToString()
    return written
