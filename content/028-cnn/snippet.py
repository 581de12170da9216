# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A convolution is one small weighted sum, shared by all places: few weights, and a shifted input shifts the output."""

import os
from functools import partial
from itertools import product

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.backends.cudnn.allow_tf32 = False  # on a GPU, TF32 convolutions are too coarse to compare
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close = partial(torch.testing.assert_close, rtol=1e-3, atol=1e-3)


# %% In short
def small_cnn(channels, classes):  # (N, channels, H, W) -> (N, classes), for any H and W from 4 on
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1),  # (N, 16, H, W)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 16, H / 2, W / 2)
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 32, H / 4, W / 4)
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),  # (N, 64, 1, 1)
        nn.Flatten(),  # (N, 64)
        nn.Linear(64, classes),
    )


# %% The size of the output, along H or along W
def out_size(n: int, k: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    # hole: output-size
    reach = dilation * (k - 1) + 1  # from the kernel's first tap to its last
    return (n + 2 * padding - reach) // stride + 1
    # end


count = 0
for setting in product((5, 8, 11, 16), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2)):
    n, k, stride, padding, dilation = setting
    if n + 2 * padding > dilation * (k - 1):  # the kernel fits
        conv = nn.Conv2d(1, 1, k, stride, padding, dilation, device=device)
        size, count = conv(torch.zeros(1, n, n, device=device)).shape[1], count + 1
        assert out_size(*setting) == size, f"Conv2d returns {size} for n, k, stride, padding, dilation = {setting}"
print(f"the formula gives Conv2d's output size in {count} settings")
assert count == 279, "all settings in which the kernel fits"

# %% The parameters: for every output channel one kernel of k * k * Cin and one bias
for k, C_in, C_out in product((1, 3, 5), (1, 3, 16), (1, 8)):
    conv = nn.Conv2d(C_in, C_out, k)
    assert conv.weight.shape == (C_out, C_in, k, k), "a kernel spans all input channels"
    assert sum(p.numel() for p in conv.parameters()) == (k**2 * C_in + 1) * C_out, "H and W do not matter"
conv, dense = nn.Conv2d(3, 8, 3), nn.Linear(3 * 32 * 32, 8 * 32 * 32, device="meta")  # meta: shapes without memory
few, many = (sum(p.numel() for p in layer.parameters()) for layer in (conv, dense))
assert (few, many) == (3 * 9 * 8 + 8, 3072 * 8192 + 8192), "by hand"
print(f"from (3, 32, 32) to (8, 32, 32): {few} parameters in a 3 x 3 convolution, {many} in a linear layer")

# %% The computation: cut out the patches, multiply all by the same matrix
x = torch.randn(2, 3, 9, 12, device=device)  # (N, Cin, H, W)
conv = nn.Conv2d(3, 8, 3, stride=2, padding=1, device=device)
patches = F.unfold(x, 3, stride=2, padding=1)  # (N, Cin * k * k, places)
sums = conv.weight.flatten(1) @ patches + conv.bias[:, None]  # (N, Cout, places)
close(sums.unflatten(2, (out_size(9, 3, 2, 1), out_size(12, 3, 2, 1))), conv(x))

# %% Cross-correlation: torch does not flip the kernel
kernel, impulse = torch.arange(9.0, device=device).view(1, 1, 3, 3), torch.zeros(1, 1, 5, 5, device=device)
impulse[0, 0, 2, 2] = 1
close(F.conv2d(impulse, kernel), kernel.flip(2, 3))
close(F.conv2d(impulse, kernel.flip(2, 3)), kernel)  # a flipped kernel: the convolution of mathematics


# %% Shift in, shift out
def ring(C_in: int, C_out: int, stride: int = 1) -> nn.Conv2d:  # left and right edge meet, so there is no border
    return nn.Conv2d(C_in, C_out, 3, stride, padding=1, padding_mode="circular", device=device)


x, one, two = torch.randn(1, 3, 16, 16, device=device), ring(3, 8), ring(3, 8, stride=2)
close(one(x.roll((2, 5), (2, 3))), one(x).roll((2, 5), (2, 3)))
close(two(x.roll(2, 3)), two(x).roll(1, 3))  # stride 2: a shift by 2 becomes a shift by 1
for conv, low, high in ((one, 0, 1e-3), (two, 0.1, 9)):
    shifted = conv(x.roll(1, 3))
    nearest = min((shifted - conv(x).roll(by, 3)).abs().max().item() for by in range(16))  # harmless: both signs occur
    assert low <= nearest < high, "stride 1: the values move; stride 2: a shift by 1 gives other values"
zeros = nn.Conv2d(3, 8, 3, padding=1, device=device)
moved, expected = zeros(x.roll(1, 3)), zeros(x).roll(1, 3)
close(moved[..., 2:-1], expected[..., 2:-1])
assert moved.shape[2:] == x.shape[2:] and (moved - expected).abs().max() > 0.1, "zero padding breaks it at the border"

# %% Data: noisy digits in the left half of the image
H, W = 12, 16
font = (
    "111 001 111 111 101 111 111 111 111 111",
    "101 001 001 001 101 100 100 001 101 101",
    "101 001 111 111 111 111 111 001 111 111",
    "101 001 100 001 001 001 101 001 101 001",
    "111 001 111 111 001 111 111 001 111 111",
)
dots = torch.tensor([[[float(dot) for dot in digit] for digit in row.split()] for row in font])  # (5, 10, 3)
glyphs = dots.transpose(0, 1).repeat_interleave(2, 1).repeat_interleave(2, 2)  # (10, 10, 6)


def draw(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    images, digits = 0.1 * torch.randn(n, 1, H, W), torch.randint(10, (n,))
    for image, digit, top, left in zip(images, digits, torch.randint(3, (n,)), torch.randint(3, (n,)), strict=True):
        image[0, top : top + 10, left : left + 6] += glyphs[digit]
    return images.to(device), digits.to(device)  # (n, 1, H, W), (n,)


# %% Two nets with the same body: one flattens its maps, one keeps each map's maximum
h, w = (out_size(out_size(n, 2, 2), 2, 2) for n in (H, W))  # two poolings; the convolutions keep the size
(images, digits), (test_images, test_digits) = draw(1000), draw(500)
assert not torch.isin(images[:, 0, :2, 0], test_images[:, 0, :2, 0]).all(1).any(), "no test image is trained on"
heads = {"flatten": (nn.Identity(), 64 * h * w), "global maximum": (nn.AdaptiveMaxPool2d(1), 64)}
for name in (*heads, "global maximum, zero padding", "the same, digits everywhere"):
    if name in heads:
        first, second = (ring(1, 16), nn.ReLU(), nn.MaxPool2d(2)), (ring(16, 32), nn.ReLU(), nn.MaxPool2d(2))
        body = nn.Sequential(*first, *second, ring(32, 64), nn.ReLU())
        net = nn.Sequential(body, heads[name][0], nn.Flatten(), nn.Linear(heads[name][1], 10)).to(device)
    else:
        net = small_cnn(1, 10).to(device)
        body = net[:8]  # without the pooling and the linear layer
    assert body(test_images).shape == (500, 64, h, w), "the flatten size is computed, not guessed"
    assert next(body.parameters()) is next(net.parameters()), "the body of this net"
    assert sum(isinstance(layer, nn.ReLU) for layer in net.modules()) == 3, "without it two convolutions are one"
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    for step in range(1, 151):
        some = torch.randint(1000, (64,), device=device)
        by = int(torch.randint(9, ())) if name == "the same, digits everywhere" else 0  # to the right
        loss = F.cross_entropy(net(images[some].roll(by, 3)), digits[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step={step} loss={loss.item():.4f}")
    with torch.no_grad():
        scores = [net(x) for x in (test_images, test_images[..., [*range(8, 16), *range(8)]])]  # then on the right
    left, right = ((score.argmax(1) == test_digits).float().mean().item() for score in scores)
    changed = (scores[1] - scores[0]).abs().max().item()  # harmless: both signs occur
    print(f"{name}: test accuracy {left:.3f}, with the digits on the right {right:.3f}, scores change by {changed:.1e}")
    assert left > 0.9, "a small net learns the digits"
    if name == "flatten":
        assert right < 0.7, "a linear layer on flattened maps has weights for every place"
    elif name == "global maximum":
        assert changed < 0.01, "the same maxima, wherever the digit stands"
    elif name == "the same, digits everywhere":
        assert right > 0.95, "a net that has seen them everywhere finds them everywhere"
    else:
        assert changed > 0.1, "zeros at the border tell the place: a global maximum does not make this net invariant"
