"""Writes onnx-runtime.json: what ONNX Runtime gives for recurrent nodes of all kinds.

python onnx-runtime.py > onnx-runtime.json     (onnx 1.23, onnxruntime 1.32)

Inputs are not stored: element i of input k is 0.9 * sin(k + 1 + 1.7 * i), in float32.
"""
import json
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

T, N, I, H = 3, 2, 3, 2
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def case(op, given="B", lengths=None, **attributes):
    return op, given, lengths, attributes


cases = {
    "LSTM": case("LSTM", "B h c"),
    "LSTM without biases and states": case("LSTM", ""),
    "LSTM in reverse": case("LSTM", "B", direction="reverse"),
    "LSTM both ways": case("LSTM", "B h c", direction="bidirectional"),
    "LSTM both ways, lengths": case("LSTM", "B h c", [2, 3], direction="bidirectional"),
    "LSTM with peepholes": case("LSTM", "B h c p", direction="bidirectional"),
    "LSTM, input gate coupled with the forget gate": case("LSTM", "B c", input_forget=1),
    "LSTM, clipped": case("LSTM", "B h c", clip=0.3),
    "LSTM, activations with parameters": case(
        "LSTM", "B c", activations=["HardSigmoid", "ScaledTanh", "Affine"],
        activation_alpha=[0.3, 1.2, 0.7], activation_beta=[0.4, 0.8, 0.1]),
    "LSTM both ways, other activations each": case(
        "LSTM", "B c", direction="bidirectional",
        activations=["Sigmoid", "LeakyRelu", "Softsign", "HardSigmoid", "Elu", "Tanh"], activation_alpha=[0.05, 0.25, 0.7],
        activation_beta=[0.45]),
    "GRU": case("GRU", "B h"),
    "GRU without biases and states": case("GRU", ""),
    "GRU in reverse": case("GRU", "B", direction="reverse"),
    "GRU both ways, lengths": case("GRU", "B h", [3, 1], direction="bidirectional"),
    "GRU, linear before reset": case("GRU", "B h", linear_before_reset=1),
    "GRU both ways, linear before reset, lengths": case(
        "GRU", "B h", [1, 3], direction="bidirectional", linear_before_reset=1),
    "GRU, linear before reset, no biases": case("GRU", "h", linear_before_reset=1),
    "GRU, clipped": case("GRU", "B h", clip=0.25),
    "GRU, activations with parameters": case(
        "GRU", "B h", activations=["HardSigmoid", "LeakyRelu"], activation_alpha=[0.3, 0.1], activation_beta=[0.6]),
    "RNN": case("RNN", "B h"),
    "RNN without biases and states": case("RNN", ""),
    "RNN both ways, lengths": case("RNN", "B h", [2, 3], direction="bidirectional"),
    "RNN in reverse, rectified": case("RNN", "B h", direction="reverse", activations=["Relu"]),
    "RNN, clipped": case("RNN", "B h", clip=0.4),
    "RNN, softplus": case("RNN", "B", activations=["Softplus"]),
    "RNN, thresholded": case("RNN", "B", activations=["ThresholdedRelu"], activation_alpha=[0.2]),
}


def shapes(op, d):
    g = GATES[op]
    return [[T, N, I], [d, g * H, I], [d, g * H, H], [d, 2 * g * H], [N], [d, N, H], [d, N, H], [d, 3 * H]]


def run(op, given, lengths, attributes):
    d = 2 if attributes.get("direction") == "bidirectional" else 1
    names = ["X", "W", "R", "B", "lengths", "h", "c", "p"]
    wanted = ["X", "W", "R", *given.split(), *(["lengths"] if lengths else [])]
    feeds, inputs = {}, []
    for k, (name, shape) in enumerate(zip(names, shapes(op, d))):
        if name not in wanted:
            continue
        if name == "lengths":
            feeds[name] = np.array(lengths, np.int32)
        else:
            count = int(np.prod(shape))
            feeds[name] = (0.9 * np.sin(k + 1 + 1.7 * np.arange(count))).astype(np.float32).reshape(shape)
        kind = TensorProto.INT32 if name == "lengths" else TensorProto.FLOAT
        inputs.append(helper.make_tensor_value_info(name, kind, shape))
    outputs = ["Y", "Y_h", "Y_c"][: 3 if op == "LSTM" else 2]
    listed = [n if n in wanted else "" for n in names[: 8 if op == "LSTM" else 6]]
    node = helper.make_node(op, listed, outputs, hidden_size=H, **attributes)
    graph = helper.make_graph([node], "one", inputs, [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    got = onnxruntime.InferenceSession(model.SerializeToString()).run(outputs, feeds)
    return {
        "op": op,
        "attributes": {"hidden_size": H, **attributes},
        "inputs": {n: list(map(int, feeds[n].shape)) for n in listed if n},
        "listed": listed,
        **({"lengths": lengths} if lengths else {}),
        "outputs": [{"shape": list(y.shape), "data": [float(f"{v:.7g}") for v in y.ravel()]} for y in got],
    }


made = {name: run(*c) for name, c in cases.items()}
print("{")
print(",\n".join(f"  {json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in made.items()))
print("}")
