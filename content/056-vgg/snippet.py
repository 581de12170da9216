# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""VGG is one list of widths: stacked 3x3 convolutions see as far as large ones, and dense layers hold most weights."""

import os
from collections import OrderedDict

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
torch.set_num_threads(1)  # small maps: more threads would wait for each other
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def features(config: list, batch_norm: bool = False) -> nn.Sequential:
    layers, inputs = [], 3
    for width in config:
        if width == "M":
            layers.append(nn.MaxPool2d(2))  # halves height and width
            continue
        norm = [nn.BatchNorm2d(width)] if batch_norm else []
        layers += [nn.Conv2d(inputs, width, 3, padding=1), *norm, nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers)


CONFIGS = {  # a number: a 3x3 convolution with so many outputs; "M": a 2x2 max pooling
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "B": [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": VGG16,
    "E": [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
}


def vgg(config: list, classes: int = 1000, batch_norm: bool = False) -> nn.Sequential:
    classifier = nn.Sequential(
        *(nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True), nn.Dropout()),
        *(nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout()),
        nn.Linear(4096, classes),
    )
    convolutions, pool = features(config, batch_norm), nn.AdaptiveAvgPool2d(7)
    parts = {"features": convolutions, "avgpool": pool, "flatten": nn.Flatten(), "classifier": classifier}
    return nn.Sequential(OrderedDict(parts))


# %% Adapting it, on the meta device: shapes alone, no memory
with torch.device("meta"):
    net, photo, icon = vgg(CONFIGS["D"]), torch.empty(1, 3, 224, 224), torch.empty(2, 3, 32, 32)
    assert [*net.state_dict()][::31] == ["features.0.weight", "classifier.6.bias"], "named as in torchvision"
    assert repr(net).count("ReLU") == 13 + 2 and repr(net.classifier).count("Dropout") == 2
    net.classifier[6] = nn.Linear(4096, 10)  # a new head
    cut = nn.Sequential(net.features[:17], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))  # three stages
    small = nn.Sequential(features(VGG16, True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
assert net(photo).shape == small(photo).shape == cut(photo).shape == (1, 10) and cut[0](photo).shape == (1, 256, 28, 28)
assert net(icon).shape == small(icon).shape == (2, 10) and len(small[0]) == 3 * 13 + 5, "any size from 32 on"
assert small[0](icon).shape == (2, 512, 1, 1) and small[0](photo[..., :100, :70]).shape == (1, 512, 3, 2)


# %% Parameters by arithmetic
def count_weights(config: list, inputs: int, bias: bool) -> int:
    # hole: count-weights
    total = 0
    for width in config:
        if width != "M":
            total += (9 * inputs + bias) * width
            inputs = width
    return total
    # end


by_hand = {(4,): (108, 112), ("M",): (0, 0), (): (0, 0), (2, "M", "M", 5): (144, 151), ("M", 1, 1, "M"): (36, 38)}
for config, wanted in by_hand.items():  # with 3 inputs; 144 is 9 * 3 * 2 + 9 * 2 * 5
    given = [*config]
    counts = tuple(count_weights(given, 3, bias) for bias in (False, True))
    assert counts == wanted and given == [*config] and {*map(type, counts)} == {int}, config
assert count_weights((2, "M", 5), 1, True) == 9 * 1 * 2 + 2 + 9 * 2 * 5 + 5


# %% What a net costs: multiply-adds of one image, and the bytes that autograd keeps for the backward pass
def numel(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


def cost(net: nn.Module, x: torch.Tensor) -> tuple[int, int]:
    kept = {}

    def keep(t: torch.Tensor) -> torch.Tensor:
        kept[StorageWeakRef(t.untyped_storage())] = t  # what shares memory counts once
        return t

    with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        net(x)
    weights = {StorageWeakRef(weight.untyped_storage()) for weight in net.parameters()}  # are there anyway
    size = sum(t.untyped_storage().nbytes() for storage, t in kept.items() if storage not in weights)
    return counter.get_total_flops() // 2, size  # a multiplication and an addition are two operations


# %% Configurations A to E, and VGG-16 stage by stage
with torch.device("meta"):
    nets, normed = {name: vgg(config) for name, config in CONFIGS.items()}, vgg(CONFIGS["D"], batch_norm=True)
    nets["C"] = vgg(CONFIGS["D"])
    for last, width in ((14, 256), (21, 512), (28, 512)):  # C is D with 1x1 at the end of the stages 3 to 5
        nets["C"].features[last] = nn.Conv2d(width, width, 1)
for name, net in sorted(nets.items()):  # harmless: in any order
    depth = sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in net.modules())
    print(f"{name}: {depth} layers, {numel(net):,} parameters, {cost(net, photo)[0] / 1e9:.2f} billion multiply-adds")
    assert depth == {"A": 11, "B": 13, "C": 16, "D": 16, "E": 19}[name]
    assert name == "C" or numel(net.features) == count_weights(CONFIGS[name], 3, bias=True)
assert [numel(nets[name]) for name in "ABCDE"] == [132_863_336, 133_047_848, 133_638_952, 138_357_544, 143_667_240]
assert numel(normed) - numel(nets["D"]) == 2 * sum(width for width in CONFIGS["D"] if width != "M"), "scale and shift"
net, x, (total, whole) = nets["D"], photo, cost(nets["D"], photo)
for part in [*(net.features[a:b] for a, b in ((0, 5), (5, 10), (10, 17), (17, 24), (24, 31))), net[1:]]:
    (adds, kept), x = cost(part, x), part(x)
    print(f"VGG-16 to {tuple(x.shape)}: {numel(part):,} parameters, {adds / 1e9:.2f} billion, {kept / 1e6:.1f} MB kept")
net.features.requires_grad_(False)
frozen = cost(net, photo)[1]
print(f"its classifier: {numel(part) / numel(net):.1%} of the parameters, {adds / total:.1%} of the multiply-adds")
print(f"kept in all: {whole / 1e6:.1f} MB, with the features frozen {frozen / 1e6:.1f} MB")
assert frozen < 0.01 * whole, "a frozen layer keeps nothing for the backward pass"
assert 0.89 < numel(part) / numel(net) < 0.9 and adds < 0.01 * total, "most of the weights, little of the work"


# %% Three 3x3 layers and one 7x7: the field of view by gradient, weights, work, memory
def stack(count: int, size: int, width: int = 64) -> nn.Sequential:
    convs = [nn.Conv2d(width, width, size, padding=size // 2, bias=False) for _ in range(count)]
    return nn.Sequential(*(layer for conv in convs for layer in (conv, nn.ReLU(inplace=True))))


for count, size, sees in ((1, 3, 3), (2, 3, 5), (3, 3, 7), (1, 7, 7)):
    net, x = stack(count, size).to(device), torch.rand(1, 64, 15, 15, device=device, requires_grad=True)
    gradient = torch.autograd.grad(net(x)[0, :, 7, 7].sum(), x)[0].abs().sum((0, 1))  # harmless: zero or not is asked
    inside = gradient[7 - sees // 2 : 8 + sees // 2, 7 - sees // 2 : 8 + sees // 2]
    assert inside.shape == (sees, sees) and inside.min() > 0 and inside.count_nonzero() == gradient.count_nonzero()
    with torch.device("meta"):
        adds, kept = cost(stack(count, size), torch.empty(1, 64, 56, 56))
    print(f"{count} of {size}x{size}: {numel(net):,} weights, {adds / 1e6:.1f} million, {kept / 1e6:.1f} MB kept")
    assert numel(net) == count * size**2 * 64**2 and adds == numel(net) * 56 * 56
    assert kept == (count + 1) * 64 * 56 * 56 * 4, "the input and each layer's output, 4 bytes a number"

# %% Depth is not free: with torch's default weights the signal of a thin VGG fades
kind = torch.arange(32, device=device) % 4  # stripes that run four ways
u, angle = torch.arange(32.0, device=device), kind.view(-1, 1, 1, 1) * torch.pi / 4  # harmless: any
stripes = (1.2 * (angle.cos() * u + angle.sin() * u[:, None]) + 6.28 * torch.rand_like(angle)).cos()
images = stripes + 0.3 * torch.randn(32, 3, 32, 32, device=device)


def fit(name: str, kaiming: bool = False, batch_norm: bool = False, steps: int = 30):
    torch.manual_seed(1)
    trunk = features([width if width == "M" else width // 16 for width in CONFIGS[name]], batch_norm)
    net, gradients = nn.Sequential(trunk, nn.Flatten(), nn.Linear(32, 4)).to(device), []
    for conv in (layer for layer in trunk if kaiming and isinstance(layer, nn.Conv2d)):
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")  # harmless: the default has the same gain
    spread = net(images).std(dim=0).max().item()  # harmless: any of the four outputs tells
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()  # harmless: it learns all the same
        nn.functional.cross_entropy(net(images), kind).backward()
        gradients.append(trunk[0].weight.grad.norm().item())
        nn.utils.clip_grad_norm_(net.parameters(), 0.5)  # without it, D with Kaiming weights ends near chance
        optimizer.step()
    loss = nn.functional.cross_entropy(net(images), kind).item()
    print(f"{name} {kaiming=} {batch_norm=}: gradient {gradients[0]:.0e}, outputs {spread:.0e} apart, loss {loss:.2f}")
    return gradients[0], spread, loss


(shallow, _, stuck), (deepest, _, _) = fit("A"), fit("E", steps=1)
gradients, spreads, losses = zip(fit("D"), fit("D", kaiming=True), fit("D", batch_norm=True), strict=True)
assert shallow > 50 * gradients[0] > 100 * deepest, "the gradient fades with depth"
assert min(stuck, losses[0]) > 1.37 and 1e-8 < spreads[0] < 1e-5, "all outputs alike: A and D stay at log(4) = 1.386"
assert min(gradients[1:]) > 1000 * gradients[0] and min(spreads[1:]) > 1000 * spreads[0] and max(losses[1:]) < 1.1
