# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Mixed precision: 16-bit matmuls, fp32 weights, and for fp16 a scaled loss so that small gradients survive."""

import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
fp16, bf16, fp32 = torch.float16, torch.bfloat16, torch.float32

# %% In short
dtype = torch.float16  # torch.bfloat16 where the GPU computes with it: then nothing needs scaling
model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 1)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)  # harmless: on by default


def train_step(inputs: torch.Tensor, targets: torch.Tensor, max_norm: float = 0.5) -> float:
    optimizer.zero_grad()
    with torch.autocast(device.type, dtype=dtype):  # the forward pass and the loss, nothing else
        loss = F.mse_loss(model(inputs), targets)
    # hole: scaled-step
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)  # only because the next line reads the gradients
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    # end
    return loss.item()


# %% The same step by hand in fp32: the gradient is shortened only if it is longer than the limit
def update_by_hand(inputs: torch.Tensor, targets: torch.Tensor, max_norm: float = 0.5) -> torch.Tensor:
    gradient = torch.autograd.grad(F.mse_loss(model(inputs), targets), list(model.parameters()))
    flat = nn.utils.parameters_to_vector(gradient)
    return -0.1 * flat * max_norm / flat.norm().clamp(min=max_norm)


def weights() -> torch.Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach()


start = {name: value.clone() for name, value in model.state_dict().items()}
inputs = torch.randn(256, 16, device=device)
targets = inputs.sum(1, keepdim=True) / 4  # (256, 1)
assert scaler.is_enabled() and scaler.get_scale() == 2.0**16, "where a scaler starts"
for dtype in (bf16, fp16):
    model.load_state_dict(start)
    scaler = torch.amp.GradScaler(device.type, 2.0**10, growth_interval=20, enabled=dtype == fp16)
    norms = []
    for step in range(1, 61):
        expected, before = update_by_hand(inputs, targets), weights()
        loss = train_step(inputs, targets)
        error = (weights() - before - expected).norm()
        assert error < 0.4 * expected.norm(), "but for rounding it is the fp32 step: unscale before you clip"
        norms.append(expected.norm().item())
        if step % 20 == 0:
            print(f"step={step} loss={loss:.4f} scale={scaler.get_scale():.0f}  # {dtype}")
    assert max(norms) > 0.049 and min(norms) < 0.03, "some steps were clipped, some were not"
    assert loss < 0.1 * targets.var().item(), "it learns"
    assert scaler.get_scale() == (2.0**13 if dtype == fp16 else 1), "every 20 good steps the scale doubles"
assert all(p.dtype == p.grad.dtype == fp32 for p in model.parameters()), "weights and their gradients stay fp32"

# %% An overflow costs one step, not the model
before = weights()
train_step(inputs * 1e6, targets)  # beyond 65504: inf in fp16
assert torch.equal(weights(), before), "a step with inf or nan is skipped"
assert scaler.get_scale() == 2.0**12, "and the scale is halved"
print(f"after an overflow: weights untouched, scale={scaler.get_scale():.0f}")
train_step(inputs, targets)
assert not torch.equal(weights(), before), "zero_grad has thrown the inf away: the next step counts again"

# %% Two ways to spend 16 bits: fp16 buys digits, bf16 buys range
for dtype in (fp16, bf16, fp32):
    info = torch.finfo(dtype)
    smallest = info.smallest_normal * info.eps  # the smallest subnormal
    print(f"{dtype}: max={info.max:.3g} smallest={smallest:.3g} eps={info.eps:.3g}")
    assert smallest == {fp16: 2**-24, bf16: 2**-133, fp32: 2**-149}[dtype], "fp16 ends near 6e-8, bf16 near 9e-41"
assert torch.finfo(fp16).max == 65504 and torch.finfo(bf16).max > 0.99 * torch.finfo(fp32).max
assert torch.finfo(bf16).smallest_normal == torch.finfo(fp32).smallest_normal, "bf16 has the exponent of fp32"
assert torch.finfo(bf16).eps == 2**-7 and torch.finfo(fp16).eps == 2**-10, "and three binary digits fewer than fp16"

# %% Why weights stay in fp32: a small update is less than one 16-bit digit
for dtype in (fp16, bf16, fp32):
    weight = torch.ones(1, device=device, dtype=dtype)
    for _ in range(1000):
        weight -= 1e-4
    print(f"{dtype}: 1 minus 1000 times 0.0001 = {weight.item():.3f}")
    assert abs(weight.item() - (0.9 if dtype == fp32 else 1)) < 1e-3, "in 16 bits 1 - 0.0001 rounds back to 1"

# %% Autocast picks a dtype for each operation, and leaves the weights alone
N, D = 64, 256
layer = nn.Linear(D, D).to(device)
x = torch.randn(N, D, device=device)
with torch.autocast(device.type, dtype=fp16):
    hidden = layer(x)  # (N, D), fp16: matmuls and convolutions are cast down
    mse, mixed, softmax = F.mse_loss(hidden, x), hidden + x, hidden.softmax(-1)  # harmless: only dtypes are looked at
assert hidden.dtype == fp16 and layer.weight.dtype == fp32, "the cast makes a copy; the parameter stays fp32"
assert mse.dtype == fp32, "this loss is computed in fp32"
assert mixed.dtype == fp32, "operations without a rule promote as they do outside"
assert softmax.dtype == (fp16 if device.type == "cpu" else fp32), "the lists differ between devices"
print(f"autocast on {device.type}: linear {hidden.dtype}, mse {mse.dtype}, softmax {softmax.dtype}")

# %% A small gradient dies in fp16, survives when scaled, and never needed help in bf16
residual = 1e-4 * torch.rand(N, D, device=device)  # the mean divides it by N * D: the gradient is about 1e-8
exact = residual.T @ x * (-2 / (N * D))  # (D, D): the gradient of the mean square, by hand
for dtype, scale in ((fp16, 1.0), (fp16, 2.0**16), (bf16, 1.0)):
    with torch.autocast(device.type, dtype=dtype):
        output = layer(x)  # (N, D)
        loss = F.mse_loss(output, output.detach().float() + residual)
    gradient = torch.autograd.grad(loss * scale, layer.weight)[0] / scale  # (D, D)
    error = ((gradient - exact).norm() / exact.norm()).item()
    print(f"{dtype} scale={scale:.0f}: gradient is off by {error:.4f} of its size")
    assert abs(error - (dtype == fp16 and scale == 1)) < 0.02, "only unscaled fp16 loses the gradient, all of it"


# %% What the backward pass keeps: activations half as large, and 16-bit copies of the weights on top
def kept(dtype: torch.dtype) -> tuple[int, int]:
    seen: dict[int, torch.Tensor] = {}

    def pack(t: torch.Tensor) -> torch.Tensor:
        return seen.setdefault(t.data_ptr(), t)

    cast = torch.autocast(device.type, dtype=bf16, enabled=dtype == bf16)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t), cast:
        output = layer(layer(x))  # held until all is counted, and the graph with it
    extra = [t for t in seen.values() if t.data_ptr() != layer.weight.data_ptr()]
    return sum(t.nbytes for t in extra if t.shape == output.shape), sum(t.nbytes for t in extra if t.shape[0] == D)


print("bytes kept (activations, copies of weights):", {str(dtype): kept(dtype) for dtype in (fp32, bf16)})
assert kept(fp32) == (2 * 4 * N * D, 0) and kept(bf16) == (2 * 2 * N * D, 2 * D * D)
