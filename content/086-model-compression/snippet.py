# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Zeros save nothing by themselves: int8, fewer neurons and a lower rank do, and training mends what they break."""

import copy
import os
from io import BytesIO

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(None if device.type == "cpu" else device)  # harmless: with one, every call is slower
close = torch.testing.assert_close


# %% In short
def saved(net):
    file = BytesIO()
    torch.save(net.state_dict(), file)
    return file.getvalue()  # len() of it: the bytes on disk


def multiply_adds(net, x):
    with FlopCounterMode(display=False) as counter:
        net(x)
    return counter.get_total_flops() // 2


def linear(weight, bias=None):  # a layer with copies of these
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, weight.device, weight.dtype)
    layer.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
    return layer


def low_rank(weight, rank):  # (out, in) -> (rank, in) and (out, rank)
    # hole: low-rank
    U, S, Vh = torch.linalg.svd(weight.detach(), full_matrices=False)
    return Vh[:rank], U[:, :rank] * S[:rank]
    # end


def factorised(layer, rank):  # a nn.Linear -> two with fewer weights; train on afterwards
    down, up = low_rank(layer.weight.float(), rank)  # there is no SVD of half precision
    return nn.Sequential(linear(down), linear(up, layer.bias)).to(layer.weight)


def prune_and_train(net, train, amount=0.9, how=prune.L1Unstructured):  # zeroes the smallest weights of all layers
    layers = [(a, "weight") for a in net.modules() if type(a) in (nn.Linear, nn.Conv2d)]
    prune.global_unstructured(layers, how, amount=amount)
    train(net)  # the masks hold meanwhile
    for layer, name in layers:
        prune.remove(layer, name)  # an ordinary weight again, zeros included


# %% A net to compress: 80 clusters of points, eight classes
centers, one = torch.randn(80, 32), torch.randn(1, 32)


def points(count):  # drawn anew each time: no point is seen twice, in training or in testing
    cluster = torch.randint(80, (count,))
    return centers[cluster] + 0.6 * torch.randn(count, 32), cluster % 8  # harmless: how far they scatter


def train(net, steps=100):
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=True)  # fused: the same, but faster
    for _ in range(steps):
        x, y = points(128)
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()


def report(name, net):
    x, y = points(2000)
    size, macs, right = len(saved(net)), multiply_adds(net, one), (net(x).argmax(1) == y).float().mean().item()
    print(f"{name}: {size / 1000:.0f} kB, {macs} multiply-adds, accuracy {right:.0%}")
    return size, macs, right


net = nn.Sequential(nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 8))
train(net, 300)
size, macs, right = report("as trained", net)
assert macs == 32 * 128 + 128 * 128 + 128 * 8 and right > 0.95
assert 0 < size - 4 * (macs + 264) < 5000 and len(saved(copy.deepcopy(net).bfloat16())) < 0.55 * size, "4 bytes, or 2"


# %% Pruning: what the masks do, and what remove leaves
def nothing(small):  # in place of training
    layers = (small[0], small[2], small[4])
    mask, weight = (torch.cat([getattr(a, n).flatten() for a in layers]) for n in ("weight_mask", "weight_orig"))
    assert (mask == 0).sum() == round(0.9 * macs) and weight[mask == 0].abs().max() <= weight[mask == 1].abs().min()
    assert torch.equal(small[2].weight, small[2].weight_orig * small[2].weight_mask) and len(saved(small)) > 1.8 * size


after = []
for how, work in ((prune.L1Unstructured, nothing), (prune.L1Unstructured, train), (prune.RandomUnstructured, train)):
    small = copy.deepcopy(net)
    prune_and_train(small, work, how=how)
    after.append(report(f"90% zeros by {how.__name__}, then {work.__name__}", small))
    assert sum((small[i].weight == 0).sum() for i in (0, 2, 4)) == round(0.9 * macs), "a mask outlasts training"
    assert after[-1][1] == macs and abs(after[-1][0] - size) < 1000, "zeros are stored and multiplied like any number"
assert after[1][2] - after[0][2] > 0.1 and after[1][2] - after[2][2] > 0.2


# %% Removing neurons: rows of one layer, columns of the next
def without(first, second, kept):  # two layers in sequence, with these neurons alone between them
    return linear(first.weight[kept], first.bias[kept]), nn.ReLU(), linear(second.weight[:, kept], second.bias)


x = points(100)[0]
rows, told = copy.deepcopy(net), net(x)
prune.ln_structured(rows[2], "weight", amount=96, n=2, dim=0)  # zeroes the 96 weakest of 128 rows
kept = rows[2].weight.any(1).nonzero().flatten()  # (32,)  # harmless: no weight is 0 by itself
slim = copy.deepcopy(nn.Sequential(*net[:2], *without(net[2], net[4], kept)))
assert (rows(x) - slim(x)).abs().max() > 0.003, "without weights a neuron still sends relu(bias)"
prune.custom_from_mask(rows[2], "bias", rows[2].weight_mask[:, 0])  # harmless: its columns are alike
close(rows(x), slim(x))


def before_and_after(name, slim):
    before = report(name, slim)
    train(slim)
    return before, report(name + ", trained on", slim)


before, after = before_and_after("32 of 128 neurons", slim)
assert before[1] == 32 * (128 + 128 + 8) and before[0] < 0.5 * size and before[2] + 0.03 < right < after[2] + 0.04


# %% Low rank: one matrix as the product of two
for out, inner, rank in ((6, 4, 1), (6, 4, 2), (4, 6, 3), (5, 5, 4)):
    given = torch.randn(out, inner, dtype=torch.double)
    down, up = low_rank(weight := given.clone().requires_grad_(), rank)
    assert down.shape == (rank, inner) and up.shape == (out, rank) and torch.equal(given, weight)
    assert weight.requires_grad != (given - up @ down).requires_grad and down.dtype == up.dtype == given.dtype
    close((given - up @ down).norm(), torch.linalg.svdvals(given)[rank:].norm())  # no other of this rank is closer
close(factorised(net[2], 128)(net[:2](x)), net[2](net[:2](x)), atol=1e-4, rtol=1e-4)  # the full rank
before, after = before_and_after("rank 4", copy.deepcopy(nn.Sequential(*net[:2], factorised(net[2], 4), *net[3:])))
assert before[1] == macs - 128 * 128 + 4 * 256 and before[0] < 0.5 * size and before[2] + 0.05 < right < after[2] + 0.1
half = copy.deepcopy(net[2]).bfloat16()
assert {a.weight.dtype for a in (linear(half.weight), *factorised(half, 4))} == {half.weight.dtype}, "of its type"


# %% int8: one scale a row
def quantise(weight, bits=8):  # (out, ...) -> integers of the same shape, and scales (out,)
    # hole: quantise-per-channel
    top = 2 ** (bits - 1) - 1  # 127
    rows = weight.detach().float().flatten(1)
    scale = rows.abs().amax(1) / top
    scale = torch.where(scale > 0, scale, 1.0)  # a row of zeros
    return (rows / scale[:, None]).round().to(torch.int8).view_as(weight), scale
    # end


def restored(q, scale):
    return (q.flatten(1) * scale[:, None]).view_as(q)


class Int8Linear(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.bias = layer.bias
        for name, values in zip(("q", "scale"), quantise(layer.weight), strict=True):
            self.register_buffer(name, values)  # saved, but no parameter: integers have no gradient

    def forward(self, x):
        return F.linear(x, restored(self.q, self.scale), self.bias)  # computed in floats


weight = torch.tensor([[1.27, -0.64, 0.004], [0, 0, 0], [-50, 25.4, 10]], requires_grad=True)
for bits, top, wanted in ((8, 127, [127, -64, 0, 0, 0, 0, -127, 65, 25]), (4, 7, [7, -4, 0, 0, 0, 0, -7, 4, 1])):
    q, scale = quantise(weight, bits)
    assert q.flatten().tolist() == wanted and weight.requires_grad != scale.requires_grad and scale[1] > 0
    close(scale[[0, 2]], torch.tensor([1.27, 50]) / top)
    close(restored(q, scale), torch.fake_quantize_per_channel_affine(weight.data, scale, 0 * q[0].int(), 0, -top, top))
kernels = torch.randn(5, 3, 2, 2) * torch.logspace(-3, 3, 5).view(5, 1, 1, 1)  # harmless: which are large
for given in (kernels, kernels.double(), kernels.half()):
    q, scale = quantise(given)
    close(q.float().flatten(1), given.float().flatten(1) / scale[:, None], atol=0.501, rtol=0)  # at most half a step
    close(scale, given.float().flatten(1).abs().amax(1) / 127)  # (5,), float32
    assert q.shape == given.shape and q.dtype == torch.int8 and torch.equal(given, kernels.to(given.dtype))
q, scale = quantise((torch.tensor([[1.0], [0.003]]) * torch.linspace(-1, 1, 64)).view(1, -1))
assert scale.shape == (1,) and not q[0, -64:].any(), "one scale for all: the small row is lost"
done = report("int8, not trained on", nn.Sequential(*(Int8Linear(a) if type(a) is nn.Linear else a for a in net)))
assert done[0] < 0.35 * size and done[1] == macs and done[2] > right - 0.02 and torch.equal(net(x), told)
