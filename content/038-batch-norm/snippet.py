# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""BatchNorm standardizes each channel by the batch's own mean and variance in training, by running averages in eval."""

import os
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
randn = partial(torch.randn, device=device)
close = partial(torch.testing.assert_close, rtol=1e-3, atol=1e-3)

# %% In short
block = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1, bias=False),  # BatchNorm would subtract a bias, and brings its own
    nn.BatchNorm2d(16),  # 16 channels; nn.BatchNorm1d(C) for (N, C) or (N, C, L)
    nn.ReLU(),
).to(device)
images = torch.randn(8, 3, 32, 32, device=device)
block.train()  # normalizes by the batch, and updates the running averages
out = block(images)  # (8, 16, 32, 32)
block.eval()  # normalizes by the running averages: before each validation, and in use
with torch.no_grad():
    out = block(images[:1])  # (1, 16, 32, 32)
close(out, block(images)[:1], msg="in eval the other images do not matter")
assert block[1].num_batches_tracked == 1, "one forward pass was made in training mode"


# %% By hand: one mean and one variance for each channel
def batch_norm(x, running_mean, running_var, weight, bias, training, momentum):
    axes = [0, *range(2, x.dim())]  # all axes but the channels, axis 1
    if training:
        # hole: batch-statistics
        n = x.numel() // x.shape[1]  # values in each channel
        mean, var = x.mean(axes), x.var(axes, correction=0)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        # end
    else:
        mean, var = running_mean, running_var
    standard = (x.movedim(1, -1) - mean) / (var + 1e-5).sqrt()  # (N, ..., C)
    y = (standard * weight + bias).movedim(-1, 1)  # (N, C, ...)
    return y, running_mean.detach(), running_var.detach()


# %% Two batches in training, one in eval: the layer and the hand formula agree
C = 3
layers = nn.BatchNorm1d(C), nn.BatchNorm1d(C, momentum=0.3), nn.BatchNorm2d(C)
for bn, shape in zip(layers, ((4, C), (2, C, 5), (2, C, 2, 4)), strict=True):
    bn.to(device)
    for parameter in bn.parameters():
        nn.init.normal_(parameter)
    mean, var = torch.zeros(C, device=device), torch.ones(C, device=device)
    for training in (True, True, False):
        bn.train(training)
        x, pull = (2 * randn(shape) + 1).requires_grad_(), randn(shape)
        y, mean, var = batch_norm(x, mean, var, bn.weight, bn.bias, training, bn.momentum)
        expected = bn(x)
        close(y, expected)
        close((mean, var), (bn.running_mean, bn.running_var))
        close(torch.autograd.grad(y, x, pull), torch.autograd.grad(expected, x, pull))
print("the hand formula gives BatchNorm's outputs, gradients and buffers, in training and in eval")

# %% The layer before: its bias and its scale cancel
linear, bn = nn.Linear(8, C, device=device), nn.BatchNorm1d(C, device=device)
x, pull = randn(16, 8), randn(16, C)
y = bn(linear(x))
by_weight, by_bias = torch.autograd.grad(y, (linear.weight, linear.bias), pull)
assert by_bias.abs().max() < 1e-3 * by_weight.abs().max(), "the bias gets no gradient, so it learns nothing"
close(bn(F.linear(x, 10 * linear.weight, linear.bias + 7)), y)


# %% The family: same formula, other axes
def standardize(x, *axes):
    return (x - x.mean(axes, keepdim=True)) / (x.var(axes, correction=0, keepdim=True) + 1e-5).sqrt()


x = randn(4, 6, 5, 5)  # (N, C, H, W)
layer, group = nn.LayerNorm((6, 5, 5), device=device), nn.GroupNorm(2, 6, device=device)
close(nn.BatchNorm2d(6, device=device)(x), standardize(x, 0, 2, 3))
close(layer(x), standardize(x, 1, 2, 3))
close(nn.LayerNorm(5, device=device)(x), standardize(x, 3))  # the last axis alone, as in a Transformer
close(group(x), standardize(x.unflatten(1, (2, 3)), 2, 3, 4).flatten(1, 2))  # 2 groups of 3 channels
for norm in (layer, group):
    assert torch.equal(norm(x), norm.eval()(x)) and not list(norm.buffers()), "the same in both modes, no buffers"


# %% Measure the running averages anew: plain means over many batches
@torch.no_grad()
def recalibrate(net, batches):
    layers = [module for module in net.modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))]
    # hole: recalibrate
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over all batches since the reset
    net.train()
    for batch in batches:
        net(batch)
    # end
    net.eval()


pair = nn.Sequential(nn.BatchNorm1d(C), nn.Dropout(0.5), nn.BatchNorm1d(C)).to(device)
batches = 3 + 2 * randn(7, 16, C)
for measure in (recalibrate, lambda net, data: update_bn(data, net)):  # by hand, and torch's own
    pair.train()(100 + batches[0])  # old averages, far off
    measure(pair.eval(), list(batches))
    close((pair[0].running_mean, pair[0].running_var), (batches.mean((0, 1)), batches.var(1).mean(0)))
    assert not pair.training and int(pair[2].num_batches_tracked) == 7, "every layer, each batch once"


# %% Ten hidden layers learn to tell two noisy rings apart: as they are, better initialized, with BatchNorm
def accuracy(net, rows):  # one class at a time
    right = [net(points[some]).argmax(1) == k for k in (0, 1) for some in [rows[ring[rows] == k]]]
    return torch.cat(right).float().mean().item()


ring, angle = torch.arange(1012, device=device) % 2, 2 * torch.pi * torch.rand(1012, device=device)
points = (1 + ring + 0.1 * randn(1012)) * torch.stack((angle.cos(), angle.sin()))  # (2, 1012)
points, (rows, test) = points.T, torch.arange(1012, device=device).split((512, 500))
results = {}
for name, norm in (("plain", nn.Identity), ("Kaiming", nn.Identity), ("BatchNorm", nn.BatchNorm1d)):
    hidden = [nn.Sequential(nn.Linear(32, 32), norm(32), nn.ReLU()) for _ in range(10)]
    net = nn.Sequential(nn.Linear(2, 32), *hidden, nn.Linear(32, 2)).to(device)
    for block in hidden * (name == "Kaiming"):
        nn.init.kaiming_normal_(block[0].weight, nonlinearity="relu")
    spread = net[:-1](points[rows]).std(0).mean().item()  # of the last features, before training
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for _ in range(150):
        some = rows[torch.randint(len(rows), (64,), device=device)]
        assert not torch.isin(some, test).any(), "no test point is trained on"
        loss = F.cross_entropy(net(points[some]), ring[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    results[name] = spread, accuracy(net.eval(), test), accuracy(net.train(), test)
    print(f"{name}: spread at the start {spread:.1g}, test accuracy {results[name][1]:.2f}")
assert results["plain"][0] < 0.01 and results["plain"][1] < 0.8, "ten layers as they are lose the input"
assert all(results[name][0] > 0.02 and results[name][1] > 0.9 for name in ("Kaiming", "BatchNorm")), (
    "handed on, learned"
)
print(f"BatchNorm left in training mode, one class at a time: accuracy {results['BatchNorm'][2]:.2f}")
assert results["BatchNorm"][2] < 0.8 < results["Kaiming"][2], "in training mode the rest of the batch decides"
