# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Tracking is identity over time: boxes are matched to predicted boxes, or a target's features to the next frame's."""

import os
from itertools import count, permutations, product
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it saves
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise


# %% In short
def box_iou(a, b):  # (A, 4), (B, 4) as x1, y1, x2, y2 -> (A, B)
    low, high = torch.maximum(a[:, None, :2], b[:, :2]), torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    return shared / ((a[:, 2:] - a[:, :2]).prod(-1)[:, None] + (b[:, 2:] - b[:, :2]).prod(-1) - shared)


def assign(score, least):  # (T, D) -> pairs (t, d) with the largest sum, but none below least
    # hole: assign
    if len(score) > min(score.shape):
        return [(t, d) for d, t in assign(score.T, least)]
    columns = permutations(range(max(score.shape)), len(score))  # one column for each row
    best = max(columns, key=lambda column: sum(score[t, d].item() for t, d in enumerate(column)))
    return [(t, d) for t, d in enumerate(best) if score[t, d] >= least]
    # end


def update(tracks, boxes, ids, least=0.3, max_age=5, gain=0.5):  # boxes (D, 4) of one frame -> the id of each
    for track in tracks:  # where should each be now?
        track.box, track.age = track.box + track.velocity, track.age + 1
    known = torch.cat([boxes[:0], *(track.box[None] for track in tracks)])  # (T, 4)
    matched = {d: tracks[t] for t, d in assign(box_iou(known, boxes), least)}
    for d, box in enumerate(boxes):
        if d not in matched:  # a new object
            matched[d] = SimpleNamespace(id=next(ids), box=box, velocity=0 * box)
            tracks.append(matched[d])
        matched[d].velocity = matched[d].velocity + gain * (box - matched[d].box)
        matched[d].box, matched[d].age = box, 0
    tracks[:] = [track for track in tracks if track.age <= max_age]  # the others are given up
    return [matched[d].id for d in range(len(boxes))]


# %% Matching: the best sum is not the best pair first
cases = [
    ([[5.0, 4], [4.5, 1]], 3, [(0, 1), (1, 0)]),  # taking the 5 first would leave 1
    ([[2.0, 6, 4]], 3, [(0, 1)]),
    ([[4.0], [6]], 3, [(1, 0)]),
    ([[4.0, 3], [3, 0]], 4, []),  # the largest sum first, then the limit
]
cases += [([[7.0, 1], [2, 2]], least, [(0, 0), (1, 1)][: 4 - least]) for least in (2, 3)]  # harmless: checks
for scores, least, pairs in cases:
    assert sorted(assign(torch.tensor(scores), least)) == pairs, (scores, least)
for rows, columns in ((3, 4), (4, 3), (0, 2), (2, 0)):
    square = F.pad(torch.rand(rows, columns), (0, 4 - columns, 0, 4 - rows))
    best = max(sum(square[i, j].item() for i, j in enumerate(way)) for way in permutations(range(4)))
    assert abs(sum(square[pair].item() for pair in assign(square[:rows, :columns], 0.0)) - best) < 1e-5


# %% Three objects, detected in another order in each frame, the first of them hidden for five frames
def names(tracked=True, **options):  # how many ids each object got in 30 frames
    tracks, ids, pairs, start = [], count(), set(), torch.tensor([[0, 0, 12, 12], [60, 10, 72, 22], [25, 70, 37, 82]])
    speed = torch.tensor([[3, 1, 3, 1], [-2, 1, -2, 1], [0, -2, 0, -2]])
    for t in range(30):
        boxes = start + t * speed + 0.3 * torch.randn(3, 4)  # harmless: any other way would do
        order = [k for k in torch.randperm(3).tolist() if k or t not in range(10, 15)]
        pairs.update(zip(order, update(tracks, boxes[order], ids, **options) if tracked else count(), strict=False))
    return [sum(k == one for one, _ in pairs) for k in range(3)]


assert names() == [1, 1, 1], "one name each, in any order and through the hiding"
assert names(max_age=2) == names(gain=0.0) == [2, 1, 1], "given up too early, or waited for in the wrong place"
assert names(tracked=False) == [3, 3, 3], "the place in the list of detections is no name"
print("names of three objects:", names(), "without motion", names(gain=0.0), "by place in the list", names(False))
here, nothing = torch.tensor([[10.0, 10, 22, 22]]), torch.empty(0, 4)  # one leaves, another comes to the same place
for max_age, name, tracks, ids in ((8, 0, [], count()), (7, 1, [], count())):
    given = [update(tracks, boxes, ids, max_age=max_age) for boxes in [here] * 3 + [nothing] * 8 + [here]]
    assert given[2] == [0] and given[-1] == [name], "with a longer memory the newcomer inherits the name"


# %% One target by its looks: the template's features slide over the next frame's
def cross_correlate(z, x):  # (N, C, h, w) and (N, C, H, W) -> (N, 1, H - h + 1, W - w + 1), each with its own z
    # hole: cross-correlate
    joint = x.flatten(0, 1)[None]  # (1, N * C, H, W): all samples side by side
    return F.conv2d(joint, z, groups=len(z))[0].unsqueeze(1)
    # end


z, x, loop = (torch.randn(shape, dtype=torch.float64) for shape in ((3, 2, 4, 3), (3, 2, 7, 8), (3, 1, 4, 6)))
for n, i, j in product(range(3), range(4), range(6)):
    loop[n, 0, i, j] = (z[n] * x[n, :, i : i + 4, j : j + 3]).sum()
torch.testing.assert_close(cross_correlate(z, x), loop)

# %% Train features on pairs of frames, track patterns that the training never saw
Z, W, R, patterns = 8, 20, 13, torch.rand(96, 8, 8)  # sides of target, search window, response; frames have 40
train, shown, other = torch.arange(96).split((64, 16, 16))  # the film shows the last 32 alone
start, speed = torch.randint(40, (1024, 2)), torch.randint(1, 4, (1024, 2))
walks = 26 - (20 - (start + speed * torch.arange(16)[:, None, None]) % 40).abs()  # harmless: (frames, walks, 2)


def frame(target, at, other, there):  # (N, 1, 40, 40): noise, a lamp twice as bright, the target or its negative
    image = torch.rand(len(target), 1, 40, 40)
    for n, ((y, x), (v, u)) in enumerate(zip(at.tolist(), there.tolist(), strict=True)):
        image[n, 0, v : v + Z, u : u + Z] = 2 * patterns[other[n]]
        image[n, 0, y : y + Z, x : x + Z] = (patterns[target[n]] - torch.rand(()).round()).abs()
    return image


def crop(image, corner, side):
    return torch.stack([image[n, :, y : y + side, x : x + side] for n, (y, x) in enumerate(corner.tolist())])


def overlap(a, b):  # mean IoU of boxes with these corners
    return box_iou(torch.cat((a, a + Z), 1), torch.cat((b, b + Z), 1)).diag().mean()  # harmless: symmetric


def track(features, path):  # mean IoU with a path, given the target's corner in the first frame alone
    template, at, total = features(crop(film[0], where[0], Z)), where[0], 0  # harmless: nearly there is enough
    for image, truth in zip(film[1:], path[1:], strict=True):
        corner = (at - (W - Z) // 2).clamp(0, 40 - W)  # of the window around the last position
        place = cross_correlate(template, features(crop(image, corner, W))).flatten(1).argmax(1)
        at = corner + torch.stack((place // R, place % R), 1)
        total += overlap(at, truth) / 15  # harmless: symmetric
    return total


where, lamps = walks[:, :16], walks[:, 16:32]
film = [frame(shown, at, other, there) for at, there in zip(where, lamps, strict=True)]
contrast = (crop(film[0], where[0], Z)[:, 0] - 0.5).abs()  # that of a pattern and of its negative
torch.testing.assert_close(contrast, (patterns[shown] - 0.5).abs())  # the film shows none that is trained on
net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1))  # harmless: or less
unmoved = sum(overlap(where[0], at) for at in where[1:]) / 15  # harmless: a frame more or less
untrained = track(net, where)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for _ in range(120):
    (a, b), (i, j) = train[torch.randperm(64)[:32]].split(16), torch.randint(32, 1024, (2, 16))
    assert not torch.isin(torch.cat((a, b)), torch.cat((shown, other))).any(), "no pattern of the film is trained on"
    (before, now), there = walks[:2, i], walks[0, j]  # harmless: the lamp may be anywhere
    corner = (now - torch.randint(R, (16, 2))).clamp(0, 40 - W)
    template, search = crop(frame(a, before, b, there), before, Z), crop(frame(a, now, b, there), corner, W)
    response = cross_correlate(net(template), net(search)).flatten(1)  # (N, 13 * 13)
    optimizer.zero_grad()
    F.cross_entropy(response, ((now - corner) * torch.tensor([R, 1])).sum(1)).backward()
    optimizer.step()
trained, pixels, lamp = track(net, where), track(nn.Identity(), where), track(nn.Identity(), lamps)
centred = track(lambda x: x - x.mean((2, 3), keepdim=True), where)  # harmless: a column's mean would do
print(f"mean IoU: trained {trained:.2f}, untrained {untrained:.2f}, unmoved {unmoved:.2f}")
print(f"pixels {pixels:.2f} (with the bright pattern {lamp:.2f}), pixels without their mean {centred:.2f}")
assert trained > 0.8 and max(untrained, pixels, unmoved) < 0.4, "features must be learned"
assert lamp > 0.5, "the pixels' product follows what is bright"
assert pixels + 0.05 < centred < 0.6, "without the mean the lamp counts less, and a negative is still missed"
