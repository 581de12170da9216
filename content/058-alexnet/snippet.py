# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""AlexNet comes in two kinds, the paper's and today's: five convolutions with ReLU, overlapping pooling, dropout."""

import os
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny layers: more threads would wait for each other
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close = torch.testing.assert_close


# %% In short
def alexnet(classes: int = 1000) -> nn.Sequential:  # torchvision's, with the names of its weights
    features = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, stride=2)),
    )
    classifier = nn.Sequential(
        *(nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True)),
        *(nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(inplace=True)),
        nn.Linear(4096, classes),
    )
    parts = {"features": features, "avgpool": nn.AdaptiveAvgPool2d(6), "flatten": nn.Flatten()}
    return nn.Sequential(OrderedDict(parts | {"classifier": classifier}))


# %% Layer by layer, on the meta device, which computes shapes alone
def numel(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


with torch.device("meta"):
    net, photo = alexnet(), torch.empty(1, 3, 224, 224)
x, shapes = photo, []
for layer in net.features:
    x = layer(x)  # (1, C, side, side)
    if not isinstance(layer, nn.ReLU):
        shapes.append((x.shape[1], x.shape[3]))
print("after each convolution and pooling:", *(f"{channels}x{side}x{side}" for channels, side in shapes))
assert shapes == [(64, 55), (64, 27), (192, 27), (192, 13), (384, 13), (256, 13), (256, 13), (256, 6)]
with FlopCounterMode(display=False) as counter:  # harmless: a table more
    assert net(photo).shape == (1, 1000)
work, dense = counter.get_total_flops() / 2e9, numel(net.classifier) / numel(net)
print(f"today's: {numel(net):,} parameters, {dense:.1%} in the classifier, {work:.2f} billion multiply-adds")
assert numel(net) == 61_100_840 and [*net.state_dict()][::15] == ["features.0.weight", "classifier.6.bias"]


# %% The paper's net: other widths, two streams as groups, response normalisation, dropout behind the dense layers
def original(groups: int = 2, padding: int = 2) -> nn.Sequential:
    norm = nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)  # torch divides alpha by the size, the paper not
    return nn.Sequential(
        *(nn.Conv2d(3, 96, 11, stride=4, padding=padding), nn.ReLU(), norm, nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(96, 256, 5, padding=2, groups=groups), nn.ReLU(), norm, nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),  # here the two streams meet
        *(nn.Conv2d(384, 384, 3, padding=1, groups=groups), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, stride=2), nn.Flatten()),
        *(nn.Linear(256 * 6 * 6, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout()),
        nn.Linear(4096, 1000),
    )


with torch.device("meta"):
    paper, joined, unpadded, crop = original(), original(groups=1), original(padding=0), torch.empty(1, 3, 227, 227)
print(f"the paper's: {numel(paper):,} parameters in two streams, {numel(joined):,} in one")
assert (numel(paper), numel(joined)) == (60_965_224, 62_378_344)
assert paper(photo).shape == unpadded(crop).shape == (1, 1000), "224 with padding 2, or 227 without"
assert unpadded[:17](photo).shape == (1, 256 * 5 * 5), "224 without padding leaves 5x5, and the dense layer wants 6x6"
orders = [[type(layer).__name__ for layer in part] for part in (net.classifier, paper[17:])]
assert orders[0] == ["Dropout", "Linear", "ReLU"] * 2 + ["Linear"], "today's: on the maps and the first dense layer"
assert orders[1] == ["Linear", "ReLU", "Dropout"] * 2 + ["Linear"], "the paper's: on both dense layers"
conv, x = nn.Conv2d(96, 256, 5, padding=2, groups=2).to(device), torch.randn(2, 96, 9, 9, device=device)
streams = zip(x.chunk(2, dim=1), conv.weight.chunk(2), conv.bias.chunk(2), strict=True)
apart = torch.cat([F.conv2d(half, weight, bias, padding=2) for half, weight, bias in streams], dim=1)
close(conv(x), apart, rtol=1e-3, atol=1e-4)  # groups=2: two convolutions side by side, 48 channels in and 128 out each


# %% Local response normalisation: each value is divided by the strength of the neighbouring channels at its place
def local_response_norm(x: torch.Tensor, size: int, alpha: float, beta: float, k: float) -> torch.Tensor:
    # hole: local-response-norm
    squares = x.square().movedim(1, -1)  # (N, ..., C)
    windows = F.pad(squares, (size // 2, (size - 1) // 2)).unfold(-1, size, 1)  # (N, ..., C, size)
    return x / (k + alpha * windows.mean(dim=-1).movedim(-1, 1)) ** beta
    # end


x = torch.tensor([1.0, 2, 3], device=device).view(1, 3, 1)  # by hand, k = 1 and beta = 1, alpha as large as the size
odd, even = (local_response_norm(x, size, float(size), 1.0, 1.0).flatten().tolist() for size in (3, 2))
close(odd, [1 / (1 + 5), 2 / (1 + 14), 3 / (1 + 13)])  # 5 is 1 + 4, 14 is 1 + 4 + 9, 13 is 4 + 9
close(even, [1 / (1 + 1), 2 / (1 + 5), 3 / (1 + 13)])  # an even window looks one channel farther back than ahead
for size, shape in (
    (1, (2, 6, 5)),
    (2, (1, 6, 4, 3)),
    (5, (2, 6, 4, 3)),
    (4, (2, 1, 3)),
    (9, (3, 4, 2, 1)),
    (6, (2, 4, 3)),
):
    x = torch.randn(shape, dtype=torch.float64, device=device, requires_grad=True)
    y, wanted = local_response_norm(x, size, 0.7, 0.75, 2.0), F.local_response_norm(x, size, 0.7, 0.75, 2.0)
    close(y, wanted)
    close(*(torch.autograd.grad(out.square().sum(), x)[0] for out in (y, wanted)))
ones = torch.ones(1, 5, 1, 1, device=device)
shrunk = [F.local_response_norm(strength * ones, 5, 5e-4, 0.75, 2)[0, 2].item() / strength for strength in (1, 100)]
print(f"the paper's setting: activations of 1 are multiplied by {shrunk[0]:.3f}, those of 100 by {shrunk[1]:.3f}")
assert abs(shrunk[0] - 2**-0.75) < 1e-3 and shrunk[1] < 0.5 * shrunk[0], "with small activations it is a constant"

# %% Overlapping pooling: windows of 3 with stride 2
line = torch.arange(7.0, device=device).view(1, 1, 1, 7).expand(1, 1, 7, 7)
overlap = F.max_pool2d(line, 3, stride=2)
for side, sizes in ((55, (27, 27)), (27, (13, 13)), (13, (6, 6)), (32, (15, 16))):
    x = torch.zeros(1, 1, side, side, device=device)
    assert (F.max_pool2d(x, 3, stride=2).shape[3], F.max_pool2d(x, 2).shape[3]) == sizes

# %% Images that are too small
for side, message in (
    (6, "Calculated padded input size per channel: (10 x 10). Kernel size: (11 x 11). Kernel size can't be greater"),
    (32, "Given input size: (256x1x1). Calculated output size: (256x0x0). Output size is too small"),
    (62, "Given input size: (256x2x2). Calculated output size: (256x0x0). Output size is too small"),
):
    try:
        net(torch.empty(1, 3, side, side, device="meta"))
        raise AssertionError("no error")
    except RuntimeError as error:
        assert message in str(error)
assert net(torch.empty(1, 3, 63, 63, device="meta")).shape == (1, 1000), "the smallest"

# %% ReLU against tanh, with inputs of size 1 and of size 128 (pixels less their mean, as in the paper)
inputs = torch.randn(128, 16, device=device)
label = (inputs[:, 0] * inputs[:, 1] > 0).long()


def fit(activation: type[nn.Module], scale: float) -> tuple[float, float]:
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(16, 16), activation(), nn.Linear(16, 2)).to(device)
    hidden = net[0](scale * inputs).detach().requires_grad_()
    slopes = torch.autograd.grad(net[1](hidden).sum(), hidden)[0]  # of each unit at each example
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    for _ in range(200):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(scale * inputs), label)
        loss.backward()
        optimizer.step()
    flat = (slopes < 0.01).double().mean().item()
    print(f"{activation.__name__} x{scale}: {flat:.0%} of the slopes below 0.01, loss {loss.item():.2f}")
    return flat, loss.item()


for scale in (1, 128):
    for activation in (nn.ReLU, nn.Tanh):
        fit(activation, scale)
