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

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
randn = partial(torch.randn, device=device)
close = partial(torch.testing.assert_close, rtol=1e-3, atol=1e-3)


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

# %% Two variances, and a momentum that weighs the new value
bn, x = nn.BatchNorm1d(C, device=device), 2 * randn(5, C) + 1
close(bn(x).var(0, correction=0), torch.ones(C, device=device), msg="the biased variance normalizes")
close(bn.running_mean, 0.1 * x.mean(0), msg="momentum=0.1 keeps nine tenths of the old mean, which was 0")
close(bn.running_var, 0.9 + 0.1 * x.var(0), msg="the unbiased variance enters running_var, which was 1")

# %% In training a sample's output depends on its batch, in eval it does not
a, b, c = randn(3, 8, C)
before = bn.running_mean.clone()
with torch.no_grad():
    changed = bn(torch.cat((a, b)))[:8] - bn(torch.cat((a, c)))[:8]
    assert changed.abs().max() > 0.01, "training: other companions, other outputs"
    assert not torch.equal(bn.running_mean, before), "no_grad does not stop the buffers"
    assert (bn(a) - bn.eval()(a)).abs().max() > 0.01, "train and eval give different outputs"
    close(bn(torch.cat((a, b)))[:8], bn(a), msg="eval: the companions do not matter")

# %% One sample has no variance
try:
    nn.BatchNorm1d(C, device=device)(randn(1, C))
    raise AssertionError("one sample in training must raise")
except ValueError as error:
    assert "Expected more than 1 value per channel when training" in str(error)

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

# %% Ten hidden layers learn to tell two noisy rings apart, with BatchNorm
ring, angle = torch.arange(1012, device=device) % 2, 2 * torch.pi * torch.rand(1012, device=device)
radius = 1 + ring + 0.1 * randn(1012)
points = torch.stack((radius * angle.cos(), radius * angle.sin()), 1)  # (1012, 2)
test, truth = points[512:], ring[512:]
spread, accuracy = [], []
for norm in (nn.Identity, nn.BatchNorm1d):
    hidden = [nn.Sequential(nn.Linear(32, 32), norm(32), nn.ReLU()) for _ in range(10)]
    net = nn.Sequential(nn.Linear(2, 32), *hidden, nn.Linear(32, 2)).to(device)
    spread.append(net[:-1](points[:512]).std(0).mean().item())  # of the last features, before training
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for step in range(1, 151):
        some = torch.randint(512, (64,), device=device)
        loss = F.cross_entropy(net(points[some]), ring[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step={step} loss={loss.item():.4f}")
    accuracy.append(round((net.eval()(test).argmax(1) == truth).float().mean().item(), 3))
print(f"without and with BatchNorm: spread {spread[0]:.4f}, {spread[1]:.4f}; test accuracy {accuracy}")
assert spread[0] < 0.05 < 0.2 < spread[1], "ten layers lose the input; BatchNorm hands it on"
assert accuracy[0] < 0.8 and accuracy[1] > 0.9, "at this depth, learning rate and initialization"

# %% The same net left in training mode, one class a batch
right = torch.cat([net.train()(test[truth == k]).argmax(1) == k for k in (0, 1)]).float().mean().item()
print(f"left in training mode, one class at a time: accuracy {right:.3f}")
assert right < 0.8, "in training mode the answer depends on which samples share the batch"
