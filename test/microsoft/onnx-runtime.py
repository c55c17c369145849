"""Writes onnx-runtime.json: what ONNX Runtime gives for operators of its own domain, com.microsoft.

python onnx-runtime.py > onnx-runtime.json     (onnx 1.23, onnxruntime 1.32)

Scales have digits enough that nothing lies exactly between two codes: there, implementations differ in the order of their roundings.
Inputs are not stored: element i of input k is 0.9 * sin(k + 1 + 1.7 * i) for floats, lo + (37 * i + 11 * k) % (hi - lo + 1)
for codes, and 1000 * sin(k + 1 + 1.7 * i), cut to integers, for int32.
"""
import json
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

F, U, S, W = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32
NUMPY = {F: np.float32, U: np.uint8, S: np.int8, W: np.int32}
NAMES = {F: "float32", U: "uint8", S: "int8", W: "int32"}


def x(*shape, kind=F):
    return {"shape": list(shape), "kind": kind}


def v(value, kind=F):
    return {"shape": [], "kind": kind, "values": [value]}


def vector(values, kind=F):
    return {"shape": [len(values)], "kind": kind, "values": values}


def u(*shape):
    return x(*shape, kind=U)


def s(*shape):
    return x(*shape, kind=S)


cases = {
    "FusedConv, Relu": ("FusedConv", [x(1, 3, 5, 5), x(4, 3, 3, 3), x(4)], dict(activation="Relu", pads=[1, 1, 1, 1], strides=[2, 2])),
    "FusedConv with a sum, LeakyRelu": (
        "FusedConv", [x(1, 4, 5, 5), x(4, 1, 3, 3), x(4), x(1, 4, 3, 3)],
        dict(activation="LeakyRelu", activation_params=[0.2], group=4, kernel_shape=[3, 3])),
    "FusedConv, Clip": ("FusedConv", [x(1, 3, 5, 5), x(2, 3, 1, 1)], dict(activation="Clip", activation_params=[-0.3, 0.5])),
    "FusedConv, HardSigmoid": (
        "FusedConv", [x(1, 3, 5, 5), x(2, 3, 1, 1), x(2)], dict(activation="HardSigmoid", activation_params=[0.3, 0.4])),
    "FusedConv, Tanh, without a bias, with a sum": (
        "FusedConv", [x(1, 3, 4, 4), x(2, 3, 1, 1), None, x(1, 2, 4, 4)], dict(activation="Tanh")),
    "FusedGemm, Relu": ("FusedGemm", [x(2, 3), x(4, 3), x(4)], dict(activation="Relu", transB=1, alpha=0.5)),
    "FusedGemm, LeakyRelu": ("FusedGemm", [x(2, 3), x(3, 4), x(4)], dict(activation="LeakyRelu", activation_alpha=0.3, beta=2.0)),
    "FusedGemm, Elu": ("FusedGemm", [x(2, 3), x(3, 4)], dict(activation="Elu", activation_alpha=0.7)),
    "FusedMatMul, turned and scaled": ("FusedMatMul", [x(2, 4, 3), x(2, 5, 4)], dict(transA=1, transB=1, alpha=0.25)),
    "FusedMatMul, broadcast": ("FusedMatMul", [x(2, 1, 3, 4), x(3, 5, 4)], dict(transB=1)),
    "FusedMatMul, rows first": (
        "FusedMatMul", [x(3, 2, 4), x(4, 2, 5)], dict(transBatchA=1, transBatchB=1, alpha=-2.0)),
    "FusedMatMul, rows first and turned": (
        "FusedMatMul", [x(4, 2, 2, 3), x(5, 2, 2, 4)], dict(transA=1, transBatchA=1, transB=1, transBatchB=1)),
    "FusedMatMul with a vector": ("FusedMatMul", [x(4), x(3, 4)], dict(transB=1, alpha=0.5)),
    "FusedMatMul by a stored matrix": (
        "FusedMatMul", [x(2, 3), {**x(4, 3), "values": [0.25 * (i % 7) - 0.5 for i in range(12)]}], dict(transB=1, alpha=0.5)),
    "Gelu": ("Gelu", [x(3, 7)], {}),
    "BiasGelu": ("BiasGelu", [x(2, 3, 4), x(4)], {}),
    "FastGelu": ("FastGelu", [x(3, 7)], {}),
    "FastGelu with a bias": ("FastGelu", [x(2, 3, 4), x(4)], {}),
    "QuickGelu": ("QuickGelu", [x(3, 7)], {}),
    "QuickGelu, alpha": ("QuickGelu", [x(3, 7)], dict(alpha=0.8)),
    "SkipLayerNormalization": ("SkipLayerNormalization", [x(2, 3, 8), x(2, 3, 8), x(8), x(8)], dict(epsilon=1e-5)),
    "SkipLayerNormalization with a bias, and the sum": (
        "SkipLayerNormalization", [x(2, 3, 8), x(2, 3, 8), x(8), x(8), x(8)], {}, ["y", "", "", "sum"]),
    "SkipLayerNormalization, skip of one sample, no beta": ("SkipLayerNormalization", [x(2, 3, 8), x(1, 3, 8), x(8)], {}),
    "QLinearAdd": ("QLinearAdd", [u(2, 100), v(0.10371), v(120, U), u(2, 100), v(0.070371), v(3, U), v(0.190371), v(99, U)], {}),
    "QLinearAdd, broadcast, signed": (
        "QLinearAdd", [s(2, 3, 10), v(0.10371), v(-4, S), s(3, 1), v(0.050371), v(7, S), v(0.110371), v(-20, S)], {}),
    "QLinearMul": ("QLinearMul", [u(2, 100), v(0.020371), v(120, U), u(2, 100), v(0.030371), v(30, U), v(0.050371), v(110, U)], {}),
    "QLinearMul, signed": ("QLinearMul", [s(2, 90), v(0.020371), v(0, S), s(1), v(0.030371), v(5, S), v(0.040371), v(1, S)], {}),
    "QLinearGlobalAveragePool": ("QLinearGlobalAveragePool", [u(2, 5, 6, 7), v(0.10371), v(100, U), v(0.030371), v(90, U)], {}),
    "QLinearGlobalAveragePool, signed": ("QLinearGlobalAveragePool", [s(1, 6, 9), v(0.10371), v(-3, S), v(0.040371), v(5, S)], {}),
    "QLinearAveragePool": (
        "QLinearAveragePool", [u(1, 2, 6, 6), v(0.10371), v(100, U), v(0.060371), v(90, U)],
        dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    "QLinearAveragePool, padding counted": (
        "QLinearAveragePool", [u(1, 2, 6, 6), v(0.10371), v(100, U), v(0.060371), v(90, U)],
        dict(kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)),
    "QGemm": (
        "QGemm", [u(3, 5), v(0.010371), v(120, U), u(5, 4), v(0.020371), v(100, U), x(4, kind=W), v(0.130371), v(110, U)], {}),
    "QGemm, transposed, a scale per column": (
        "QGemm", [s(5, 3), v(0.010371), v(3, S), s(4, 5), vector([0.010371, 0.020571, 0.003771, 0.012171]), vector([0, 0, 0, 0], S), x(4, kind=W),
                  v(0.130371), v(-4, S)], dict(transA=1, transB=1, alpha=0.5)),
    "QGemm to numbers": ("QGemm", [u(3, 5), v(0.010371), v(120, U), s(5, 4), v(0.020371), v(0, S)], {}),
    "QLinearConcat": (
        "QLinearConcat", [v(0.080371), v(120, U), u(2, 5), v(0.10371), v(100, U), u(2, 3), v(0.080371), v(120, U), u(2, 40), v(0.020371), v(0, U)],
        dict(axis=1)),
    "QLinearSigmoid": ("QLinearSigmoid", [u(256), v(0.050371), v(130, U), v(0.00397), v(0, U)], {}),
    "QLinearSigmoid, signed": ("QLinearSigmoid", [s(256), v(0.060371), v(-7, S), v(0.00397), v(-128, S)], {}),
    "QLinearSoftmax": ("QLinearSoftmax", [u(4, 40), v(0.050371), v(130, U), v(1 / 256), v(0, U)], dict(axis=-1, opset=13)),
    "QLinearSoftmax, signed, another axis": (
        "QLinearSoftmax", [s(2, 7, 5), v(0.030371), v(-7, S), v(1 / 256), v(-128, S)], dict(axis=1, opset=13)),
    "QLinearSoftmax, of the rows of a matrix": ("QLinearSoftmax", [u(2, 4, 5), v(0.030371), v(3, U), v(1 / 256), v(0, U)], dict(axis=1, opset=12)),
    "QLinearReduceMean": ("QLinearReduceMean", [u(2, 5, 6), v(0.10371), v(100, U), v(0.030371), v(90, U)], dict(axes=[1], keepdims=1)),
    "QLinearReduceMean, signed, the last axes": (
        "QLinearReduceMean", [s(2, 3, 4, 5), v(0.10371), v(-3, S), v(0.040371), v(5, S)], dict(axes=[-1, -2], keepdims=0)),
    "QLinearLeakyRelu": ("QLinearLeakyRelu", [u(256), v(0.050371), v(130, U), v(0.040371), v(50, U)], dict(alpha=0.1)),
    "QLinearLeakyRelu, signed": ("QLinearLeakyRelu", [s(256), v(0.050371), v(3, S), v(0.050371), v(-50, S)], dict(alpha=0.2973)),
}


def content(k, spec):
    kind, shape = spec["kind"], spec["shape"]
    if "values" in spec:
        return np.array(spec["values"], NUMPY[kind]).reshape(shape)
    i = np.arange(int(np.prod(shape)))
    if kind == F:
        return (0.9 * np.sin(k + 1 + 1.7 * i)).astype(np.float32).reshape(shape)
    if kind == W:
        return (1000 * np.sin(k + 1 + 1.7 * i)).astype(np.int32).reshape(shape)
    lo, hi = (0, 255) if kind == U else (-128, 127)
    return (lo + (37 * i + 11 * k) % (hi - lo + 1)).astype(NUMPY[kind]).reshape(shape)


def kind_of(op, inputs):
    if op == "QGemm":
        return inputs[8]["kind"] if len(inputs) > 7 else F
    return U if op == "QLinearConcat" else inputs[0]["kind"]


def spelled_out(names, attributes):
    """QLinearReduceMean, which ONNX Runtime knows the schema of and has no kernel for."""
    return [
        helper.make_node("DequantizeLinear", names[:3], ["numbers"]),
        helper.make_node("ReduceMean", ["numbers"], ["mean"], **attributes),
        helper.make_node("QuantizeLinear", ["mean", *names[3:]], ["y"]),
    ]


def run(op, inputs, attributes, outputs=("y",)):
    feeds, declared, initializers = {}, [], []
    for k, spec in enumerate(inputs):
        if spec is None:
            continue
        value = content(k, spec)
        # Scales and zero points must be stored.
        if "values" in spec:
            initializers.append(helper.make_tensor(f"x{k}", spec["kind"], spec["shape"], value.ravel().tolist()))
        else:
            feeds[f"x{k}"] = value
            declared.append(helper.make_tensor_value_info(f"x{k}", spec["kind"], spec["shape"]))
    names = [f"x{k}" if spec else "" for k, spec in enumerate(inputs)]
    node = helper.make_node(op, names, list(outputs), domain="com.microsoft", **attributes)
    nodes = spelled_out(names, attributes) if op == "QLinearReduceMean" else [node]
    made = [helper.make_tensor_value_info(o, kind_of(op, inputs), None) for o in outputs if o]
    graph = helper.make_graph(nodes, "one", declared, made, initializers)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    options = onnxruntime.SessionOptions()
    # Without it, sums of products of bytes overflow on processors that have no VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    got = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, feeds)
    return {
        "op": op,
        "attributes": attributes,
        "inputs": [spec and {**spec, "kind": NAMES[spec["kind"]]} for spec in inputs],
        "outputs": list(outputs),
        "results": [{"shape": list(y.shape), "data": [float(f"{e:.7g}") if y.dtype == np.float32 else int(e) for e in y.ravel()]} for y in got],
    }


made = {name: run(*c) for name, c in cases.items()}
print("{")
print(",\n".join(f"  {json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in made.items()))
print("}")
