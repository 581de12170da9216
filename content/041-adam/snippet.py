# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Adam divides the mean gradient by its own size: a step is about lr long, whatever the scale of the gradient."""

import os

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.testing import assert_close

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
inputs = torch.randn(256, 8, device=device)
targets = inputs[:, :3].abs().argmax(1)  # (256,): the largest of three, signs apart  # harmless: another rule would do

# %% In short: AdamW, weight decay on matrices alone, gradients clipped between backward() and step()
net = nn.Sequential(nn.Linear(8, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 3)).to(device)
matrices = [p for p in net.parameters() if p.ndim >= 2]
vectors = [p for p in net.parameters() if p.ndim < 2]  # biases, and the weights of norms
groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=3e-3)
for step in range(1, 101):
    loss = nn.functional.cross_entropy(net(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)  # harmless: these gradients are shorter
    optimizer.step()
    if step % 50 == 0:
        print(f"step={step} loss={loss.item():.3f}")

assert torch.stack([p.grad.norm() for p in net.parameters()]).norm() < 0.5, "the gradient of the last step alone"
assert loss < 0.5 and len(matrices) == 2 and len(vectors) == 4, "it learns; each parameter is in exactly one group"
usual = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
for kind, decay in ((Adam, 0), (AdamW, 0.01)):
    assert (usual | {"weight_decay": decay}).items() <= kind(net.parameters()).defaults.items()


# %% One step by hand
def direction(g, m, v, t, betas=(0.9, 0.999), eps=1e-8):
    """From gradient g of step t = 1, 2, ... and the old moments m, v to the direction d and the new moments."""
    # hole: adam-step
    b1, b2 = betas
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
    d = m_hat / (v_hat.sqrt() + eps)
    # end
    return d, m, v


def decay_and_move(w, d, lr, weight_decay):
    # hole: decoupled-decay
    w = w * (1 - lr * weight_decay) - lr * d
    # end
    return w


one = torch.ones(1, device=device)
assert_close(decay_and_move(2 * one, one, 0.5, 0.1), 1.4 * one, msg="2 * 0.95 - 0.5: the old weight decays")
gradients = torch.randn(20, 5, device=device) * torch.tensor([1e-2, 0.1, 1, 10, 100], device=device)
for kind, decay in ((Adam, 0.0), (AdamW, 0.3)):
    options = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 0.01}  # a large eps, so that its place shows
    start = torch.randn(5, device=device)
    theirs, ours, m, v = nn.Parameter(start.clone()), start, torch.zeros_like(start), torch.zeros_like(start)
    optimizer = kind([theirs], weight_decay=decay, **options)
    for t, g in enumerate(gradients, start=1):
        theirs.grad = g
        optimizer.step()
        d, m, v = direction(g.clone(), m, v, t, options["betas"], options["eps"])  # harmless: for other lines
        ours = decay_and_move(ours, d, options["lr"], decay)
        assert_close(ours, theirs.detach(), rtol=1e-4, atol=1e-5)
    assert_close([m, v], [optimizer.state[theirs]["exp_avg"], optimizer.state[theirs]["exp_avg_sq"]])


# %% Steps in units of lr, of a single weight that sees the given gradients
def steps(grads, lr=1e-3, clip=float("inf"), **options) -> torch.Tensor:
    w, path = nn.Parameter(torch.zeros(1, dtype=torch.double, device=device)), [0.0]
    optimizer = Adam([w], lr=lr, **options)
    for g in grads:
        w.grad = torch.full_like(w, g)
        nn.utils.clip_grad_norm_([w], clip)
        optimizer.step()
        path.append(w.item())
    return -torch.tensor(path, dtype=torch.double).diff() / lr


for size in (1e-4, 1.0, 1e4):
    assert_close(steps([size] * 10), torch.ones(10, dtype=torch.double), rtol=1e-3, atol=0)
m, v, bare = 0 * one, 0 * one, []
for t in range(1, 1001):
    _, m, v = direction(one, m, v, t)
    bare.append((m / v.sqrt()).item())
print("without bias correction, steps 1, 10 and 1000:", *(f"{bare[t - 1]:.2f} lr" for t in (1, 10, 1000)))
assert_close([bare[0], bare[9], bare[999]], [3.16, 6.53, 1.26], rtol=0.01, atol=0)
tiny = [steps([size])[0].item() for size in (1e-6, 1e-8, 1e-10)]
print("first step at gradients 1e-6, 1e-8, 1e-10:", *(f"{size:.2f} lr" for size in tiny))
assert_close(tiny + steps([1e-8], eps=1e-12).tolist(), [0.99, 0.5, 0.01, 1.0], rtol=0.02, atol=0)
half = nn.Parameter(torch.ones(2, device=device).half())
half.grad = torch.tensor([0, 1e-3], device=device).half()
Adam([half], foreach=False).step()
assert half[0].isnan() and half[1].isinf(), "in float16, eps and the square of 0.001 are 0"

# %% One gradient a thousand times as large: v remembers it, unless it is clipped
grads = [1.0] * 500 + [1000.0] + [1.0] * 1000
spiked, clipped = steps(grads), steps(grads, clip=1.0)
after = [spiked[600].item(), spiked[1500].item(), clipped[600].item()]  # harmless: one step more or less
print("100 and 1000 steps after a spike: {:.3f} and {:.3f} lr, with clipping {:.3f} lr".format(*after))
assert_close(after, [0.022, 0.046, 1.0], rtol=0.02, atol=0)
longest = [steps([1e-3] * 500 + [1.0] * 50, betas=(0.9, beta)).max().item() for beta in (0.999, 0.95)]
print("after a calm, gradients 1000 times as large: up to {:.2f} lr, with a beta2 of 0.95 {:.2f} lr".format(*longest))
assert_close(longest, [4.16, 1.10], rtol=0.01, atol=0)

# %% A weight without a gradient of its own: Adam's weight_decay loses its size, AdamW's keeps it
for kind, decay, expected in (Adam, 0.001, 0.9017), (Adam, 0.1, 0.9017), (AdamW, 0.001, 0.9999), (AdamW, 0.1, 0.99005):
    w = nn.Parameter(torch.ones(1, device=device))
    optimizer = kind([w], lr=1e-3, weight_decay=decay)
    for _ in range(100):
        w.grad = torch.zeros_like(w)
        optimizer.step()
    print(f"{kind.__name__:5} weight_decay={decay}: 1 becomes {w.item():.4f}")
    assert_close(w.item(), expected, rtol=1e-4, atol=0, msg="AdamW's decay keeps its size, Adam's loses it")

# %% AMSGrad: gradients 3, -1, -1 over and over, w held in [-1, 1]; their mean is positive, so the best w is -1
ends = {}
for amsgrad in (False, True):
    w = nn.Parameter(torch.zeros(1, device=device))
    optimizer = Adam([w], lr=0.01, betas=(0.0, 0.1), amsgrad=amsgrad)
    for step in range(900):
        w.grad = torch.full_like(w, 3.0 if step % 3 == 0 else -1.0)
        optimizer.step()
        w.data.clamp_(-1, 1)
    ends[amsgrad] = w.item()
print(f"Adam ends at {ends[False]:.2f}, AMSGrad at {ends[True]:.2f}")
assert 1 >= ends[False] > 0.9 and -1 <= ends[True] < -0.9, "Adam goes to the wrong end"

# %% What the state holds, in tensors of the parameter's size
for kind, options, expected in (SGD, {}, 0), (SGD, {"momentum": 0.9}, 1), (AdamW, {}, 2), (AdamW, {"amsgrad": True}, 3):
    w = nn.Parameter(torch.zeros(100, device=device))
    optimizer = kind([w], lr=0.1, **options)
    w.grad = torch.ones_like(w)  # harmless: any gradient
    optimizer.step()
    held = sum(x.numel() for x in optimizer.state[w].values()) // w.numel()  # step is one number
    print(f"{kind.__name__:5} {options} holds {held}")
    assert held == expected

# %% The rate still matters, and so does a schedule: noisy gradients of a quadratic, five seeds
noise = torch.randn(5, 400, 512, device=device)


def final(lr: float, falling: bool, noise: torch.Tensor) -> float:
    w = nn.Parameter(torch.ones(512, device=device))
    optimizer = Adam([w], lr=lr)
    for t in range(400):
        optimizer.param_groups[0]["lr"] = lr * (1 - t / 400) if falling else lr
        w.grad = w.data + noise[t]  # harmless: noise has no sign
        optimizer.step()
    return w.square().mean().item()


for lr, falling in ((1e-5, False), (0.02, False), (1.0, False), (0.02, True)):
    ends[lr, falling] = [final(lr, falling, run) for run in noise]
    print(f"lr={lr} {'falling' if falling else 'constant'}: {sum(ends[lr, falling]) / 5:.4f}")
constant = ends[0.02, False]
assert final(0.02, False, torch.zeros_like(noise[0])) < 0.1 * min(constant), "it is the noise that holds it up"
assert 1 > min(ends[1e-5, False]) > 0.9 and min(ends[1.0, False]) > 10 * max(constant), "too small, too large"
assert max(ends[0.02, True]) < 0.7 * min(constant), "a falling rate ends nearer to the minimum on every seed"
