# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""AlexNet: five convolutions, three linear layers, ReLU, dropout; the common variant is not the net of the paper."""

import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close = torch.testing.assert_close


# %% In short
def alexnet(classes: int = 1000) -> nn.Sequential:  # (N, 3, 224, 224) -> (N, classes)
    def conv(inputs: int, outputs: int, *args: int) -> tuple[nn.Module, ...]:
        return nn.Conv2d(inputs, outputs, *args), nn.ReLU()

    features = nn.Sequential(
        *conv(3, 64, 11, 4, 2), nn.MaxPool2d(3, 2),  # kernel, stride, padding; (64, 27, 27)
        *conv(64, 192, 5, 1, 2), nn.MaxPool2d(3, 2),  # (192, 13, 13)
        *conv(192, 384, 3, 1, 1), *conv(384, 256, 3, 1, 1), *conv(256, 256, 3, 1, 1), nn.MaxPool2d(3, 2),
    )  # fmt: skip
    return nn.Sequential(
        features, nn.AdaptiveAvgPool2d(6), nn.Flatten(),  # (256, 6, 6), then 9216 numbers
        nn.Dropout(0.5), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(),
        nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, classes),
    )  # fmt: skip


# %% The net of the paper, as one: a convolution in two groups is two that see half of the channels each
def original(groups: int = 2, size: int = 224) -> nn.Sequential:
    # The alpha of the paper, 1e-4, is not divided by 5.
    norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)  # harmless: 0.75 is the default
    padding = 2 if size == 224 else 0
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4, padding), nn.ReLU(), norm, nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, 1, 2, groups=groups), nn.ReLU(), norm, nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 384, 3, 1, 1, groups=groups), nn.ReLU(),
        nn.Conv2d(384, 256, 3, 1, 1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(4096, 1000),
    )  # fmt: skip


grouped, halves = nn.Conv2d(6, 4, 3, groups=2), [nn.Conv2d(3, 2, 3) for _ in range(2)]
for part, weight, bias in zip(halves, grouped.weight.chunk(2), grouped.bias.chunk(2), strict=True):
    part.load_state_dict({"weight": weight, "bias": bias})
x = torch.randn(2, 6, 5, 5)
close(grouped(x), torch.cat([part(half) for part, half in zip(halves, x.chunk(2, 1), strict=True)], 1))


# %% Parameters and shapes, on the meta device: nothing is computed
def steps(net: nn.Sequential, size: int) -> list[tuple[str, tuple[int, ...]]]:
    x, found = torch.empty(1, 3, size, size, device="meta"), []
    flat = [layer for part in net for layer in (part if isinstance(part, nn.Sequential) else [part])]
    for layer in flat:
        x = layer(x)
        found.append((type(layer).__name__, tuple(x.shape[1:])))
    return found


def weights(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


with torch.device("meta"):
    nets = {"common variant": alexnet(), "the paper's": original(), "the paper's, ungrouped": original(groups=1)}
    nets["2014's widths"] = late = alexnet()  # 64, 192, 384, 384, 256
    late[0][8], late[0][10] = nn.Conv2d(384, 384, 3, 1, 1), nn.Conv2d(384, 256, 3, 1, 1)
for name, net in nets.items():
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(1, 3, 224, 224, device="meta"))
    cost = counter.get_total_flops() / 2e6
    dense = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    share, once = sum(map(weights, dense)) / weights(net), sum(layer.weight.numel() for layer in dense) / 1e6
    print(f"{name}: {weights(net):,} parameters, {cost:.0f} million multiply-adds; linear: {share:.0%} and {once:.0f}")
    assert (round(cost), round(share, 2)) in ((714, 0.96), (724, 0.96), (1135, 0.94), (839, 0.95))
    assert round(once) == 59, "a weight of a linear layer takes part in one multiply-add per image"
assert [weights(net) for net in nets.values()] == [61_100_840, 60_965_224, 62_378_344, 61_838_248]
kernels = [[m.weight.shape for m in nets[name].modules() if isinstance(m, nn.Conv2d)] for name in [*nets][:2]]
assert len(kernels[0]) == 5 and all(a != b for a, b in zip(*kernels, strict=True)), "no convolution fits the other net"
kinds = ["".join(name[0] for name, _ in steps(nets[name], 224)) for name in ("common variant", "the paper's")]
assert kinds == ["CRMCRMCRCRCRMAFDLRDLRL", "CRLMCRLMCRCRCRMFLRDLRDL"], (
    "by initials: where dropout stands differs as well"
)
maps = [shape for name, shape in steps(nets["common variant"], 224) if name in ("Conv2d", "MaxPool2d")]
assert maps == [(64, 55, 55), (64, 27, 27), (192, 27, 27), (192, 13, 13), (384, 13, 13), (256, 13, 13), (256, 13, 13),
                (256, 6, 6)]  # fmt: skip
paper = [shape for name, shape in steps(nets["the paper's"], 224) if name in ("Conv2d", "MaxPool2d")]
assert paper == [(96, 55, 55), (96, 27, 27), (256, 27, 27), (256, 13, 13), (384, 13, 13), (384, 13, 13), (256, 13, 13),
                 (256, 6, 6)]  # fmt: skip
print("maps of the common variant from 224:", *(f"{c}x{h}" for c, h, _ in maps))
with torch.device("meta"):
    assert steps(original(size=227), 227)[0][1] == (96, 55, 55), "227 without padding is as good"
    assert nn.Conv2d(3, 96, 11, 4)(torch.empty(1, 3, 224, 224)).shape[2] == 54, "224 without padding is not"
    assert steps(alexnet(10), 300)[-1][1] == (10,), "the adaptive pooling takes larger images too"
    assert alexnet()(torch.empty(2, 1, 63, 63).expand(-1, 3, -1, -1)).shape == (2, 1000), "grey, the smallest that fits"
    small = alexnet(10)
    small[0][0] = nn.Conv2d(3, 64, 3, 1, 1)
    assert steps(small, 32)[12][1] == (256, 3, 3), "the adaptive pooling then repeats pixels"
    for size in (62, 32):
        try:
            message = str(alexnet()(torch.empty(1, 3, size, size)))
        except RuntimeError as error:
            message = str(error).splitlines()[0]
        assert "Output size is too small" in message
print(message)
assert message == "Given input size: (256x1x1). Calculated output size: (256x0x0). Output size is too small"


# %% Local response normalization: each number is divided by its neighbours' strength in the other channels
def local_response_norm(x: torch.Tensor, size: int, alpha: float, beta: float, k: float) -> torch.Tensor:
    # hole: local-response-norm
    squares = F.pad(x.square().movedim(1, -1), (size // 2, (size - 1) // 2))  # zeros beyond the first and the last
    sums = squares.unfold(-1, size, 1).sum(-1).movedim(-1, 1)
    return x / (k + alpha / size * sums) ** beta
    # end


hand = torch.tensor([[[1.0], [2], [3]]], device=device)  # three channels; sums over the channel and two beside it
close(local_response_norm(hand, 3, 3.0, 1.0, 1.0).flatten().cpu(), torch.tensor([1 / 6, 2 / 15, 3 / 14]))
even = torch.tensor([1 / 2, 2 / 6, 3 / 14])  # size 2: the channel and the one before
close(local_response_norm(hand, 2, 2.0, 1.0, 1.0).flatten().cpu(), even)
for shape, size in (((2, 7, 4, 5), 5), ((2, 7, 4, 5), 4), ((2, 3, 6), 5), ((1, 2, 2, 2, 2), 1)):
    numbers = torch.randn(shape, device=device) * 10
    kept = numbers.clone()  # harmless: for lines that write into it
    for alpha, beta, k in ((5e-4, 0.75, 2.0), (0.3, 0.5, 1.0)):
        ready = F.local_response_norm(numbers, size, alpha, beta, k)
        close(local_response_norm(numbers, size, alpha, beta, k), ready)
    assert torch.equal(numbers, kept)
by_paper = 2 / (2 + 1e-4 * (1 + 4 + 9)) ** 0.75  # five channels around the middle one: all three
close(nets["the paper's"][2](hand)[0, 1, 0].item(), by_paper)

# %% Overlapping pooling, and ReLU
sizes = {n: [nn.MaxPool1d(k, 2)(torch.zeros(1, n)).shape[-1] for k in (3, 2)] for n in (55, 27, 13, 56)}
assert sizes == {55: [27, 27], 27: [13, 13], 13: [6, 6], 56: [27, 28]}, "3 with stride 2 against 2 with stride 2"
x = torch.zeros(1, 1, 13, 13, requires_grad=True)
reads = {}
for size in (3, 2):
    pooled = F.avg_pool2d(x, size, 2).sum() * size**2  # its gradient counts the windows that read a pixel
    counts = torch.autograd.grad(pooled, x)[0].round().long().unique(return_counts=True)  # harmless: or cut off
    reads[size] = {int(times): int(pixels) for times, pixels in zip(*counts, strict=True)}
print("windows that read a pixel of 13 x 13, and how many such pixels:", reads)
assert reads == {3: {1: 64, 2: 80, 4: 25}, 2: {0: 25, 1: 144}}
x = torch.tensor([0.5, 3, 6], requires_grad=True)
slopes = {name: torch.autograd.grad(f(x).sum(), x)[0] for name, f in (("tanh", torch.tanh), ("ReLU", torch.relu))}
print("slope at 0.5, 3 and 6:", *(f"{name} {', '.join(f'{v:.5f}' for v in slope)};" for name, slope in slopes.items()))
close(slopes["tanh"], 1 - x.detach().tanh() ** 2)
assert (slopes["ReLU"] == 1).all() and slopes["tanh"][2] < 1e-4
