# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""An anchor-based detector classifies and corrects a fixed set of boxes; NMS removes the duplicates of each class."""

import os

import torch
import torch.nn.functional as F
from torch import nn, tensor

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, S, M, K = 16, 48, 4, 3  # batch, image side, most objects, classes with background (0)


# %% IoU of every box of `a` with every box of `b`, and NMS; a box is (x1, y1, x2, y2), measured at the edges of pixels
def box_iou(a, b):  # (..., A, 4), (..., B, 4) -> (..., A, B)
    low_a, high_a = a.unsqueeze(-2).split(2, -1)  # (..., A, 1, 2) each, (x1, y1) and (x2, y2)
    low_b, high_b = b.unsqueeze(-3).split(2, -1)  # (..., 1, B, 2) each
    # hole: box-iou
    sides = high_a.minimum(high_b) - low_a.maximum(low_b)  # (..., A, B, 2), width and height
    shared = sides.clamp(min=0).prod(-1)  # (..., A, B); two negative sides must not make a positive area
    return shared / ((high_a - low_a).prod(-1) + (high_b - low_b).prod(-1) - shared)
    # end


def nms(boxes, scores, labels, limit=0.4):  # (D, 4), (D,), (D,) -> indices, best first
    # hole: nms-per-class
    rivals = (box_iou(boxes, boxes) > limit) & (labels[:, None] == labels)  # (D, D)
    keep = []
    for i in scores.argsort(descending=True).tolist():
        if not rivals[i, keep].any():
            keep.append(i)
    return keep
    # end


boxes = tensor([[0.0, 0, 10, 10], [4, 4, 20, 8], [5, 5, 15, 15], [10, 0, 20, 10], [12, 12, 20, 20]], device=device)
torch.testing.assert_close(box_iou(boxes, boxes)[0], tensor([1, 6 / 35, 1 / 7, 0, 0], device=device))  # touching: 0
row = tensor([[x, 0.0, x + 10, 10] for x in (2, 5, 0, 2)], device=device)  # IoU with the third: 2/3, 1/3, 1, 2/3
scores, labels = tensor([[0.8, 0.6, 0.9, 0.7], [1, 1, 1, 2]], device=device)
for limit, kept in ((0.4, [2, 3, 1]), (0.3, [2, 3]), (0.7, [2, 0, 3, 1])):
    assert [int(i) for i in nms(row, scores, labels, limit)] == kept, "other classes and dropped boxes are no rivals"
touching = [int(i) for i in nms(boxes[[0, 3]], scores[:2], labels[:2], limit=0.0)]  # their IoU is 0, the limit itself
assert touching == [0, 1], "a box at the limit does not exceed it"

# %% Anchors: three shapes in each of 6x6 cells; boxes are written as offsets from them
middle = torch.arange(4, S, 8, device=device)  # (6,)
origin = torch.cartesian_prod(middle, middle).flip(1).repeat(3, 1)  # (A, 2), x first; A = 3 * 36
scale = tensor([[16, 16], [20, 12], [12, 20]], device=device).repeat_interleave(36, 0)  # (A, 2), width, height


def encode(boxes):  # (..., A, 4), a box for each anchor
    centre, size = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    return torch.cat([(centre - origin) / scale, (size / scale).log()], -1)


def decode(offsets):  # (..., A, 4)
    centre, size = origin + offsets[..., :2] * scale, offsets[..., 2:].exp() * scale
    return torch.cat([centre - size / 2, centre + size / 2], -1)


anchors = decode(torch.zeros(len(origin), 4, device=device))  # (A, 4), each is 0 away from itself
torch.testing.assert_close(encode(boxes[1])[0], tensor([0.5, 0.125, 0, -1.3862944], device=device))  # by hand
torch.testing.assert_close(decode(encode(boxes[:, None])), boxes[:, None].expand(5, 108, 4), rtol=1e-4, atol=1e-4)


# %% Matching: each anchor is given an object, the background (0), or nothing to learn (-100)
def match(boxes, labels):  # (N, M, 4), (N, M), label 0 for no object
    iou = box_iou(anchors, boxes)  # (N, A, M)
    best = F.one_hot(iou.argmax(1), len(anchors)).mT.bool() & (labels > 0).unsqueeze(1)
    iou, which = torch.where(best, 2.0, iou).max(2)  # an object's best anchor is its own, however low the IoU
    target = labels.gather(1, which).masked_fill(iou < 0.5, -100).masked_fill(iou < 0.4, 0)  # (N, A)
    return target, encode(boxes.gather(1, which.unsqueeze(-1).expand(-1, -1, 4)))  # (N, A, 4)


# %% Drawn images: up to four rectangles, bright (1) or dark (2), in noise
def draw(n):
    size = 10 + 12 * torch.rand(n, M, 2, device=device)
    low = tensor([[0, 0], [24, 0], [0, 24], [24, 24]], device=device) + (24 - size) * torch.rand_like(size)
    labels, pixels = torch.randint(0, K, (n, M), device=device), torch.arange(S, device=device) + 0.5
    x, y = ((low[..., None] < pixels) & (pixels < (low + size)[..., None])).float().unbind(2)  # (n, M, S) each
    images = torch.einsum("nm,nmy,nmx->nyx", tensor([0.0, 1, -1], device=device)[labels], y, x).unsqueeze(1)
    return images + 0.2 * torch.randn_like(images), torch.cat([low, low + size], -1) * labels.sign()[..., None], labels


@torch.no_grad()
def evaluate(net, threshold):  # mean IoU of the objects with the detections, and the reverse
    logits, offsets = net(fresh[0]).split([K, 4], 1)
    scores, kinds = logits.softmax(1)[:, 1:].max(1)  # (N, A); background is never a detection
    found, true = [], []
    for score, kind, box, truth, label in zip(scores, kinds + 1, decode(offsets.mT), *fresh[1:], strict=True):
        keep = [int(i) for i in nms(box, score, kind) if score[i] > threshold]
        iou = F.pad(box_iou(truth, box[keep]) * (label[:, None] == kind[keep]), (0, 1))  # (M, D + 1), other class: 0
        found.append(iou.amax(1)[label > 0])  # 0 where nothing is found
        true.append((iou * (iou == iou.amax(1, keepdim=True)))[:, :-1].amax(0))  # 0 for false alarms and duplicates
    means = torch.cat(found).mean().item(), torch.cat(true).mean().item()
    print("scores over {}: mean IoU of the objects {:.2f}, of the detections {:.2f}".format(threshold, *means))
    return min(means)


# %% One stage: K class scores and four offsets for every anchor
small = tensor([[[3, 3, 13, 13]]], device=device)  # its IoU with each anchor is below 0.4
assert match(small, tensor([[1]], device=device))[0].sum() == 1, "an object has an anchor, however badly it fits"
fresh = draw(64)  # images (n, 1, S, S), boxes (n, M, 4), labels (n, M) that the net is not trained on
convs = [nn.Conv2d(a, b, 3, s, 1) for a, b, s in ((1, 16, 2), (16, 32, 2), (32, 64, 2), (64, 64, 1))]
body = [layer for conv in convs for layer in (conv, nn.ReLU())]  # to (N, 64, 6, 6)
net = nn.Sequential(*body, nn.Conv2d(64, (K + 4) * 3, 1), nn.Unflatten(1, (K + 4, 3)), nn.Flatten(2)).to(device)
assert evaluate(net, threshold=0) < 0.3, "untrained boxes are everywhere: some hit the objects, most hit nothing"

# %% The two-part loss: classes on matched anchors and on the hardest background, offsets on matched anchors alone
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
for step in range(1, 181):
    images, boxes, labels = draw(N)
    target, wanted = match(boxes, labels)
    logits, offsets = net(images).split([K, 4], 1)  # (N, K, A), (N, 4, A)
    errors = F.cross_entropy(logits, target, reduction="none")  # (N, A)
    matched, empty = errors[target > 0], errors[target == 0]
    hardest = empty.topk(3 * len(matched)).values  # three for each matched anchor
    classes = (matched.sum() + hardest.sum()) / len(matched)
    places = F.smooth_l1_loss(offsets.mT[target > 0], wanted[target > 0], reduction="sum") / len(matched)
    loss = classes + 3 * places
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    background, mined = (part.sum() / (matched.sum() + part.sum()) for part in (empty, hardest))  # shares of the loss
    assert step > 1 or mined < 0.85 < background, "unless it is mined, background swamps the loss"
    if step == 1 or step % 60 == 0:
        print(f"step={step} loss={loss:.3f} places={places:.3f} background={background:.2f} mined={mined:.2f}")
assert evaluate(net, threshold=0.5) > 0.6, "most objects are found, and most detections are objects"
