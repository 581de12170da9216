# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""VGG as a feature extractor: hooks read any layer, convolutions take any size, most weights sit in one dense layer."""

import copy
import os
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")  # M: halve the size
SMALL, SIZE, TRAIN, FRESH = (8, 8, "M", 16, 16, "M", 32, 32, "M", 32, 32), 32, 256, 60
STAGES = ["features.5", "features.12", "features.19", "features.26"]  # in SMALL with BN: the last ReLU at each size


def vgg(config, side: int, classifier: nn.Module, batch_norm: bool = False) -> nn.Sequential:
    layers, c_in = [], 3
    for c in config:
        if c == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        norm, relu = [nn.BatchNorm2d(c, momentum=None)] if batch_norm else [], nn.ReLU(inplace=True)
        layers, c_in = [*layers, nn.Conv2d(c_in, c, 3, padding=1), *norm, relu], c
    parts = OrderedDict(features=nn.Sequential(*layers), avgpool=nn.AdaptiveAvgPool2d(side), flatten=nn.Flatten())
    return nn.Sequential(parts | {"classifier": classifier})


net, x = vgg(SMALL, 1, nn.Linear(32, 3), batch_norm=True).to(device), torch.rand(4, 3, SIZE, SIZE, device=device)

# %% In short
kept = {}


def keep(module, args, output):
    kept["relu"] = output.clone()  # before a layer in place can overwrite it  # harmless: here none does


handle = net.features[5].register_forward_hook(keep)
with torch.no_grad():
    net.eval()(x)
handle.remove()
features = kept["relu"]  # (N, 8, H, W), what net.features[5] returned
assert torch.allclose(features, net.features[:6](x), atol=1e-4) and kept["relu"] is features, "the hook is gone"
assert features.min() == 0 and not net.training, "the output of a ReLU, in evaluation mode"

# %% Where the weights are
with torch.device("meta"):  # shapes without memory
    dense = [nn.Linear(512 * 7 * 7, 4096), nn.Linear(4096, 4096)]  # each with a ReLU and a dropout, which hold none
    full, light = vgg(VGG16, 7, nn.Sequential(*dense, nn.Linear(4096, 1000))), vgg(VGG16, 1, nn.Linear(512, 1000))
parts = (full, full.features, dense[0], light)
total, convs, biggest, pooled = (sum(map(torch.numel, part.parameters())) for part in parts)
print(f"VGG-16: {total:,} parameters, {biggest:,} of them in one layer; with global pooling {pooled:,}")
assert total == 138_357_544 and biggest == 102_764_544, "most of them lie in the first dense layer"
assert pooled == convs + 513 * 1000 == 15_227_688, "behind a global mean for each channel one small layer is left"

# %% Any size from 32 on: only a flattened map is tied to 224 (the same list, with 1/32 of the channels)
thin = [c if c == "M" else c // 32 for c in VGG16]
fits, light = vgg(thin, 7, nn.Linear(16 * 49, 10)).to(device), vgg(thin, 1, nn.Linear(16, 10)).to(device)
for h, w in ((32, 32), (47, 200), (224, 224)):
    x = torch.rand(1, 3, h, w, device=device)
    assert fits(x).shape == light(x).shape == (1, 10), "adaptive pooling fits maps of any size to the classifier"
    maps = fits.features(x)  # (1, 16, h // 32, w // 32)
    assert (maps[0].numel() == fits.classifier.in_features) == (h == w == 224), "without it, only 7x7 maps fit"
torch.testing.assert_close(fits.avgpool(maps), maps)  # at 224x224 it changes nothing


# %% Hooks: keep what the named layers return for x, then remove the hooks
def tap(net: nn.Module, names: list[str], x: torch.Tensor) -> dict[str, torch.Tensor]:
    kept, handles = {}, []
    for name in names:
        # hole: hook
        def keep(module, args, output, name=name):
            kept[name] = output.clone()  # without clone, a ReLU in place would overwrite it

        handles.append(net.get_submodule(name).register_forward_hook(keep))
        # end
    net(x)
    for handle in handles:
        handle.remove()
    return kept


# %% Perceptual distance: unit vectors across the channels, compared place by place
def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:  # (N, C, H, W) twice
    # hole: feature-distance
    a, b = F.normalize(a), F.normalize(b)  # along dim 1, the channels
    return (a - b).square().sum(dim=1).mean(dim=(1, 2))  # (N,)
    # end


# %% Discs with one of three textures
y = torch.arange(SIZE, device=device)[:, None]
top, left, kinds = torch.randint(12, 18, (3, TRAIN + FRESH, 1, 1), device=device)
rows, columns = (y + top) // 2 % 2, (y.mT + left) // 2 % 2  # stripes two pixels wide  # harmless: any stripes
ink = torch.where(kinds < 14, rows, torch.where(kinds < 16, columns, rows ^ columns))  # harmless: any three
disc = (ink * ((y - top) ** 2 + (y.mT - left) ** 2 < 80)).unsqueeze(1)  # (-1, 1, SIZE, SIZE)  # harmless: any outline
images = torch.where(disc == 1, *torch.rand(2, TRAIN + FRESH, 3, 1, 1, device=device))  # harmless: any ink
(images, fresh), (kinds, fresh_kinds) = (t.split((TRAIN, FRESH)) for t in (images, kinds.flatten() // 2 - 6))
assert torch.cdist(images.flatten(1), fresh.flatten(1)).min() > 0.1, "no fresh image is among those of the training"


def settle(net):  # BatchNorm's running statistics from the images, by one pass; the weights stay as they are
    net.apply(lambda part: part.reset_running_stats() if isinstance(part, nn.BatchNorm2d) else None)
    with torch.no_grad():
        net.train()(images[:64])  # harmless: or all
    return net.eval()


x = images[:4].clone().requires_grad_()  # harmless: any rows, and a view of them
kept = tap(settle(net), ["features.1", *STAGES], x)  # features.1: BatchNorm, before a ReLU in place
assert kept.keys() == {"features.1", *STAGES}, "every layer has its own entry"
for name, features in list(kept.items()):  # against the layers up to this one, run by themselves
    torch.testing.assert_close(features, net.features[: int(name[9:]) + 1](x), rtol=1e-3, atol=1e-4)
    assert kept[name] is features, "a removed hook keeps nothing more"
early = kept["features.1"]
assert early.requires_grad and torch.autograd.grad(early.sum(), x)[0].any(), "a loss on features must reach the image"
a, b = torch.rand(2, 4, 3, 8, 6, device=device)
a[:, :, 3:5, 2], b[:, :, 4:6, 2] = 0, 0  # silent places, in one image or both  # harmless: for wrong lines
unit_a, unit_b = (t / t.norm(dim=1, keepdim=True).clamp(min=1e-9) for t in (a, b))
torch.testing.assert_close(distance(a, b), (unit_a - unit_b).square().sum(dim=1).mean((1, 2)))

# %% Is the shifted image or the blurred one farther away, before and after training on the textures?
shifted, blurred = fresh.roll(2, 3), F.avg_pool2d(fresh, 5, 1, 2, count_include_pad=False)  # harmless: or down
pixels = F.mse_loss(shifted, fresh) / F.mse_loss(blurred, fresh)


@torch.no_grad()
def ratios(net, note):
    assert not net.training, "in training mode each distance would depend on the batch"
    triples = [kept.chunk(3) for kept in tap(net, STAGES, torch.cat([fresh, shifted, blurred])).values()]
    found = [(distance(o, s).mean() / distance(o, b).mean()).item() for o, s, b in triples]  # harmless: symmetric
    print(f"shifted over blurred: {note}, in stages", *(f"{ratio:.2f}" for ratio in found))
    return found


untrained, other = ratios(net, f"in pixels {pixels:.2f}; random weights"), []
for pool, note in ((nn.AvgPool2d(1, 2), "every second place"), (nn.MaxPool2d(3, 1, 1), "maximum, not halved")):
    variant = copy.deepcopy(net)
    variant.features[6] = variant.features[13] = variant.features[20] = pool
    other.append(ratios(settle(variant), note)[-1])  # harmless: or one before
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
for _ in range(51):
    rows = torch.randint(TRAIN, (32,), device=device)
    optimizer.zero_grad()  # harmless: it learns all the same
    F.cross_entropy(net.train()(images[rows]), kinds[rows]).backward()
    optimizer.step()
trained = ratios(settle(net), "trained")
assert net.features[1].num_batches_tracked == 1, "the statistics are of the trained weights alone"
accuracy = (net(fresh).argmax(dim=1) == fresh_kinds).float().mean()
print(f"global pooling and {net.classifier.weight.numel()} weights name {accuracy:.2f} of the fresh textures")
assert accuracy > 0.7, "a mean for each channel, and no large dense layer, tells the textures apart"
assert pixels > 1.5 and untrained[0] > 0.9, "in pixels, and in the first stage, the shifted image is farther away"
assert other[0] > 0.75 and max(other[1], untrained[-1]) < 0.7, "the maximum turns that round, not the halving"
assert trained[-1] < min(0.15, untrained[-1]), "and by far after training"
