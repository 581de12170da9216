# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Dilation widens what a net sees at full resolution; tiles equal the whole if their margins cover what it sees."""

import os
from contextlib import suppress
from copy import deepcopy
from itertools import product
from math import gcd

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
torch.set_default_device(os.environ.get("KB_DEVICE", "cpu"))  # harmless: the CPU anyway, unless KB_DEVICE is set
torch.set_default_dtype(torch.double)  # sums of small whole numbers are exact, in any order


# %% In short
def spans(size, tile, margin):  # along one axis: where each tile begins, and what is kept of it, from .. to
    # hole: stitch-tiles
    last = max(size - tile, 0)  # the last tile is moved back into the image
    starts = [*range(0, last, tile - 2 * margin), last]
    return [(s, s + margin if s else 0, s + tile - margin if s < last else size) for s in starts]
    # end


@torch.inference_mode()
def tiled(net, image, tile=512, margin=128, stride=16):  # image (N, C, H, W) of any size
    assert tile > 2 * margin and tile % stride == margin % stride == 0
    height, width = image.shape[2:]
    image = F.pad(image, (0, -width % stride, 0, -height % stride))
    for (top, a, b), (left, c, d) in product(*(spans(size, tile, margin) for size in image.shape[2:])):
        part = net(image[..., top : top + tile, left : left + tile])  # (N, classes, tile, tile)
        if top == left == 0:
            whole = part.new_empty(*part.shape[:2], *image.shape[2:])
        whole[..., a:b, c:d] = part[..., a - top : b - top, c - left : d - left]
    return whole[..., :height, :width]  # (N, classes, H, W)


# %% The tiles of one axis, in every case
for size, tile, margin in product(range(1, 65), (8, 12, 16), (0, 2, 3)):
    tiles = list(spans(size, tile, margin))
    assert len(tiles) == max(1, -((2 * margin - size) // (tile - 2 * margin))), "no tile too many"
    assert {row for _, first, last in tiles for row in range(first, last)} == set(range(size)), "every row, none beyond"
    for start, first, last in tiles:
        assert 0 <= start <= max(size - tile, 0) and start % gcd(size, tile, 2 * margin) == 0, "inside, on the grid"
        assert (first >= start + margin or start == 0) and (last <= start + tile - margin or start + tile >= size)


# %% The field grows, the parameters stay, and some rates leave holes
def layers(channels, rates, stride=1):
    for inputs, outputs, rate in zip(channels[:-1], channels[1:], rates, strict=True):
        yield from (nn.Conv2d(inputs, outputs, 3, stride, padding=rate, dilation=rate), nn.ReLU())


def seen(net, place, side=128):  # the pixels that an output value depends on, in a copy whose weights of 1 hide none
    net, image = deepcopy(net), torch.ones(1, 3, side, side, requires_grad=True)
    for weight in net.parameters():
        nn.init.ones_(weight)
    return torch.autograd.grad(net(image)[0, 0, place, place], image)[0][0, 0] != 0  # harmless: channels are alike


for rates, read in (((1, 1, 1), 7), ((2, 2, 2), 7), ((2, 4, 8), 15), ((1, 2, 5), 17)):
    net, side = nn.Sequential(*layers((3, 4, 4, 4), rates)), 1 + 2 * sum(rates)
    pixels, parameters = seen(net, 20, 41), sum(p.numel() for p in net.parameters())
    taps = {rates[0] * i + rates[1] * j + rates[2] * k for i, j, k in product((-1, 0, 1), repeat=3)}  # harmless: even
    assert (pixels.any(0).nonzero().flatten() - 20).tolist() == sorted(taps), "the sums of the taps' places"
    assert parameters == 408 and max(taps) - min(taps) + 1 == side and pixels.sum() == read**2
    print(f"rates {rates}: {parameters} parameters, field {side}x{side}, of its {side**2} pixels {read**2} are read")

# %% Tiles against the whole: exact from a margin as wide as the field's radius
image, told = torch.randint(256, (2, 3, 80, 144)).double(), []
coarse = nn.Sequential(*layers((3, 4, 4, 4), (1,) * 3, 2), *layers((4, 4), (2,)), nn.Upsample(None, 8, "bilinear"))
for weight in (*net.parameters(), *coarse.parameters()):
    weight.data.random_(-3, 4)  # whole numbers from -3 to 3
for h, w in ((80, 144), (79, 41), (17, 95), (1, 1)):
    assert torch.equal(tiled(net, image[..., :h, :w], 40, 8, 1), net(image[..., :h, :w])), "every pixel, bit by bit"
assert tiled(lambda x: x.new_full(x.shape, x.shape[2] * x.shape[3]), image, 40, 8, 1).max() == 40 * 40, "no larger tile"
truth, ways = net(image), {f"margin {margin}": tiled(net, image, 36, margin, 1) for margin in (0, 7, 8)}
ways["two tilings averaged"] = (tiled(net, image, 48, 0, 1) + ways["margin 0"]) / 2
wrong = tiled(net, image[..., :36, :], 36, 0, 1) != net(image[..., :36, :])  # one row of tiles
assert wrong.sum((0, 1, 2)).nonzero().flatten().tolist() == [s + i for s in (36, 72, 108) for i in range(-8, 8)]
for name, out in ways.items():
    told.append(((out != truth).any(1).double().mean(), (out - truth).abs().sum() / truth.sum()))  # harmless: any axis
    print(f"{name}: {told[-1][0]:.0%} of pixels differ from the whole image's, mean error {told[-1][1]:.1%}")
none, short, exact, mean = told
assert exact == (0, 0) and 0.3 < none[0] < mean[0] < 1 > none[1] > mean[1] > short[1] > 1e-3 and not out.requires_grad

# %% With an output stride, tiles must begin on its grid
truth, odd = coarse(image), image[..., :75, :117]
assert [(seen(coarse, p).nonzero() - p).abs().max().item() for p in range(48, 56)] == [31, 32, 33, 34, 27, 28, 29, 30]
assert torch.equal(tiled(coarse, image, 96, 40, 8), truth) and not torch.equal(tiled(coarse, image, 72, 24, 8), truth)
assert torch.equal(tiled(coarse, odd, 96, 40, 8), coarse(F.pad(odd, (0, 3, 0, 5)))[..., :75, :117]), "padded first"
assert torch.equal(coarse(image[..., 8:112])[..., 40:64], truth[..., 48:72]), "a tile from column 8, inside"
assert (coarse(image[..., 4:108])[..., 40:64] != truth[..., 44:68]).any(1).double().mean() > 0.5, "from column 4"


# %% Output stride: what strides no longer do, dilation does behind them
def set_output_stride(net, most):  # convolutions one behind the other; the weights stay as they are
    jump, dilation = 1, 1
    for conv in (layer for layer in net.modules() if isinstance(layer, nn.Conv2d)):
        stride, reach = conv.stride[0], dilation * (conv.kernel_size[0] // 2)  # harmless: square
        conv.dilation, conv.padding = (dilation, dilation), (reach, reach)
        if jump * stride > most:
            conv.stride, dilation = (1, 1), dilation * stride
        else:
            jump *= stride


def kept(net, x):  # the output, and how many values are kept for the backward pass, weights aside
    found = {}
    with torch.autograd.graph.saved_tensors_hooks(lambda t: found.setdefault(t.data_ptr(), t), lambda t: t):
        out = net(x)
    return out, sum(t.numel() for t in found.values()) - sum(w.numel() for w in net.parameters() if w.dim() == 4)


channels, image, values = (3, 8, 16, 32, 64, 128), torch.randn(2, 3, 96, 128), {}
trained, *others = (nn.Sequential(*layers(channels, (1,) * 5, stride=2)) for _ in range(4))
for most, net in zip((32, 16, 8), others, strict=True):
    net.load_state_dict(trained.state_dict())
    set_output_stride(net, most)
    out, values[most] = kept(net, image)
    torch.testing.assert_close(out[..., :: 32 // most, :: 32 // most], trained(image))  # and others between
    assert values[most] == 2 * sum(c * 96 * 128 // min(2**i, most) ** 2 for i, c in enumerate(channels)), most
    print(f"output stride {most}: last map {tuple(out.shape)}, {values[most]:,} values kept for the backward pass")
net[8].dilation = net[8].padding = (1, 1)  # output stride 8, with plain kernels
out, same = kept(net, image)
assert same == values[8] and (out[..., ::4, ::4] - trained(image)).abs().max() > 1e-3, "other values, no less memory"


# %% ASPP: one map at several rates, and its mean
class ASPP(nn.Module):
    def __init__(self, inputs, outputs, rates=(6, 12, 18)):
        super().__init__()
        kinds = [(1, 0, 1), *((3, rate, rate) for rate in rates), (1, 0, 1)]  # kernel, padding, dilation
        convs = [nn.Conv2d(inputs, outputs, k, padding=p, dilation=d, bias=False) for k, p, d in kinds]
        self.branches = nn.ModuleList(nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU()) for conv in convs)
        self.project = nn.Conv2d(outputs * len(kinds), outputs, 1)

    def forward(self, x):  # (N, inputs, h, w)
        *local, pooled = self.branches
        maps = [branch(x) for branch in local]  # (N, outputs, h, w) each
        maps.append(pooled(x.mean((2, 3), keepdim=True)).expand_as(maps[0]))  # harmless: all maps are of one shape
        return self.project(torch.cat(maps, 1))  # (N, outputs, h, w)


aspp, image = ASPP(3, 4, (2, 4)).eval(), torch.randn(1, 3, 60, 60)
assert all((tiled(aspp, image, 24, margin, 1) - aspp(image)).abs().max() > 1e-4 for margin in (4, 8, 11))
assert sum(p.numel() for p in aspp.parameters()) == 340 and aspp.branches[0](image).min() == 0
local = aspp(image) - F.conv2d(aspp.branches[-1](F.adaptive_avg_pool2d(image, 1)), aspp.project.weight[:, -4:])
aspp.branches[-1].register_forward_hook(lambda layer, inputs, output: 0 * output)
torch.testing.assert_close([aspp(image), tiled(aspp, image, 24, 4, 1)], [local] * 2)  # without the mean, tiles fit


# %% The size behind a dilated convolution
def dilated_size(conv, height, width):
    # hole: dilated-size
    sizes = []
    for i, size in enumerate((height, width)):
        reach = conv.dilation[i] * (conv.kernel_size[i] - 1)  # from the first tap to the last
        zeros = 2 * conv.padding[i] if isinstance(conv.padding, tuple) else reach * (conv.padding == "same")
        sizes.append(max((size + zeros - reach - 1) // conv.stride[i] + 1, 0))
    return tuple(sizes)
    # end


for k, d, (s, p), n in product((2, 3, 4), (1, 2, 3), [(1, "same"), *product((1, 2, 3), (0, 2, "valid"))], range(1, 9)):
    conv = nn.Conv2d(1, 1, (k, 2), (s, 1), p if isinstance(p, str) else (p, 1), (d, 2))
    real = n if p == "same" else 0  # harmless: torch agrees, but warns of even kernels
    with suppress(RuntimeError):  # "Kernel size can't be greater than actual input size"
        real = real or conv(torch.zeros(1, 1, n, 7)).shape[2]  # harmless: as above
    assert dilated_size(conv, n, 7) == (real, 5 if p == "valid" else 7)
