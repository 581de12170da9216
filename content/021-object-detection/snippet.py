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


# %% In short
def detection_loss(logits, offsets, target, wanted, ratio=3):  # (N, K, A), (N, 4, A), (N, A), (N, A, 4)
    errors = F.cross_entropy(logits, target, reduction="none")  # (N, A); class 0 is background, -100 is left out
    matched, empty = errors[target > 0], errors[target == 0]
    count = max(len(matched), 1)  # a batch without objects must not divide by zero
    hardest = empty.topk(min(ratio * count, len(empty))).values  # three of the background for each matched anchor
    places = F.smooth_l1_loss(offsets.mT[target > 0], wanted[target > 0], reduction="sum")
    return (matched.sum() + hardest.sum() + places) / count


def detect(logits, offsets, threshold=0.5, limit=0.4):  # (K, A), (4, A): those of one image
    scores, labels = logits.softmax(0)[1:].max(0)  # (A,) each; background is never a detection
    sure = scores > threshold
    boxes, scores, labels = decode(offsets.mT)[sure], scores[sure], labels[sure] + 1
    keep = nms(boxes, scores, labels, limit)
    return boxes[keep], scores[keep], labels[keep]  # (D, 4), (D,), (D,)


zeros = torch.zeros(1, 4, 108, device=device)
for matched, by_hand in ((0, 3.2958), (1, 6.3944), (2, 6.3944)):  # 3 ln 3 of background; then ln 3 and 4 * 0.5 more
    target = (torch.arange(108, device=device) < matched).long()[None]  # (1, A)
    assert abs(detection_loss(zeros[:, 1:], zeros, target, 1 - zeros.mT) - by_hand) < 1e-3, "divided by the matched"


# %% IoU of every box of `a` with every box of `b`, and NMS; a box is (x1, y1, x2, y2), measured at the edges of pixels
def box_iou(a, b):  # (..., A, 4), (..., B, 4) -> (..., A, B)
    low_a, high_a = a.unsqueeze(-2).split(2, -1)  # (..., A, 1, 2) each, (x1, y1) and (x2, y2)
    low_b, high_b = b.unsqueeze(-3).split(2, -1)  # (..., 1, B, 2) each
    # hole: box-iou
    sides = high_a.minimum(high_b) - low_a.maximum(low_b)  # (..., A, B, 2), width and height
    shared = sides.clamp(min=0).prod(-1)  # (..., A, B); two negative sides must not make a positive area
    return shared / ((high_a - low_a).prod(-1) + (high_b - low_b).prod(-1) - shared)
    # end


def nms(boxes, scores, labels, limit):  # (D, 4), (D,), (D,) -> indices, best first
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
row = tensor([[x, 0.0, x + 12, 10] for x in (4, 8, 0, 4)], device=device)  # IoU with the third: 1/2, 1/5, 1, 1/2
scores, labels = tensor([[0.8, 0.6, 0.9, 0.7], [1, 1, 1, 2]], device=device)
for limit, kept in ((0.4, [2, 3, 1]), (0.1, [2, 3]), (0.5, [2, 0, 3, 1])):  # 1/2 does not exceed 0.5
    assert [int(i) for i in nms(row, scores, labels, limit)] == kept, "rivals are kept, of one class, over the limit"

# %% Anchors: three shapes in each of 6x6 cells; boxes are written as offsets from them
origin = torch.cartesian_prod(*[torch.arange(4, S, 8, device=device)] * 2).flip(1).repeat(3, 1)  # (A, 2); A = 3 * 36
scale = tensor([[16, 16], [20, 12], [12, 20]], device=device).repeat_interleave(36, 0)  # (A, 2), width, height


def encode(boxes):  # (..., A, 4), a box for each anchor
    centre, size = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    return torch.cat([(centre - origin) / scale, (size / scale).log()], -1)


def decode(offsets):  # (..., A, 4)
    centre, size = origin + offsets[..., :2] * scale, offsets[..., 2:].exp() * scale
    return torch.cat([centre - size / 2, centre + size / 2], -1)


anchors = decode(torch.zeros(len(origin), 4, device=device))  # (A, 4), each is 0 away from itself
torch.testing.assert_close(encode(boxes[1])[36], tensor([0.4, 1 / 6, -0.2231436, -1.0986123], device=device))  # by hand
torch.testing.assert_close(decode(encode(boxes[:, None])), boxes[:, None].expand(5, 108, 4), rtol=1e-4, atol=1e-4)


# %% Matching: each anchor is given an object, the background (0), or nothing to learn (-100)
def match(boxes, labels):  # (N, M, 4), (N, M), label 0 for no object
    iou = box_iou(anchors, boxes)  # (N, A, M)
    best = F.one_hot(iou.argmax(1), len(anchors)).mT.bool() & (labels > 0).unsqueeze(1)
    iou, which = torch.where(best, 2.0, iou).max(2)  # an object's best anchor is its own, however low the IoU
    target = labels.gather(1, which).masked_fill(iou < 0.5, -100).masked_fill(iou < 0.4, 0)  # (N, A)
    return target, encode(boxes.gather(1, which.unsqueeze(-1).expand(-1, -1, 4)))  # (N, A, 4)


objects = tensor([[[0, 0, 0, 0], [-4, -4, 12, 12]], [[3, 3, 13, 13], [12, 12, 28, 23]]], device=device)
target = match(objects, tensor([[0, 2], [1, 2]], device=device))[0]  # second image: IoU .42; .69, .53, .46, .42, .41
assert target[0, 0] == 2, "padding claims no anchor"
assert target[1].sort()[0].tolist() == [*[-100] * 3, *[0] * 102, 1, 2, 2], "0.4 to 0.5 is left out, the best is not"


# %% Drawn images: up to four rectangles, bright (1) or dark (2), in noise
def draw(n):
    size = 10 + 12 * torch.rand(n, M, 2, device=device)
    low = tensor([[0, 0], [24, 0], [0, 24], [24, 24]], device=device) + (24 - size) * torch.rand_like(size)
    labels, pixels = torch.randint(0, K, (n, M), device=device), torch.arange(S, device=device) + 0.5
    x, y = ((low[..., None] < pixels) & (pixels < (low + size)[..., None])).float().unbind(2)  # (n, M, S) each
    images = torch.einsum("nm,nmy,nmx->nyx", tensor([0.0, 1, -1], device=device)[labels], y, x).unsqueeze(1)
    return images + 0.2 * torch.randn_like(images), torch.cat([low, low + size], -1) * labels.sign()[..., None], labels


@torch.no_grad()  # harmless: it only spares memory
def evaluate(net, threshold):  # mean IoU of the objects, recall, precision
    overlaps, count = [], 0
    for output, truth, label in zip(net(fresh[0]), *fresh[1:], strict=True):
        found, sure, kinds = detect(*output.split([K, 4]), threshold)
        iou = box_iou(truth, found) * (label[:, None] == kinds)  # (M, D); a detection of another class does not count
        overlaps += F.pad(iou, (0, 1)).amax(1)[label > 0].tolist()  # of each object, 0 where nothing is found
        count += len(found)  # duplicates find no further object, but they are counted
    hits = sum(overlap > 0.5 for overlap in overlaps)
    assert len(overlaps) == fresh[2].count_nonzero() and (sure < 1).all(), "every object counts, scores are shares"
    return sum(overlaps) / len(overlaps), hits / len(overlaps), hits / max(count, 1)


# %% The same net and batches, with three of the background for each matched anchor, then with all of the background
fresh, results = draw(64), []  # images (n, 1, S, S), boxes (n, M, 4), labels (n, M) that no net is trained on
for ratio in (3, 999):
    torch.manual_seed(1)
    sizes = (1, 16, 2), (16, 32, 2), (32, 64, 2), (64, 64, 1)  # channels in, out, stride
    body = [layer for a, b, stride in sizes for layer in (nn.Conv2d(a, b, 3, stride, 1), nn.ReLU())]  # (N, 64, 6, 6)
    net = nn.Sequential(*body, nn.Conv2d(64, (K + 4) * 3, 1), nn.Unflatten(1, (-1, 3)), nn.Flatten(2)).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    for step in range(181):
        images, boxes, labels = draw(N)
        assert not torch.isin(images[:, 0, :2, 0], fresh[0][:, 0, :2, 0]).all(1).any(), "no test image is trained on"
        logits, offsets = net(images).split([K, 4], 1)  # (N, K, A), (N, 4, A)
        loss = detection_loss(logits, offsets, *match(boxes, labels), ratio)
        if step in (0, 60, 180):
            results.append(evaluate(net, threshold=0.5 if step else 0.0))
            print("step={} loss={:.2f} iou={:.2f} recall={:.2f} precision={:.2f}".format(step, loss, *results[-1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
start, early, mined, _, slow, _ = results
assert start[2] < 0.1 < min(start[:2]) < max(start) < 1, "untrained, some boxes hit the objects, most hit nothing"
assert early[1] > slow[1] + 0.1 and min(mined) > 0.6, "mining gives a lead; in the end most objects are found"
