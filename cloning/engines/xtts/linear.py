"""The GPT's matrix products: weights packed once for the processor at hand, in the precision asked for."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from cloning.engines.base import EngineError

Linear = Callable[[torch.Tensor], torch.Tensor]
"""From (rows, inputs) to (rows, outputs). On a CPU both are float32, whatever precision the weights have."""

PRECISIONS = ("auto", "float32", "float16", "int8")


def choose_precision(wanted: str, device: torch.device) -> str:
    """What `wanted` (one of PRECISIONS) means on `device`. Raises EngineError when the device can't do it."""
    can_pack = "fbgemm" in _quantizing_libraries()
    if wanted == "auto":
        return "float16" if device.type == "cpu" and can_pack else "float32"
    if device.type == "cuda":
        if wanted == "int8":
            raise EngineError("XTTS_PRECISION=int8 is for CPUs. Set it to auto, float32 or float16.")
    elif wanted != "float32" and not can_pack:
        raise EngineError(f"This processor can't do XTTS_PRECISION={wanted}. Set it to float32.")
    return wanted


def _quantizing_libraries() -> list[str]:
    return torch.backends.quantized.supported_engines


def pack_linear(weight: torch.Tensor, bias: torch.Tensor, precision: str, device: torch.device) -> Linear:
    """`weight` (outputs, inputs), of any strides, and `bias` (outputs,), ready to be applied; neither is kept."""
    if device.type != "cpu":
        dtype = getattr(torch, precision)
        weight, bias = weight.to(device, dtype, copy=True), bias.to(device, dtype, copy=True)
        return lambda rows: F.linear(rows, weight, bias)
    return {"float32": _float32, "float16": _float16, "int8": _int8}[precision](weight, bias.clone())


def _float32(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
    """oneDNN's blocked layout: for a few rows several times faster than a plain matrix product."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # torch has none
        weight = weight.clone(memory_format=torch.contiguous_format)
        return lambda rows: F.linear(rows, weight, bias)
    blocked = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    return lambda rows: torch.ops.mkldnn._linear_pointwise(rows, blocked, bias, "none", [], "")


def _float16(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
    """Only the weights are rounded, to 11 bits; the products are summed up in float32."""
    blocked = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    return lambda rows: torch.ops.quantized.linear_dynamic_fp16(rows, blocked)


def _int8(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
    """One scale for each output and one for each row, so that rows of a batch don't influence each other.

    Without VNNI, sums of two products are kept in 16 bits on the way: 7 bits for the rows keep them from overflowing.
    """
    levels = 127 if torch.cpu._is_vnni_supported() else 63
    scales = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
    # Many times faster than torch.quantize_per_channel.
    rounded = (weight / scales[:, None]).round_().to(torch.int8).contiguous()
    zero_points = torch.zeros(len(scales), dtype=torch.long)
    quantized = torch._make_per_channel_quantized_tensor(rounded, scales.double(), zero_points, 0)
    blocked = torch.ops.quantized.linear_prepack(quantized, None)

    def apply(rows: torch.Tensor) -> torch.Tensor:
        largest = rows.abs().amax(dim=1, keepdim=True).clamp(min=1e-12)
        products = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            rows / largest, 1 / levels, levels + 1, blocked
        )
        return torch.addcmul(bias, products, largest)

    return apply
