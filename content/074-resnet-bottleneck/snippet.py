# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A bottleneck block computes its 3x3 on a quarter of the channels: so ResNet-50 is wide, and costs little more."""

import os

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close


# %% In short
def norm_conv(inputs, outputs, size, stride=1):
    conv = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride=1):
        super().__init__()
        self.reduce = norm_conv(inputs, width, 1)
        self.window = norm_conv(width, width, 3, stride)  # the stride stands here: "v1.5"
        self.expand = norm_conv(width, 4 * width, 1)
        keeps = stride == 1 and inputs == 4 * width
        self.shortcut = nn.Identity() if keeps else norm_conv(inputs, 4 * width, 1, stride)

    def forward(self, x):  # (N, inputs, H, W) -> (N, 4 * width, ceil(H / stride), ceil(W / stride))
        out = self.window(self.reduce(x).relu()).relu()
        return (self.expand(out) + self.shortcut(x)).relu()


# %% The same in a hole: a case by hand, shapes, which pixels are seen
def bottleneck(x, reduce, window, expand, shortcut):
    # hole: bottleneck
    branch = expand(window(reduce(x).relu()).relu())
    return (branch + shortcut(x)).relu()
    # end


def step(factor, offset=0.0):  # a layer on single numbers: factor * x + offset
    layer = nn.Linear(1, 1)
    layer.load_state_dict({"weight": torch.tensor([[factor]]), "bias": torch.tensor([offset])})
    return layer


numbers, before = torch.tensor([[-1.0], [2], [0]]), torch.tensor([[-1.0], [2], [0]])
branch = step(-2.0), step(3.0), step(-1.0)
close(bottleneck(numbers, *branch, nn.Identity()), torch.tensor([[0.0], [2], [0]]))  # -1: 2, 6, -6; -6 - 1 < 0
close(bottleneck(numbers, *branch, step(1.0, 8.0)), torch.tensor([[1.0], [10], [8]]))
close(bottleneck(numbers, step(1.0), step(-1.0), step(1.0, 1.0), nn.Identity()), torch.tensor([[0.0], [3], [1]]))
close(numbers, before)  # the input keeps its values
for inputs, width, stride, side in ((64, 16, 1, 7), (24, 16, 1, 6), (64, 16, 2, 7), (64, 32, 2, 8)):
    block = Bottleneck(inputs, width, stride).double()
    x = torch.randn(2, inputs, side, side, dtype=torch.float64, requires_grad=True)
    both = [(y, torch.autograd.grad(y, x, y)[0]) for y in (bottleneck(x, *block.children()), block(x))]
    close(*both)  # values and gradients
    assert both[1][0].shape == (2, 4 * width, -(-side // stride), -(-side // stride))
    assert isinstance(block.shortcut, nn.Identity) == ((inputs, width, stride) == (64, 16, 1))


# %% What it costs: weights, and multiply-adds on a map of 56 x 56
class Basic(nn.Module):
    def __init__(self, inputs, width, stride=1):
        super().__init__()
        self.first, self.second = norm_conv(inputs, width, 3, stride), norm_conv(width, width, 3)
        self.shortcut = nn.Identity() if inputs == width else norm_conv(inputs, width, 1, stride)

    def forward(self, x):
        return (self.second(self.first(x).relu()) + self.shortcut(x)).relu()  # harmless: cost and shapes alone count


def weights(module):
    return sum(parameter.numel() for parameter in module.parameters() if parameter.dim() == 4)


def multiply_adds(module, *shape):
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        module.to("meta")(torch.empty(shape))
    return counter.get_total_flops() / 2


blocks = {"bottleneck, 256 channels": (Bottleneck(256, 64), 256), "two 3x3, 64 channels": (Basic(64, 64), 64),
          "two 3x3, 256 channels": (Basic(256, 256), 256)}  # fmt: skip
for name, (block, channels) in blocks.items():
    cost = multiply_adds(block, 1, channels, 56, 56)
    assert cost == weights(block) * 56 * 56
    print(f"{name}: {weights(block):,} weights, {cost / 1e6:.0f} million multiply-adds")
counts = [weights(block) for block, _ in blocks.values()]
assert counts == [256 * 64 + 9 * 64 * 64 + 64 * 256, 2 * 9 * 64 * 64, 2 * 9 * 256 * 256] == [69_632, 73_728, 1_179_648]


# %% The whole net: with either block, with the stride in either place
class StrideFirst(Bottleneck):
    def __init__(self, inputs, width, stride=1):  # as in the paper: the 1x1 skips three of four pixels
        super().__init__(inputs, width, stride)
        self.reduce, self.window = norm_conv(inputs, width, 1, stride), norm_conv(width, width, 3)


def resnet(block, depths, expansion):
    stem = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
    layers = [stem, nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]  # harmless: shapes alone count
    inputs = 64
    for stage, depth in enumerate(depths):
        width, blocks = 64 * 2**stage, []
        for at in range(depth):
            blocks.append(block(inputs, width, 2 if stage > 0 and at == 0 else 1))
            inputs = expansion * width
        layers.append(nn.Sequential(*blocks))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000))


table, nets = {}, {"ResNet-34": (Basic, 3, 4, 6, 3, 1), "ResNet-50": (Bottleneck, 3, 4, 6, 3, 4),
                   "ResNet-50 v1": (StrideFirst, 3, 4, 6, 3, 4), "ResNet-101": (Bottleneck, 3, 4, 23, 3, 4),
                   "ResNet-152": (Bottleneck, 3, 8, 36, 3, 4)}  # fmt: skip
for name, (block, *depths, expansion) in nets.items():
    with torch.device("meta"), FlopCounterMode(display=False) as counter:  # shapes without numbers: nothing is computed
        net, x, sizes = resnet(block, depths, expansion), torch.empty(1, 3, 224, 224), []
        for layer in net:
            x = layer(x)
            sizes.append(tuple(x.shape[1:]))
    cost = counter.get_total_flops() / 2
    convs = [module for module in net.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    shortcuts = [m for m in net.modules() if isinstance(m, (Basic, Bottleneck)) and type(m.shortcut) is nn.Sequential]
    parameters, layers = sum(p.numel() for p in net.parameters()), len(convs) - len(shortcuts)
    table[name] = parameters, layers, len(shortcuts), round(cost / 1e9, 2), sizes
    print(f"{name}: {parameters:,} parameters, {layers} layers, {cost / 1e9:.2f} billion multiply-adds")
assert table["ResNet-34"][:4] == (21_797_672, 34, 3, 3.66) and table["ResNet-50"][:4] == (25_557_032, 50, 4, 4.09)
assert table["ResNet-101"][:4] == (44_549_160, 101, 4, 7.8) and table["ResNet-50 v1"][:4] == (25_557_032, 50, 4, 3.86)
assert table["ResNet-152"][:4] == (60_192_808, 152, 4, 11.51)
*stages, pooled, flat, logits = table["ResNet-50"][4][3:]
assert stages == [(64, 56, 56), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]
assert (pooled, flat, logits) == ((2048, 1, 1), (2048,), (1000,)) and table["ResNet-34"][4][7] == (512, 7, 7)
print("stages of ResNet-50 from 224:", *stages[1:])


# %% Which pixels a block with stride 2 sees
def seen(*layers):
    net, x = nn.Sequential(*layers).eval(), torch.randn(1, 64, 8, 8, requires_grad=True)
    out = net(x)  # eval(): a batch's mean would join all pixels; no ReLU: it would hide some by chance
    (gradient,) = torch.autograd.grad(out, x, torch.randn_like(out))
    return gradient[0].any(0).float().mean().item()  # harmless: each channel reaches each


(*branch, shortcut), old = Bottleneck(64, 16, 2).children(), StrideFirst(64, 16, 2)
shares = {"3x3": seen(*branch), "1x1": seen(old.reduce, old.window, old.expand), "shortcut": seen(shortcut)}
print("share of the pixels that are seen, by where the stride is:", shares)
assert shares == {"3x3": 1.0, "1x1": 0.25, "shortcut": 0.25}
assert seen(norm_conv(64, 16, 1), norm_conv(16, 16, 1, 2)) == 0.25, "BatchNorm joins no pixels here"


# %% Pre-activation: BatchNorm and ReLU before each convolution, nothing behind the addition
class PreActivation(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        sizes = ((channels, width, 1), (width, width, 3), (width, channels, 1))
        layers = [(nn.BatchNorm2d(i), nn.ReLU(), nn.Conv2d(i, o, k, padding=k // 2, bias=False)) for i, o, k in sizes]
        self.branch = nn.Sequential(*(layer for three in layers for layer in three))

    def forward(self, x):
        return x + self.branch(x)


x = torch.randn(16, 32, 6, 6, requires_grad=True)
pre, post, live = (nn.Sequential(*(make(32, 8) for _ in range(8))) for make in (PreActivation, Bottleneck, Bottleneck))
for first, second in zip(pre, post, strict=True):  # each branch gives zero: what is left is the shortcuts' way
    nn.init.zeros_(first.branch[-1].weight), nn.init.zeros_(second.expand[1].weight)  # harmless: or its convolution
assert torch.equal(pre(x), x) and torch.equal(post(x), x.relu()), "behind the addition a ReLU cuts off signs"
slopes = [torch.autograd.grad(stack(x).sum(), x)[0] for stack in (pre, post)]
assert (slopes[0] == 1).all() and torch.equal(slopes[1] == 1, x > 0) and (slopes[1][x <= 0] == 0).all()
print(f"gradient passed by 8 silent blocks: pre-activation {slopes[0].mean():.2f}, ReLU behind {slopes[1].mean():.2f}")
cut = [(live[:count](x.relu()) == 0).float().mean().item() for count in range(1, 9)]
print("share of the sums that the last ReLU of 8 live blocks sets to 0:", *(f"{share:.1f}" for share in cut))
assert 0.45 > cut[0] > min(cut) > 0.1, "a ReLU behind the addition cuts in each block"
block = PreActivation(32, 8)
assert [type(layer) for layer in block.branch] == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d] * 3
close(block(x), x + block.branch(x))
