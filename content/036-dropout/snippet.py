# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Dropout zeroes a fraction p of its inputs in training, scales the rest by 1 / (1 - p), and does nothing in eval."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
def mlp(inputs: int, hidden: int, outputs: int, p: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Dropout(p),  # after the activation; p is the share that is lost
        nn.Linear(hidden, outputs),  # no dropout behind the last layer
    )


net = mlp(20, 64, 3, p=0.5).to(device)
batch = torch.randn(8, 20, device=device)
net.train()  # before every training epoch: dropout is on
logits = net(batch)  # (8, 3), another mask at every call
net.eval()  # before you validate, test or predict: dropout is off
with torch.no_grad():
    prediction = net(batch).argmax(1)  # (8,)

assert torch.equal(net(batch), net(batch)) and not torch.equal(net(batch), logits)
assert torch.equal(net(batch).argmax(1), prediction), "in evaluation every call gives the same"

# %% Training: some inputs become zero, the survivors grow
p = 0.3
x = torch.ones(1000, 100, device=device)
drop = nn.Dropout(p)
y = drop(x)  # (1000, 100), every value 0 or 1 / (1 - p)

zeros = (y == 0).float().mean().item()
print(f"dropped {zeros:.3f} of the inputs, asked for {p}")
assert abs(zeros - p) < 0.01, "p is the probability of being dropped, not of being kept"
torch.testing.assert_close(y.unique(), torch.tensor([0.0, 1 / (1 - p)], device=device))
assert abs(y.mean().item() - 1) < 0.02, "the scaling keeps the mean where it was"

# %% Evaluation: the layer is the identity, the function only if told so
drop.eval()
assert torch.equal(drop(x), x), "nothing is dropped, and nothing is scaled at test time"
assert (F.dropout(x, p) == 0).any(), "F.dropout knows no mode, and its training=True is the default"
assert torch.equal(F.dropout(x, p, training=drop.training), x)


# %% The same thing by hand
def dropout(x: torch.Tensor, p: float, training: bool) -> torch.Tensor:
    if not training:
        return x
    # hole: inverted-dropout
    keep = torch.rand_like(x) >= p
    return x * keep / (1 - p)
    # end


for p in (0.3, 0.8):
    z = dropout(x, p, training=True)
    lost = (z == 0).float()
    assert abs(lost.mean().item() - p) < 0.01, "p of the elements are lost"
    for axis in (0, 1):  # a mask for whole rows or columns would spread their shares by 0.4 or more
        assert lost.mean(axis).std() < 0.1, "each element is drawn on its own"
    torch.testing.assert_close(z.unique(), torch.tensor([0.0, 1 / (1 - p)], device=device))
    assert not torch.equal(z, dropout(x, p, training=True)), "each call draws a mask of its own"
    assert torch.equal(dropout(x, p, training=False), x)
torch.testing.assert_close(dropout(-3 * x, 0.5, training=True).unique(), torch.tensor([-6.0, 0.0], device=device))
counts = {dropout(torch.ones(9), 0.5, training=True).count_nonzero().item() for _ in range(50)}
assert len(counts) > 1, "how many are lost varies from call to call: p is a probability, not a quota"


# %% Does it help? 64 rows, of which the target is a weighted sum, with noise on top and without
def fit(net: nn.Sequential, x: torch.Tensor, y: torch.Tensor, steps: int, every: int = 1000) -> None:
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(1, steps + 1):
        loss = F.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0:
            print(f"step={step} loss={loss.item():.4f}")


def held_out(p: float, noise: float, seeds: int = 3) -> float:
    error = 0.0
    for seed in range(seeds):
        torch.manual_seed(seed)
        x = torch.randn(1064, 5, device=device)
        signal = x.sum(1, keepdim=True) / 5**0.5  # harmless: any weighted sum does
        y = signal + noise * torch.randn(1064, 1, device=device)
        train, test = torch.arange(1064, device=device).split([64, 1000])
        assert not torch.isin(test, train).any(), "no test row is trained on"
        net = mlp(5, 256, 1, p).to(device)
        fit(net, x[train], y[train], steps=150)
        with torch.no_grad():
            error += F.mse_loss(net.eval()(x[test]), y[test]).item() / seeds
    return error


noisy = {p: held_out(p, noise=1.0) for p in (0.0, 0.5, 0.8)}
clean = {p: held_out(p, noise=0.0) for p in (0.0, 0.5, 0.8)}
print("test error with noise:", ", ".join(f"{error:.2f} at p={p}" for p, error in noisy.items()))
print("test error without noise:", ", ".join(f"{error:.3f} at p={p}" for p, error in clean.items()))
assert noisy[0.0] > 1.1 * noisy[0.5] and noisy[0.5] > 1.05 * noisy[0.8] and 2.0 > noisy[0.8] > 1.0, (
    "less noise is learnt by heart"
)
assert clean[0.0] < 0.7 * clean[0.5] < 0.7 * clean[0.8] < 0.05, "where nothing needs damping, dropout only costs"

# %% A net of one input learns a sine between -1 and 1
net = mlp(1, 256, 1, p=0.2).to(device)
p = net[2].p
inputs = torch.linspace(-1, 1, 64, device=device).unsqueeze(1)  # (64, 1)
targets = torch.sin(3 * inputs)  # harmless: any curve does
fit(net, inputs, targets, steps=300, every=50)


# %% What training pays for: the error without dropout, and the variance that the masks cause
def variance(x: torch.Tensor) -> torch.Tensor:
    return p / (1 - p) * (net[:2](x) * net[3].weight).square().sum(1)  # (N,), like a weight decay scaled by the units


with torch.no_grad():
    without = F.mse_loss(net.eval()(inputs), targets).item()
    penalty = variance(inputs).mean().item()
    many = net.train()(inputs.expand(1000, 64, 1))  # (1000, 64, 1), every row with a mask of its own
    within = F.mse_loss(many, targets.expand_as(many)).item()
print(f"mean squared error with dropout {within:.3f}, without {without:.3f}, penalty {penalty:.3f}")
assert within > 1.1 * without, "left in training mode, the net is worse"
assert abs(within / (without + penalty) - 1) < 0.05, "the expected loss is the sum of the two"

# %% Monte Carlo dropout: leave it on at test time, and far from the data the passes disagree
spread = {}
for at in (0.5, 5.0):
    same = torch.full((2000, 1), at, device=device)  # each row gets a mask of its own
    with torch.no_grad():
        spread[at] = net(same).std().item()
        assert abs(spread[at] / variance(same[:1]).sqrt().item() - 1) < 0.15, "p itself sets the spread's scale"
print(f"spread at x=0.5: {spread[0.5]:.2f}, at x=5.0: {spread[5.0]:.2f}")
assert spread[5.0] > 2 * spread[0.5], "the spread is larger far from the data"
