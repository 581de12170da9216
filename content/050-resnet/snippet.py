# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A residual block adds its input to what its layers compute: so a deep net starts out as a shallow one, and trains."""

import os
from itertools import product
from math import ceil, sqrt

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close, seeded = torch.testing.assert_close, torch.Generator(device)


# %% In short
class BasicBlock(nn.Module):
    def __init__(self, inputs, channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None  # the shortcut is the identity, unless the shape changes
        if stride != 1 or inputs != channels:
            project = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(project, nn.BatchNorm2d(channels))

    def forward(self, x):  # (N, inputs, H, W) -> (N, channels, ceil(H / stride), ceil(W / stride))
        identity = x if self.downsample is None else self.downsample(x)
        out = self.bn1(self.conv1(x)).relu()
        return (self.bn2(self.conv2(out)) + identity).relu()


# %% The block once more, a case by hand, shapes, and the identity when the last BatchNorm starts at zero
def basic_block(x, conv1, bn1, conv2, bn2, downsample):
    # hole: basic-block
    branch = nn.Sequential(conv1, bn1, nn.ReLU(), conv2, bn2)
    shortcut = nn.Identity() if downsample is None else downsample
    return F.relu(branch(x) + shortcut(x))
    # end


block, x = BasicBlock(1, 1).eval(), torch.tensor([-1, 0.5, 3]).reshape(3, 1, 1, 1)
for parameter, value in zip(block.parameters(), (-1, 2, 0, 1.5, 1, -1), strict=True):  # conv1, bn1, conv2, bn2
    nn.init.constant_(parameter, value)  # on a single pixel, each convolution multiplies
hand = torch.tensor([1.5 * 2 - 1 - 1, 0, 3 - 1])  # branch and shortcut; at 0.5 the sum is negative, so 0
close(basic_block(x, *block.children(), None).flatten(), hand, rtol=1e-3, atol=1e-3)
for inputs, channels, stride, side in ((8, 8, 1, 7), (8, 16, 2, 7), (8, 16, 1, 6), (8, 8, 2, 6)):
    block, x = BasicBlock(inputs, channels, stride), torch.randn(2, inputs, side, side)
    assert block(x).shape == (2, channels, ceil(side / stride), ceil(side / stride))
    close(basic_block(x, *[*block.children()][:4], block.downsample), block(x))  # and x keeps its values
    nn.init.zeros_(block.bn2.weight)  # the branch gives 0
    close(block(x), (x if stride == 1 and inputs == channels else block.downsample(x)).relu())


# %% Weights whose size keeps the signal's: normal, with the deviation that Kaiming He gives for ReLU
def kaiming_std(weight, mode):  # weight: (out, in, *kernel); mode: "fan_in" or "fan_out"
    # hole: kaiming-std
    return sqrt(2 * weight.shape[0 if mode == "fan_in" else 1] / weight.numel())  # sqrt(2 / fan)
    # end


for shape, mode in product(((8, 3, 3, 5), (6, 10), (4, 5, 7)), ("fan_in", "fan_out")):  # harmless: only a check
    weight = nn.init.kaiming_normal_(torch.empty(shape), 0, mode, "relu", generator=seeded.manual_seed(1))
    close(kaiming_std(weight, mode) * torch.randn(shape, generator=seeded.manual_seed(1)), weight)


# %% ResNet-18 under torchvision's names, on the meta device, which computes shapes alone
with torch.device("meta"):
    net, photo, icon = nn.Sequential(), torch.empty(2, 3, 224, 224), torch.empty(2, 3, 32, 32)
    net.conv1, net.bn1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False), nn.BatchNorm2d(64)
    net.relu, net.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)  # harmless: shapes do not depend on a ReLU
    for i, size in enumerate(((64, 64), (64, 128, 2), (128, 256, 2), (256, 512, 2)), start=1):
        net.add_module(f"layer{i}", nn.Sequential(BasicBlock(*size), BasicBlock(size[1], size[1])))
    net.avgpool, net.flatten, net.fc = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000)
    assert [tuple(net[:k](photo).shape[1:3]) for k in range(5, 9)] == [(64, 56), (128, 28), (256, 14), (512, 7)]
    sizes = {name: p.numel() for name, p in net.named_parameters()}
    total, projections = sum(sizes.values()), sum(size for name, size in sizes.items() if "downsample" in name)
    assert total == 11_689_512 and projections == 173_824, "five of the eight shortcuts have no weights"
    assert "layer4.0.downsample.0.weight" in sizes and net(photo).shape == (2, 1000), "as torchvision's"
    small = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1, bias=False), *net[1:3], *net[4:8])  # harmless: as any stem
    assert net[:8](icon).shape[2:] == (1, 1) and small(icon).shape[2:] == (4, 4), "more than one pixel is left"
print(f"ResNet-18: {total:,} parameters, {projections:,} of them in shortcuts ({projections / total:.1%})")


# %% Fifty layers on 8x8 images, with the shortcuts and without: the gradient of the first layer
def build(blocks, shortcut, kaiming=True):  # 2 * blocks + 2 layers
    torch.manual_seed(0)
    body = [BasicBlock(8, 8) for _ in range(blocks)]
    if not shortcut:  # the same layers in the same order
        body = [nn.Sequential(one.conv1, one.bn1, nn.ReLU(), one.conv2, one.bn2, nn.ReLU()) for one in body]
    stem = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()  # harmless: the blocks are at stake
    net = nn.Sequential(*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    for weight in (p for p in net.parameters() if p.dim() == 4 and kaiming):
        nn.init.normal_(weight, std=kaiming_std(weight, "fan_out"))
    return net


def first_gradient(net):
    loss = F.cross_entropy(net(images[:32]), label[:32])
    return torch.autograd.grad(loss, net[0].weight)[0].norm().item()  # harmless: BatchNorm's weight is near


label, u, norms = torch.randint(4, (768,)), torch.arange(8.0), []
angle, phase = label.reshape(-1, 1, 1, 1) * torch.pi / 4, 6.28 * torch.rand(768, 1, 1, 1)
images = (1.5 * (angle.cos() * u + angle.sin() * u[:, None]) + phase).cos() + 0.3 * torch.randn(768, 1, 8, 8)  # stripes
for name, kaiming, norm in (("torch's", False, False), ("Kaiming's", True, False), ("Kaiming's", True, True)):
    for shortcut in (False, True):
        net = build(24, shortcut, kaiming).train(norm)  # a new BatchNorm in evaluation mode changes nothing: as if none
        norms += [first_gradient(net)]
    print(f"{name} weights, BatchNorm {norm}: first layer's gradient {norms[-2]:.1g} plain, {norms[-1]:.1g} residual")
assert norms[0] < 1e-15 and norms[1] > 1e-3, "small weights: the gradient vanishes, but for the shortcuts"
two = first_gradient(build(0, False).eval())  # harmless: a yardstick, 0.3 with BatchNorm
print(f"two layers alone, Kaiming's weights, BatchNorm False: {two:.1g}")
assert 1e-3 * two < norms[2] < 10 * two, "Kaiming's weights alone: neither vanishes nor explodes"
assert norms[3] > 100 * two, "shortcuts without BatchNorm: each sum adds to the size"
assert norms[4] > 10 and 0.1 < norms[5] < 10, "BatchNorm without shortcuts: the gradient explodes"
for block in net[3:-3]:
    nn.init.zeros_(block.bn2.weight)  # each of the 24 blocks becomes the identity
shallow = nn.Sequential(*net[:3], *net[-3:])  # the two layers around them
close(net(images), shallow(images), msg="a deep net that starts out as a shallow one")
close(*(torch.autograd.grad(F.cross_entropy(some(images), label), net[0].weight) for some in (net, shallow)))  # too


# %% Trained alike: more layers without shortcuts fit the training images worse
def fit(blocks, shortcut, target, rows, steps=30):
    net = build(blocks, shortcut)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        some = rows[torch.randperm(len(rows))[:64]]  # harmless: larger batches learn as well
        assert not torch.isin(some, test).any(), "no test image is trained on"
        optimizer.zero_grad()
        F.cross_entropy(net(images[some]), target[some]).backward()
        optimizer.step()
    torch.optim.swa_utils.update_bn([images[rows]], net)  # harmless: the averages of the steps would do here
    logits = net.eval()(images)  # harmless: the images together have nearly the same statistics
    right = (logits.argmax(1) == target).float()
    return F.cross_entropy(logits[rows], target[rows]).item(), right[rows].mean().item(), right[test].mean().item()


(train, test), losses = torch.arange(768).split((512, 256)), []
for blocks, shortcut in ((4, False), (24, False), (24, True)):
    loss, _, accuracy = fit(blocks, shortcut, label, train)
    losses += [loss]
    print(f"{2 * blocks + 2} layers, shortcuts {shortcut}: training loss {loss:.3f}, test accuracy {accuracy:.2f}")
assert losses[1] > losses[0] + 0.1, "without shortcuts, more layers fit the training images worse"
assert losses[2] < 0.2 < 0.5 < losses[1] and accuracy > 0.8, "with shortcuts the same depth trains"
for shortcut in (False, True):  # the labels of other images: nothing to learn but each one by heart
    _, seen, unseen = fit(4, shortcut, label.roll(1), train[:64], steps=80)
    print(f"random labels, shortcuts {shortcut}: accuracy {seen:.2f} on 64 training images, {unseen:.2f} on new ones")
    assert 0.95 < seen <= 1 and unseen < 0.45, "learned by heart, with shortcuts as without"
