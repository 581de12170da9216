# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""An Inception block looks with 1x1, 3x3 and 5x5 windows side by side; 1x1 convolutions before them make it cheap."""

import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
def conv(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU())


class Inception(nn.Module):
    def __init__(self, inputs: int, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: int) -> None:
        super().__init__()
        self.one = conv(inputs, one, 1)
        self.three = nn.Sequential(conv(inputs, reduce3, 1), conv(reduce3, three, 3))
        self.five = nn.Sequential(conv(inputs, reduce5, 1), conv(reduce5, five, 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(inputs, pool, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # hole: inception-forward
        branches = [self.one(x), self.three(x), self.five(x), self.pool(x)]  # height and width stay
        return torch.cat(branches, dim=1)  # (N, one + three + five + pool, H, W)
        # end


block = Inception(192, one=64, reduce3=96, three=128, reduce5=16, five=32, pool=32).to(device)  # GoogLeNet's "3a"
x = torch.randn(2, 192, 28, 28, device=device)
y = block(x)
assert y.shape == (2, 256, 28, 28), "64 + 128 + 32 + 32 channels"


# %% The block by hand
def by_hand(block: Inception, x: torch.Tensor) -> torch.Tensor:
    weights = list(block.parameters())  # weight and bias of one, reduce3, three, reduce5, five, pool

    def layer(x: torch.Tensor, at: int) -> torch.Tensor:
        weight, bias = weights[2 * at : 2 * at + 2]
        return F.relu(F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2))  # harmless: all are square

    pooled = F.max_pool2d(x, 3, stride=1, padding=1)
    return torch.cat([layer(x, 0), layer(layer(x, 1), 2), layer(layer(x, 3), 4), layer(pooled, 5)], 1)


for size in ((28, 28), (7, 12)):
    x = torch.randn(2, 192, *size, device=device)
    torch.testing.assert_close(block(x), by_hand(block, x))
    assert block(x).shape[2:] == size, "every branch keeps the size, whatever it is"

# %% Branches of other sizes cannot be joined
third = nn.MaxPool2d(3, padding=1)(x)  # stride=1 was forgotten: the default is the size of the window
try:
    torch.cat([block.one(x), third], dim=1)
    raise AssertionError("no error")
except RuntimeError as error:
    assert "Sizes of tensors must match except in dimension 1. Expected size 7 but got size 3" in str(error)


# %% What a convolution costs
def multiply_adds(conv: nn.Conv2d, height: int, width: int) -> int:
    # hole: multiply-adds
    (down, right), (gap_down, gap_right) = conv.kernel_size, conv.dilation
    (above, beside), (step_down, step_right) = conv.padding, conv.stride
    rows = (height + 2 * above - gap_down * (down - 1) - 1) // step_down + 1
    columns = (width + 2 * beside - gap_right * (right - 1) - 1) // step_right + 1
    return rows * columns * conv.weight.numel()
    # end


def counted_by_torch(layer: nn.Module, x: torch.Tensor) -> float:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:  # harmless: a table more
        layer(x)
    return counter.get_total_flops() / 2 / len(x)  # a multiplication and an addition are two operations


cases = [
    nn.Conv2d(6, 8, 3, padding=1),  # harmless: any case will do, here and below
    nn.Conv2d(6, 8, 5, stride=2, padding=2),  # harmless: any
    nn.Conv2d(6, 12, 3, groups=3, bias=False),  # harmless: any
    nn.Conv2d(6, 4, (2, 7), stride=(1, 3), padding=(0, 2), dilation=(4, 2)),  # harmless: any
]
for layer in cases:
    for size in ((13, 30), (28, 17)):
        wanted = counted_by_torch(layer.to(device), torch.randn(2, 6, *size, device=device))
        assert multiply_adds(layer, *size) == wanted, layer


# %% What the 1x1 convolutions save
def cost(block: nn.Module) -> tuple[int, int]:
    layers = [module for module in block.modules() if isinstance(module, nn.Conv2d)]
    return sum(one.weight.numel() for one in layers), sum(multiply_adds(one, 28, 28) for one in layers)


def without(*branches: str) -> Inception:
    direct = Inception(192, 64, 96, 128, 16, 32, 32).to(device)
    if "three" in branches:
        direct.three = conv(192, 128, 3).to(device)
    if "five" in branches:
        direct.five = conv(192, 32, 5).to(device)
    return direct


costs = {}
x = torch.randn(2, 192, 28, 28, device=device)
for name, left_out in (("none", ()), ("3x3", ("three",)), ("5x5", ("five",)), ("both", ("three", "five"))):
    variant = without(*left_out)
    weights, additions = costs[name] = cost(variant)
    assert variant(x).shape == (2, 256, 28, 28) and counted_by_torch(variant, x) == additions
    print(f"1x1 left out before: {name:<5} {weights:>8,} weights  {additions / 1e6:5.1f} million multiply-adds")
assert costs["none"] == cost(block) == (163_328, 128_049_152)
assert costs["both"] == (393_216, 308_281_344)
all_kept = Inception(192, 64, 192, 128, 192, 32, 32)
assert cost(all_kept)[0] == 466_944 > costs["both"][0], (
    "a 1x1 that keeps all the channels saves nothing: fewer channels do"
)
shares = {id(weight) for branch in block.children() for weight in branch.parameters()}
assert len(shares) == sum(len(list(branch.parameters())) for branch in block.children()), "branches share no weight"

# %% A 1x1 convolution is a linear layer at every pixel
mix = block.five[0][0]
linear = F.linear(x.permute(0, 2, 3, 1), mix.weight[:, :, 0, 0], mix.bias)  # (N, H, W, C)
torch.testing.assert_close(mix(x), linear.permute(0, 3, 1, 2), atol=1e-4, rtol=1e-4)

# %% What it gives up: rank
reduce, expand = block.five[0][0].weight.double(), block.five[1][0].weight.double()  # (16, 192, 1, 1), (32, 16, 5, 5)
whole = torch.einsum("oikl,ic->ockl", expand, reduce[:, :, 0, 0])  # (32, 192, 5, 5), one kernel in place of two
two_steps = F.conv2d(F.conv2d(x.double(), reduce), expand, padding=2)
torch.testing.assert_close(F.conv2d(x.double(), whole, padding=2), two_steps)
direct = without("five").five[0].weight.double()
ranks = [torch.linalg.matrix_rank(kernel.transpose(0, 1).flatten(1)).item() for kernel in (whole, direct)]
print(f"rank of the 5x5 kernel over its 192 input channels: {ranks[0]} in two steps, {ranks[1]} at once")
assert ranks == [16, 192]

# %% Global average pooling in place of a large linear layer
maps = torch.randn(2, 1024, 7, 7, device=device)
head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000)).to(device)
torch.testing.assert_close(head(maps), head[2](maps.mean((2, 3))), atol=1e-5, rtol=1e-4)
assert head(maps[..., :5]).shape == (2, 1000), "any size goes in"
averaged = sum(p.numel() for p in head.parameters())
flattened = sum(p.numel() for p in nn.Linear(1024 * 7 * 7, 1000, device="meta").parameters())
print(f"classifier: {averaged:,} parameters after averaging, {flattened:,} on all 7x7 pixels")
assert (averaged, flattened) == (1_025_000, 50_177_000)

# %% The whole net, by the widths of the paper's table
blocks = [
    [(192, 64, 96, 128, 16, 32, 32), (256, 128, 128, 192, 32, 96, 64)],
    [(480, 192, 96, 208, 16, 48, 64), (512, 160, 112, 224, 24, 64, 64), (512, 128, 128, 256, 24, 64, 64)],
    [(512, 112, 144, 288, 32, 64, 64), (528, 256, 160, 320, 32, 128, 128)],
    [(832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128)],
]
with torch.device("meta"):
    stem = [conv(3, 64, 7), conv(64, 64, 1), conv(64, 192, 3)]
    layers = [*stem, *(Inception(*widths) for stage in blocks for widths in stage), nn.Linear(1024, 1000)]
whole_net = sum(p.numel() for layer in layers for p in layer.parameters())
print(f"GoogLeNet: {whole_net:,} parameters without the auxiliary heads")
assert whole_net == 6_998_552
