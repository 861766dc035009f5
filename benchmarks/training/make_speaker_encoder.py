"""Makes cloning/engines/preview/data/speaker_encoder.onnx: Resemblyzer's speaker encoder with float16 weights.

    pip download --no-deps resemblyzer==0.1.4 && unzip Resemblyzer-0.1.4-py3-none-any.whl resemblyzer/pretrained.pt
    python -m benchmarks.training.make_speaker_encoder resemblyzer/pretrained.pt

Needs torch, librosa and onnx.

Source: Resemblyzer 0.1.4 by Corentin Jemine, Resemble AI (https://github.com/resemble-ai/Resemblyzer), Apache-2.0.
"""

import sys
from pathlib import Path

import librosa
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

TARGET = Path(__file__).parents[2] / "cloning/engines/preview/data/speaker_encoder.onnx"
LAYERS, SIZE = 3, 256


def main(checkpoint: str) -> None:
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["model_state"]
    weights = {"mel": librosa.filters.mel(sr=16_000, n_fft=400, n_mels=40).T}
    nodes = [helper.make_node("MatMul", ["power", "mel32"], ["frames"])]
    nodes.append(helper.make_node("Transpose", ["frames"], ["hidden0"], perm=[1, 0, 2]))
    for layer in range(LAYERS):
        values = {
            part: state[f"lstm.{part}_l{layer}"].numpy()
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        weights[f"w{layer}"] = _onnx_order(values["weight_ih"])[None]
        weights[f"r{layer}"] = _onnx_order(values["weight_hh"])[None]
        weights[f"b{layer}"] = np.concatenate(
            [_onnx_order(values["bias_ih"]), _onnx_order(values["bias_hh"])]
        )[None]
        inputs = [f"hidden{layer}", f"w{layer}32", f"r{layer}32", f"b{layer}32"]
        nodes.append(helper.make_node("LSTM", inputs, [f"all{layer}", f"last{layer}"], hidden_size=SIZE))
        nodes.append(helper.make_node("Squeeze", [f"all{layer}", "one"], [f"hidden{layer + 1}"]))
    nodes.append(helper.make_node("Squeeze", [f"last{LAYERS - 1}", "zero"], ["last"]))
    weights["linear"], weights["bias"] = state["linear.weight"].numpy().T, state["linear.bias"].numpy()
    nodes.append(helper.make_node("Gemm", ["last", "linear32", "bias32"], ["projected"]))
    nodes.append(helper.make_node("Relu", ["projected"], ["positive"]))
    nodes.append(helper.make_node("LpNormalization", ["positive"], ["embeddings"], axis=1, p=2))
    casts = [helper.make_node("Cast", [name], [f"{name}32"], to=TensorProto.FLOAT) for name in weights]
    stored = [numpy_helper.from_array(value.astype(np.float16), name) for name, value in weights.items()]
    stored += [
        numpy_helper.from_array(np.array([axis], np.int64), name) for name, axis in (("zero", 0), ("one", 1))
    ]
    graph = helper.make_graph(
        casts + nodes,
        "speaker_encoder",
        [helper.make_tensor_value_info("power", TensorProto.FLOAT, ["pieces", "frames", 201])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["pieces", SIZE])],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, TARGET)
    print(f"{TARGET.stat().st_size / 1e6:.1f} MB")


def _onnx_order(gates: np.ndarray) -> np.ndarray:
    """torch keeps an LSTM's gates as input, forget, cell, output; ONNX as input, output, forget, cell."""
    enter, forget, cell, leave = np.split(gates, 4)
    return np.concatenate([enter, leave, forget, cell])


if __name__ == "__main__":
    main(sys.argv[1])
