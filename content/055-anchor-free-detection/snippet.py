# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A detector without anchors: centres are the peaks of a heatmap, and sizes and offsets are read at the peaks."""

import math
import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it saves
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(None if device.type == "cpu" else device)  # harmless: naming the CPU slows each call
STRIDE, CLASSES, SHAPE = 4, 2, (2, 12, 16)  # images of 48 x 64 pixels, maps (C, H, W) of 12 x 16 cells


# %% In short
def render_peak(heat, row, column, sigma):  # heat (H, W) of one image and class, changed in place
    # hole: render-peak
    height, width = heat.shape
    down, right = torch.arange(height)[:, None] - row, torch.arange(width) - column  # (H, 1), (W,)
    peak = torch.exp(-(down**2 + right**2) / (2 * sigma**2))  # (H, W), exactly 1 at the centre
    heat[:] = heat.maximum(peak)  # where peaks overlap, the larger one
    # end


def render_targets(image, label, box, count):  # (M,), (M,), (M, 4) in pixels, the number of images
    heat, values = torch.zeros(count, *SHAPE), torch.zeros(count, 4, *SHAPE[1:])
    centre, size = (box[:, :2] + box[:, 2:]) / (2 * STRIDE), (box[:, 2:] - box[:, :2]) / STRIDE  # (M, 2), in cells
    column, row = centre.long().T  # (M,) each, rounded down
    values[image, :, row, column] = torch.cat([centre - centre.floor(), size], 1).float()  # offsets x, y; width, height
    sigma = size.prod(1).sqrt() / 6
    for n, c, i, j, s in zip(*(part.tolist() for part in (image, label, row, column, sigma)), strict=True):
        render_peak(heat[n, c], i, j, s)
    return heat, values


def focal_loss(logits, heat):  # (N, C, H, W) each
    p, centres = logits.sigmoid(), heat == 1
    hit = (1 - p) ** 2 * F.logsigmoid(logits)
    miss = (1 - heat) ** 4 * p**2 * F.logsigmoid(-logits)  # less near a centre, nothing at the centre itself
    return -(hit[centres].sum() + miss.sum()) / centres.sum().clamp(min=1)


def detection_loss(output, heat, values, heat_loss=focal_loss):  # output (N, C + 4, H, W)
    centres = (heat == 1).any(1, keepdim=True)  # (N, 1, H, W)
    offset, size = ((output[:, CLASSES:] - values).abs() * centres).split(2, dim=1)
    return heat_loss(output[:, :CLASSES], heat) + (offset.sum() + 0.3 * size.sum()) / centres.sum().clamp(min=1)


def pick_peaks(heat, k):  # (N, C, H, W), probabilities -> four times (N, k)
    # hole: pick-peaks
    peaks = heat * (heat == F.max_pool2d(heat, 3, stride=1, padding=1))  # 0 where a neighbour is larger
    scores, index = peaks.flatten(1).topk(min(k, heat[0].numel()))
    *_, height, width = heat.shape
    return scores, index // (height * width), index // width % height, index % width
    # end


def decode(heat, values, k=20):
    scores, classes, rows, columns = pick_peaks(heat, k)
    image = torch.arange(len(heat))[:, None]
    dx, dy, width, height = values[image, :, rows, columns].unbind(2)  # (N, k) each, read at the peaks
    x, y = columns + dx, rows + dy
    return scores, classes, STRIDE * torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 2)


# %% Peaks by hand: overlapping, in a corner, in one map of a batch; picking against a look at each neighbour
batch = torch.zeros(2, 3, 4, 5)
render_peak(batch[1, 2], 0, 4, 0.8)
render_peak(batch[1, 2], 2, 3, 0.5)
powers = [[min((i**2 + (j - 4) ** 2) / 1.28, 2 * (i - 2) ** 2 + 2 * (j - 3) ** 2) for j in range(5)] for i in range(4)]
assert (torch.tensor(powers) + batch[1, 2].log()).abs().max() < 1e-4, "the larger of two peaks, not their sum, uncut"
assert batch[1, 2, 0, 4] == batch[1, 2, 2, 3] == 1 and batch.count_nonzero() == 20, "no other map has changed"
heat = torch.rand(2, 3, 4, 5) / 100  # a peak may be low
highest = heat == F.pad(heat, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1).amax((4, 5))  # (2, 3, 4, 5)
for n, k in ((0, 3), (1, 3), (0, 999), (1, 999)):
    best = sorted([(heat[n, c, i, j].item(), c, i, j) for c, i, j in highest[n].nonzero().tolist()], reverse=True)
    picked = [*zip(*(part[n].tolist() for part in pick_peaks(heat, k)), strict=True)]
    assert picked[: len(best)] == best[:k] and [s for s, *_ in picked[len(best) :]] == [0] * (min(k, 60) - len(best))
rows = torch.tensor([[0.6, 0.9, 0.8], [0.9, 0.9, 0.2], [0.9, 0.5, 0.8]])
kept = [pick_peaks(row.view(1, 1, 1, 3), 3)[0].count_nonzero().item() for row in rows]
assert kept == [1, 2, 2], "equal neighbours both stay"


# %% Scenes: bright ellipses (class 0) and dark ones (1) in noise, none to six in an image
def draw(n):
    image, i, j = (torch.rand(n, 2, 3) < 0.5).nonzero().T  # (M,) each: an object in half of the 2 x 3 tiles
    label, size = torch.randint(CLASSES, (len(image),)), 8 + 10 * torch.rand(len(image), 2)  # width and height
    corner = torch.stack([21 * j, 24 * i], 1) + (torch.tensor([21, 24]) - size) * torch.rand(len(image), 2)
    (x, y), (a, b) = (corner + (size - 1) / 2).T[..., None, None], (size / 2).T[..., None, None]  # (M, 1, 1) each
    inside = ((torch.arange(64) - x) / a) ** 2 + ((torch.arange(48)[:, None] - y) / b) ** 2 < 1  # harmless: or <= 1
    pictures = torch.zeros(n, 48, 64).index_add(0, image, inside * (1.0 - 2 * label[:, None, None]))
    return (pictures + 0.5 * torch.randn(n, 48, 64))[:, None], (image, label, torch.cat([corner, corner + size], 1))


def box_iou(a, b):  # (A, 4), (B, 4) -> (A, B)
    low, high = torch.maximum(a[:, None, :2], b[:, :2]), torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    return shared / ((a[:, 2:] - a[:, :2]).prod(-1)[:, None] + (b[:, 2:] - b[:, :2]).prod(-1) - shared)


def rate(found, image, label, box, least=0.3):  # no two objects overlap, so a found box fits one at most
    sure = found[0] > least
    same = (image[:, None] == sure.nonzero()[:, 0]) & (label[:, None] == found[1][sure])  # (M, D)
    best = F.pad(box_iou(box, found[2][sure]) * same, (0, 1)).amax(1)  # (M,), 0 where nothing was found
    return 2 * (best > 0.5).sum().item() / (len(box) + sure.sum().item()), best.mean().item()  # F1, mean IoU


def without_offset(values, offset=0.5):
    return torch.cat([torch.full_like(values[:, :2], offset), values[:, 2:]], 1)


# %% From boxes to maps and back: only a second centre of a class in a cell is lost; the focal loss by hand
tests, objects = draw(128)
heat, values = render_targets(*objects, 128)
f1, iou = rate(decode(heat, values), *objects, least=0)  # harmless: a lower limit is a harder test
middle, corner = (rate(decode(heat, without_offset(values, offset)), *objects)[1] for offset in (0.5, 0.0))
print(f"true maps: mean IoU {iou:.2f}; without offsets {middle:.2f} (middle of the cell) or {corner:.2f} (its corner)")
assert f1 == 1 and iou > 0.999 and corner + 0.1 < middle < 0.9, "nothing is lost: the offset repairs the rounding"
assert rate(decode(heat, values), objects[0], 1 - objects[1], objects[2])[0] == 0, "another class does not count"
losses = [detection_loss(torch.zeros(128, 6, 12, 16), target, values, lambda *_: 0) for target in (heat, 0 * heat)]
assert abs(losses[0] * len(objects[0]) - values[:, :2].sum() - 0.3 * values[:, 2:].sum()) < 0.1 and losses[1] == 0
boxes = torch.tensor([[56, 44, 60, 48], [60, 44, 64, 48], [20, 20, 36, 30], [20, 20, 36, 30], [20, 20, 37, 31]])
crowd, _ = render_targets(torch.tensor([0, 0, 1, 1, 1]), torch.tensor([0, 0, 0, 1, 1]), boxes.double(), 2)
assert (crowd == 1).nonzero().tolist() == [[0, 0, 11, 14], [0, 0, 11, 15], [1, 0, 6, 7], [1, 1, 6, 7]]
assert (pick_peaks(crowd, 9)[0] == 1).sum(1).tolist() == [2, 2], "two classes have peaks, the third object is lost"
heat, p = torch.tensor([[[[1, 0.5, 0, 1]]]]), torch.tensor([[[[0.5, 0.5, 0.1, 0.8]]]])
hits, misses = 0.5**2 * math.log(0.5) + 0.2**2 * math.log(0.8), 0.5**4 * 0.5**2 * math.log(0.5) + 0.1**2 * math.log(0.9)
assert abs(focal_loss(p.logit(), heat) + (hits + misses) / 2) < 1e-6, "divided by the number of centres"
assert abs(focal_loss(p.logit(), 0 * heat) + (p**2 * (1 - p).log()).sum()) < 1e-6, "without a centre: divided by 1"
assert focal_loss(heat.logit(1e-6), heat) > focal_loss((heat == 1).float().logit(1e-6), heat), "no target to copy"


# %% Training: the focal loss, the same without its prior, and binary cross-entropy (BCE) in two ways
def train(heat_loss, prior, seed):
    torch.manual_seed(seed)
    sizes = ((1, 8, 2), (8, 16, 2), (16, 16, 1), (16, 16, 1))  # channels in and out, stride: 48 x 64 to 12 x 16
    layers = [layer for a, b, stride in sizes for layer in (nn.Conv2d(a, b, 3, stride, 1), nn.ReLU())]
    net, rates = nn.Sequential(*layers, nn.Conv2d(16, CLASSES + 4, 1)), []
    nn.init.constant_(net[-1].bias[:CLASSES], math.log(prior / (1 - prior)))  # every cell begins with this probability
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)
    for step in range(91):
        if step in (0, 50, 90):
            logits, values = net(tests).detach().split([CLASSES, 4], dim=1)  # harmless: it only spares memory
            heat = logits.sigmoid()
            rates += rate(decode(heat, values), *objects, least=0.3 if step else 0)  # harmless: first 0
        rows = torch.randint(512, (8,))
        optimizer.zero_grad()
        detection_loss(net(pictures[rows]), heats[rows], measures[rows], heat_loss).backward()
        optimizer.step()
    middle = rate(decode(heat, without_offset(values)), *objects)[1]
    counts = [(scores > 0.3).sum() / len(objects[0]) for scores in (heat, pick_peaks(heat, 20)[0])]  # harmless: any
    return *rates, middle, *counts


def bce_per_centre(logits, heat):
    return F.binary_cross_entropy_with_logits(logits, heat, reduction="sum") / (heat == 1).sum()


assert abs(2 * bce_per_centre(p.logit(), heat) - F.binary_cross_entropy(p, heat, reduction="sum")) < 1e-5
pictures, train_objects = draw(512)
assert not torch.isin(pictures[:, 0, 0, 0], tests[:, 0, 0, 0]).any(), "held out"
heats, measures = render_targets(*train_objects, 512)
ways = {"focal": (focal_loss, 0.1), "focal, prior 0.5": (focal_loss, 0.5)}
ways |= {"BCE per centre": (bce_per_centre, 0.1), "BCE, mean": (F.binary_cross_entropy_with_logits, 0.1)}
results = {way: torch.tensor([train(*how, seed) for seed in range(3)]).mean(0).tolist() for way, how in ways.items()}
for way, (start, _, early, _, late, *_) in results.items():
    print(f"{way}: F1 {start:.2f} untrained, {early:.2f} after 50 steps, {late:.2f} after 90")
start, _, early, _, late, iou, middle, cells, peaks = results["focal"]
print(f"focal: mean IoU {iou:.2f}, {middle:.2f} without the offset; {cells:.1f} cells an object, {peaks:.2f} peaks")
assert late > 0.8 > 0.3 > start and iou > middle + 0.03 and cells > 1.6 > 1.4 > peaks, "found, once, by training"
assert early > results["focal, prior 0.5"][2] + 0.3 and early > results["BCE per centre"][2] + 0.1, "both are slower"
assert results["BCE per centre"][4] > 0.45 > 0.3 > results["BCE, mean"][4], "a mean over cells weighs too little"
