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

# %% Two ways to spend 16 bits: fp16 buys digits, bf16 buys range
for dtype in (fp16, bf16, fp32):
    info = torch.finfo(dtype)
    smallest = info.smallest_normal * info.eps  # the smallest subnormal
    print(f"{dtype}: max={info.max:.3g} smallest={smallest:.3g} eps={info.eps:.3g}")
    assert smallest == {fp16: 2**-24, bf16: 2**-133, fp32: 2**-149}[dtype], "fp16 ends near 6e-8, bf16 near 9e-41"
assert torch.finfo(fp16).max == 65504 and torch.finfo(bf16).max > 0.99 * torch.finfo(fp32).max
assert torch.finfo(bf16).smallest_normal == torch.finfo(fp32).smallest_normal, "bf16 has the exponent of fp32"
assert torch.finfo(bf16).eps == 2**-7 and torch.finfo(fp16).eps == 2**-10, "and three binary digits fewer than fp16"

values = torch.tensor([70_000.0, 2.0**-24, 2.0**-25], device=device)
assert values.to(fp16).tolist() == [float("inf"), 2.0**-24, 0.0], "2^-24 is fp16's smallest subnormal; half of it is 0"
assert (values.to(bf16) > 0).all() and values.to(bf16).isfinite().all(), "bf16 keeps all three"

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
    results = {"linear": hidden, "mse": F.mse_loss(hidden, x), "add fp32": hidden + x, "softmax": hidden.softmax(-1)}
dtypes = {name: result.dtype for name, result in results.items()}
print(f"autocast on {device.type}:", dtypes)
assert dtypes["linear"] == fp16 and layer.weight.dtype == fp32, "the cast makes a copy; the parameter stays fp32"
assert dtypes["mse"] == fp32, "this loss is computed in fp32"
assert dtypes["add fp32"] == fp32, "operations without a rule promote as they do outside"
assert dtypes["softmax"] == (fp16 if device.type == "cpu" else fp32), "the lists differ between devices"


# %% A small gradient dies in fp16, survives when scaled, and never needed help in bf16
def weight_gradient(dtype: torch.dtype, scale: float = 1.0) -> torch.Tensor:
    with torch.autocast(device.type, dtype=dtype, enabled=dtype != fp32):
        output = layer(x)  # (N, D)
        loss = F.mse_loss(output, output.detach().float() + residual)
    return torch.autograd.grad(loss * scale, layer.weight)[0] / scale  # (D, D)


residual = 1e-4 * torch.randn(N, D, device=device).clamp(-2, 2)  # the mean divides it by N * D: about 1e-8
exact = weight_gradient(fp32)
for dtype, scale in ((fp16, 1.0), (fp16, 2.0**16), (bf16, 1.0)):
    gradient = weight_gradient(dtype, scale)
    error = ((gradient - exact).norm() / exact.norm()).item()
    print(f"{dtype} scale={scale:.0f}: gradient is off by {error:.4f} of its size")
    lost = dtype == fp16 and scale == 1
    assert (gradient.count_nonzero() == 0) if lost else (error < 0.02), "only unscaled fp16 loses the gradient"

# %% The training step: scale, unscale, clip, step, update
lr, max_norm = 0.1, 1.0
net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 1)).to(device)
params = list(net.parameters())
optimizer = torch.optim.SGD(params, lr=lr)
scaler = torch.amp.GradScaler(device.type, init_scale=2.0**10, growth_interval=20)


def train_step(inputs: torch.Tensor, targets: torch.Tensor) -> float:
    with torch.autocast(device.type, dtype=fp16):
        loss = F.mse_loss(net(inputs), targets)
    optimizer.zero_grad()
    # hole: scaled-step
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(params, max_norm)
    scaler.step(optimizer)
    scaler.update()
    # end
    return loss.item()


inputs = torch.randn(256, 16, device=device)
targets = inputs[:, :1] - 2 * inputs[:, 1:2].abs()  # (256, 1)
for step in range(1, 61):
    # the same step by hand in fp32: the gradient is shortened only if it is longer than max_norm
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(F.mse_loss(net(inputs), targets), params)])
    update = -lr * gradient * max_norm / gradient.norm().clamp(min=max_norm)
    before = nn.utils.parameters_to_vector(params).detach()
    loss = train_step(inputs, targets)
    moved = nn.utils.parameters_to_vector(params).detach() - before
    assert (moved - update).norm() < 0.3 * update.norm(), "clipping must see the true gradients, so unscale them first"
    if step % 20 == 0:
        print(f"step={step} loss={loss:.4f} scale={scaler.get_scale():.0f}")
assert loss < 0.2 * targets.square().mean().item(), "it learns"
assert scaler.get_scale() == 2.0**13, "every 20 good steps the scale doubles"
assert all(p.dtype == p.grad.dtype == fp32 for p in params), "weights and their gradients stay fp32"

# %% An overflow costs one step, not the model
before = nn.utils.parameters_to_vector(params).detach()
train_step(inputs * 1e6, targets)  # beyond 65504: inf in fp16
assert torch.equal(nn.utils.parameters_to_vector(params), before), "a step with inf or nan is skipped"
assert scaler.get_scale() == 2.0**12, "and the scale is halved"
print(f"after an overflow: weights untouched, scale={scaler.get_scale():.0f}")
