# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Each layer widens what a value sees by (kernel - 1) * dilation * (strides before it); a hook shows what it did."""

import os
from contextlib import contextmanager, suppress
from copy import deepcopy
from itertools import product
from math import isclose, prod

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
torch.set_num_threads(1)  # the tensors are tiny
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise


# %% In short
def receptive_field(layers):  # (kernel, stride, dilation) of each layer, poolings too, from the first to the last
    # hole: receptive-field
    field, jump = 1, 1  # jump: pixels of the image from one value to the next
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump *= stride  # a stride counts for the layers behind it
    return field, jump
    # end


@contextmanager
def recording(net: nn.Module, *names: str):  # what these layers return while the block runs
    kept, handles = {}, []
    try:
        for name in names:

            def keep(module, inputs, output, name=name):
                kept[name] = output.detach().clone()

            handles.append(net.get_submodule(name).register_forward_hook(keep))
        yield kept
    finally:
        for handle in handles:
            handle.remove()


net = nn.Sequential()
for inputs, outputs in ((3, 16), (16, 32)):
    net.extend([nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)])  # harmless: any net
net.append(nn.Conv2d(32, 64, 3, padding=1))  # layer "6"
images = torch.rand(2, 3, 32, 32)
with recording(net, "0", "3") as kept, torch.no_grad():
    net(images)
field, jump = receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1), (3, 1, 1)])
print(f"a value of the last map sees {field}x{field} pixels, the next one {jump} pixels on; recorded:", kept.keys())
torch.testing.assert_close([kept["0"], kept["3"]], [net[0](images), net[:4](images)], msg="before the in-place ReLU")

# %% The formula, in cases worked by hand
assert (field, jump) == (18, 4) and receptive_field([]) == (1, 1) and receptive_field([(1, 3, 2)]) == (1, 3)
assert receptive_field([(3, 1, 1)] * 3) == receptive_field([(7, 1, 1)]) == (7, 1), "three 3x3 see what one 7x7 sees"
assert receptive_field([(3, 2, 1), (3, 1, 1)]) == (7, 2) and receptive_field([(3, 1, 1), (3, 2, 1)]) == (5, 2)
assert receptive_field([(5, 3, 2), (2, 2, 4), (3, 1, 1)]) == (9 + 4 * 3 + 2 * 6, 6)
resnet18 = [(7, 2, 1), (3, 2, 1)] + [(3, 1, 1)] * 4 + ([(3, 2, 1)] + [(3, 1, 1)] * 3) * 3
assert receptive_field(resnet18) == (435, 32), "ResNet-18, last maps: larger than its images of 224x224"


# %% The same by gradients: on which pixels does an output value depend?
def transparent(net: nn.Module) -> nn.Module:  # a copy in which no path is cut off and no two cancel
    copy = deepcopy(net).double().eval()
    for tensor in copy.state_dict().values():  # weights, biases, BatchNorm's statistics
        tensor.fill_(1)
    for name, module in net.named_modules():
        if isinstance(module, nn.MaxPool2d):  # would pass the gradient to one pixel of its window
            copy.set_submodule(name, nn.AvgPool2d(module.kernel_size, module.stride, module.padding, module.ceil_mode))
    return copy


def seen(net: nn.Module, side: int, row: int) -> tuple[int, int, int]:  # first row, last row, number of pixels
    image = torch.rand(1, next(net.parameters()).shape[1], side, side, dtype=torch.double, requires_grad=True)
    net(image)[0, 0, row, row].backward()
    pixels = image.grad[0, 0] != 0  # (side, side)
    rows = pixels.any(1).nonzero()  # harmless: all is square here
    return rows.min().item(), rows.max().item(), pixels.sum().item()


assert seen(transparent(net), 32, 4) == (9, 26, 18 * 18)
narrow = nn.Sequential(*(p for _ in range(2) for p in (nn.Conv2d(1, 1, 3), nn.MaxPool2d(3, 2, 1, ceil_mode=True))))
assert seen(narrow.double(), 33, 7)[2] < seen(transparent(narrow), 33, 7)[2] == 8 * 8, "each maximum hides pixels"
blind = nn.BatchNorm2d(1)
nn.init.zeros_(blind.weight)  # harmless: a harder case, as at the end of a residual branch
settings = list(product((2, 3), (1, 3), (1, 2), (0, 1)))  # kernel, stride, dilation, padding
for below, above in product(settings, repeat=2):
    first, second = (nn.Conv2d(1, 1, kernel, stride, padding, d) for kernel, stride, d, padding in (below, above))
    layers = nn.Sequential(first, blind, second, nn.ReLU())  # harmless: all is positive
    field, jump = receptive_field([below[:3], above[:3]])
    start = 5 * jump - (below[3] + above[3] * below[1])  # of value 5: padding moves it, no more
    assert seen(transparent(layers), field + 5 * jump, 5)[:2] == (start, start + field - 1)


# %% Ways to see more with four 3x3 layers
def multiply_adds(net: nn.Module, x: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        net(x)
    return counter.get_total_flops() // 2


widened = []
for strides, dilations in (((1,) * 4, (1,) * 4), ((1,) * 4, (1, 2, 4, 8)), ((2,) * 4, (1,) * 4)):
    spans = [(3, stride, dilation) for stride, dilation in zip(strides, dilations, strict=True)]
    tower = nn.Sequential(*(nn.Conv2d(16, 16, 3, s, padding=d, dilation=d) for _, s, d in spans))
    x, weights = torch.zeros(1, 16, 64, 64), sum(p.numel() for p in tower.parameters())
    widened.append((receptive_field(spans)[0], tower(x).shape[3], weights, multiply_adds(tower, x)))  # harmless: square
    print(f"strides {strides}, dilations {dilations}: field, side of the map, parameters, multiply-adds {widened[-1]}")
assert [row[:3] for row in widened] == [(9, 64, 9_280), (31, 64, 9_280), (31, 4, 9_280)]
assert 4 * 9 * 16 * 16 * 64 * 64 == widened[0][3] == widened[1][3] > 10 * widened[2][3], "dilation adds no work"


# %% Seen, but not alike: the share of the central 11x11 of 21x21 pixels in the squared gradient
def in_centre(body: nn.Module) -> float:
    image = torch.randn(1, 1, 21, 21, dtype=torch.double, requires_grad=True)
    body.double()(image).backward()  # one output value
    squares = image.grad[0, 0] ** 2
    return (squares[5:16, 5:16].sum() / squares.sum()).item()


def deep(between: type[nn.Module]) -> nn.Module:  # ten layers without padding: 21x21 becomes 1x1
    return nn.Sequential(*(part for _ in range(9) for part in (nn.LazyConv2d(16, 3), between())), nn.LazyConv2d(1, 3))


paths = torch.ones(1, 1, 1)
for _ in range(10):
    paths = F.conv1d(paths, torch.ones(1, 1, 3), padding=2)  # (1, 1, 21): ways from each pixel of a row to the output
by_paths = (paths[..., 5:16].sum() / paths.sum()).item() ** 2
makers = (lambda: deep(nn.Identity), lambda: deep(nn.ReLU), lambda: nn.Conv2d(1, 1, 21))
linear, relu, at_once = (sum(in_centre(make()) for _ in range(20)) / 20 for make in makers)
print(f"the centre's share: {linear:.2f} linear, {relu:.2f} with ReLU, {by_paths:.3f} by paths; {at_once:.2f} at once")
assert abs(linear - by_paths) < 0.03 and abs(relu - by_paths) < 0.06
assert abs(at_once - 11**2 / 21**2) < 0.03, "one 21x21 kernel: the same field, one path from each pixel"


# %% Depthwise separable: a kernel for each channel, then 1x1 to mix them
def separable_cost(inputs: int, outputs: int, kernel: tuple[int, int], height: int, width: int) -> tuple[int, int]:
    # hole: separable-cost
    places, taps = height * width, prod(kernel)
    return places * taps * inputs * outputs, places * (taps * inputs + inputs * outputs)
    # end


assert separable_cost(2, 5, (3, 1), 4, 7) == (28 * 30, 28 * (6 + 10))
for inputs, outputs, kernel in ((8, 12, (3, 3)), (6, 4, (1, 5))):
    depthwise = nn.Conv2d(inputs, inputs, kernel, padding="same", groups=inputs)  # weight (inputs, 1, *kernel)
    pair = nn.Sequential(depthwise, nn.Conv2d(inputs, outputs, 1))
    ordinary, x = nn.Conv2d(inputs, outputs, kernel, padding="same"), torch.randn(1, inputs, 10, 9)
    counted = multiply_adds(ordinary, x), multiply_adds(pair, x)
    assert separable_cost(inputs, outputs, kernel, 10, 9) == counted
    assert isclose(counted[1] / counted[0], 1 / outputs + 1 / prod(kernel))

# %% What a hook gets: the very tensor that the layer returned
for keep, inplace, spoilt in ((torch.detach, True, True), (torch.clone, True, False), (torch.detach, False, False)):
    conv, kept = nn.Conv2d(3, 4, 3), []
    conv.register_forward_hook(lambda module, inputs, output, kept=kept, keep=keep: kept.extend([output, keep(output)]))
    returned = conv(images)
    assert kept[0] is returned, "no copy"
    nn.ReLU(inplace)(returned)
    assert (kept[1].min() == 0) == spoilt, "an in-place layer writes into what was kept, unless it was cloned"
try:
    with recording(net, "0") as kept:
        assert net(images).requires_grad and not kept.pop("0").requires_grad, "no graph is kept"
        net(images[:, :1])
except RuntimeError as error:
    said = str(error)
with suppress(AttributeError), recording(net, "0", "no such layer"):
    pass
assert "to have 3 channels, but got 1 channels" in said and not vars(net[0])["_forward_hooks"], "no hook is left"
