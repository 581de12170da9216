# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Detection as a set: each object is matched to one query of its own, and average precision judges the ranking."""

import os
from itertools import permutations, product

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(None if device.type == "cpu" else device)  # harmless: naming the CPU slows each call
close = torch.testing.assert_close


# %% In short
def corners(boxes):  # centre and size -> x1, y1, x2, y2
    return torch.cat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], -1)


def overlap(a, b):  # corners, broadcast against each other -> IoU and generalised IoU
    shared = (a[..., 2:].minimum(b[..., 2:]) - a[..., :2].maximum(b[..., :2])).clamp(min=0).prod(-1)
    hull = (a[..., 2:].maximum(b[..., 2:]) - a[..., :2].minimum(b[..., :2])).prod(-1)  # the box around both
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    return shared / union, shared / union - (hull - union) / hull


def box_distance(a, b):  # centre and size as shares of the image, broadcast against each other
    return 5 * (a - b).abs().sum(-1) + 2 * (1 - overlap(corners(a), corners(b))[1])  # harmless: symmetry


@torch.no_grad()
def match_queries(logits, boxes, labels, wanted):  # (Q, C + 1), (Q, 4), (M,), (M, 4) -> (M,), each object's query
    # hole: match-queries
    cost = box_distance(boxes[:, None], wanted) - logits.softmax(1)[:, labels]  # (Q, M)
    ways = torch.tensor([*permutations(range(len(boxes)), len(labels))], dtype=torch.long)  # (ways, M)
    totals = cost[ways, range(len(labels))].sum(1)  # (ways,)  # harmless: a mean has the same order
    return ways[totals.argmin()]
    # end


def set_loss(logits, boxes, targets, empty=0.1, match=match_queries):  # (N, Q, C + 1), (N, Q, 4), N (labels, boxes)
    found = [match(logits[n], boxes[n], *target) for n, target in enumerate(targets)]  # N times (M,)
    image = torch.cat([torch.full_like(query, n) for n, query in enumerate(found)])
    query, labels, wanted = torch.cat(found), *map(torch.cat, zip(*targets, strict=True))
    classes = logits.new_full(logits.shape[:2], logits.shape[2] - 1, dtype=torch.long)  # the last is "no object"
    classes[image, query] = labels
    weight = F.pad(logits.new_ones(logits.shape[2] - 1), (0, 1), value=empty)
    places = box_distance(boxes[image, query], wanted).sum() / max(len(labels), 1)  # harmless: symmetry
    return F.cross_entropy(logits.mT, classes, weight) + places


def detect(logits, boxes):  # of one image or several; keep those with a score above your threshold
    scores, labels = logits.softmax(-1)[..., :-1].max(-1)  # the best of the classes, leaving out "no object"
    return scores, labels, corners(boxes)


# %% Distances by hand, matching against all ways, and a loss that does not know the order of the targets
place = torch.tensor([[0.25, 0.25, 0.5, 0.5], [0.875, 0.875, 0.25, 0.25], [0.375, 0.3125, 0.5, 0.625]])
close(torch.stack(overlap(corners(place[2]), corners(place))), torch.tensor([[0.5, 0, 1], [0.46, -4 / 7, 1]]))
close(box_distance(place[0], place), torch.tensor([0, 5 * 1.75 + 2 * 1.6875, 5 * 0.3125 + 2 * 0.54]))
boxes = [(0.5 + torch.rand(q, 4) / 8, 0.5 + torch.rand(m, 4) / 8) for q, m in [*product((3, 4, 5), (3, 0, 1, 2))] * 5]
cases = [(2 * torch.randn(len(b), 4), b, torch.randint(3, (len(wanted),)), wanted) for b, wanted in boxes]
for z, b, labels, wanted in cases:
    cost = [(box_distance(b, wanted[m]) - z.softmax(1)[:, k]).tolist() for m, k in enumerate(labels)]  # harmless: equal
    sums = [sum(cost[m][q] for m, q in enumerate(way)) for way in permutations(range(len(b)), len(labels))]
    given, query = [*map(torch.clone, (z, b, labels, wanted))], match_queries(z, b, labels, wanted).tolist()
    close([z, b, labels, wanted], given, rtol=0, atol=0)  # left as they were
    assert len({*query}) == len(labels) and sum(cost[m][q] for m, q in enumerate(query)) < min(sums) + 1e-4, "optimal"

logits, boxes = map(torch.stack, [*zip(*cases[-4:], strict=True)][:2])  # five queries each, 3 + 0 + 1 + 2 objects
weights, classes, distance = torch.full((4, 5), 0.1), torch.full((4, 5), 3), 0.0
for n, (*output, labels, wanted) in enumerate(cases[-4:]):
    query = match_queries(*output, labels, wanted)
    weights[n, query], classes[n, query] = 1, labels
    distance += box_distance(boxes[n, query], wanted).sum() / 6  # harmless: symmetry
by_hand = -(weights * logits.log_softmax(2).gather(2, classes[..., None])[..., 0]).sum() / weights.sum() + distance
close(set_loss(logits, boxes, [case[2:] for case in cases[-4:]]), by_hand)
close(set_loss(logits, boxes, [(case[2].flip(0), case[3].flip(0)) for case in cases[-4:]]), by_hand)


# %% Average precision: one detection after the other, from the best score down
def average_precision(scores, hits, count):  # (D,), (D,) of booleans, the number of objects
    # hole: average-precision
    order = scores.argsort(descending=True)
    found = hits[order].cumsum(0)  # (D,), by the first one, two, ...
    precision = found / torch.arange(1, len(hits) + 1)
    best = precision.flip(0).cummax(0).values.flip(0)  # with so many detections or more
    return best[hits[order]].sum() / count
    # end


def by_definition(scores, hits, count):  # for each number of objects the best precision of all cuts that find so many
    ranked = [hit for _, hit in sorted(zip(scores.tolist(), hits.tolist(), strict=True), reverse=True)]
    cuts = [(sum(ranked[:n]), sum(ranked[:n]) / n) for n in range(1, len(ranked) + 1)]
    return sum(max((p for found, p in cuts if found >= k), default=0) for k in range(1, count + 1)) / count


hits = torch.tensor([0, 1, 1, 0, 1]) > 0  # from the best score down: precision 1, 1/2, 2/3, 3/4, 3/5
assert abs(average_precision(torch.tensor([0.5, 0.9, 0.6, 0.8, 0.7]), hits, 4) - (1 + 3 / 4 + 3 / 4 + 0) / 4) < 1e-6
for trial in range(60):
    scores, hits = torch.rand(trial), torch.rand(trial) < 0.5
    count = max(1, hits.sum().item() + trial % 3)  # harmless: the case by hand misses one as well
    assert abs(average_precision(scores, hits, count) - by_definition(scores, hits, count)) < 1e-5


def mean_ap(found, targets, least=0.5):  # for each image (scores, labels, corners) and (labels, boxes)
    hits = [torch.zeros(len(scores), dtype=torch.bool) for scores, *_ in found]
    for (scores, labels, boxes), (true, wanted), hit in zip(found, targets, hits, strict=True):
        fits = overlap(boxes[:, None], corners(wanted))[0] * (labels[:, None] == true)  # (D, M)  # harmless: symmetry
        for d in scores.argsort(descending=True):
            fit, m = F.pad(fits[d], (0, 1)).max(0)
            hit[d] = fit >= least
            fits[:, m : m + hit[d]] = 0  # an object is found once: the next one is a false alarm
    scores, labels, _, true, _, hits = map(torch.cat, (*zip(*found, strict=True), *zip(*targets, strict=True), hits))
    each = [average_precision(scores[labels == k], hits[labels == k], int((true == k).sum())) for k in true.unique()]
    return float(sum(each)) / len(each)


scores, labels = torch.tensor([[0.6, 0.9, 0.7, 0.8, 1], [0.75] * 5]), torch.tensor([[1, 0, 0, 0, 1], [0, 3, 3, 3, 3]])
found = [*zip(scores, labels, corners(place[torch.tensor([[2, 1, 0, 1, 1], [0, 0, 0, 0, 0]])]), strict=True)]
truth = [(torch.tensor([0, 0, 1]), place[[0, 1, 0]]), (labels[0, :0], place[:0])]  # harmless: empty is empty
for least, second in ((0.5, 1 / 2), (0.51, 0)):  # class 0: found, again, no object, found; 1: no, IoU 1/2
    close(mean_ap(found, truth, least), ((1 + 2 / 4) / 2 + second) / 2)


# %% A small DETR on drawn boxes: each object given to one query, to two queries, or to that of its place in the list
def draw(count):  # at most two objects an image, in any order, bright (class 0) or dark (1)
    size, labels, here = torch.randint(5, 9, (count, 2, 2)), torch.randint(2, (count, 2)), torch.rand(count, 2) < 0.8
    tile = torch.rand(count, 4).argsort(1)[:, :2, None]  # of 2 x 2
    corner = 8 * torch.cat([tile % 2, tile // 2], 2) + (torch.rand(count, 2, 2) * (9 - size)).long()  # x and y
    along = torch.arange(16).expand(count, 2, 2, 16) - corner[..., None]  # pixels from the corner
    x, y = ((along >= 0) & (along < size[..., None])).unbind(2)  # (count, 2, 16) each
    shades = torch.einsum("nk,nkx,nky->nyx", (1.0 - 2 * labels) * here, x.float(), y.float())
    boxes = torch.cat([corner + size / 2, size], 2) / 16
    assert torch.equal(shades.abs().sum((1, 2)), (size.prod(2) * here).sum(1).float()), "an object fills its box"
    return (shades + torch.randn(count, 16, 16) / 5)[:, None], [(labels[n, m], boxes[n, m]) for n, m in enumerate(here)]


class Detector(nn.Module):
    def __init__(self, queries=5, d=32):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, d, 5, 2, 2))  # harmless: less
        self.places, self.queries = (nn.Parameter(torch.randn(n, d)) for n in (16, queries))
        layer = nn.TransformerDecoderLayer(d, 4, 64, dropout=0, batch_first=True, norm_first=True)  # harmless: less
        self.decoder, self.classes = nn.TransformerDecoder(layer, 1, nn.LayerNorm(d)), nn.Linear(d, 3)  # harmless: less
        self.box = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 4), nn.Sigmoid())  # harmless: fewer layers do

    def forward(self, images):
        cells = self.features(images).flatten(2).mT + self.places  # (N, 16, 32)  # harmless: a learned sign
        states = self.decoder(self.queries.expand(len(images), -1, -1), cells)  # (N, 5, 32), one for each query
        return self.classes(states), self.box(states)


(images, targets), (tests, truths) = draw(512), draw(128)
assert not torch.isin(images[:, 0, 0, 0], tests[:, 0, 0, 0]).any(), "held out"
results, listed = {}, lambda *case: torch.arange(len(case[2]))
for way, copies, match in (("one query", 1, match_queries), ("two queries", 2, match_queries), ("by list", 1, listed)):
    torch.manual_seed(0)
    net = Detector()
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    for step, rows in enumerate(torch.randint(512, (120, 8)).tolist()):
        optimizer.param_groups[0]["lr"] = 0.006 * (1 - step / 120)  # harmless: another rate learns as well
        wanted = [(targets[n][0].repeat(copies), targets[n][1].repeat(copies, 1)) for n in rows]
        loss = set_loss(*net(images[rows]), wanted, match=match)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scores, labels, boxes = detect(*net(tests))
    ap, sure = mean_ap([*zip(scores, labels, boxes, strict=True)], truths), scores > 0.5
    results[way] = ap, sure.sum().item() / sum(len(true) for true, _ in truths)
    print(f"{way}: step=120 {loss=:.2f}, then AP {ap:.2f}, and {results[way][1]:.1f} boxes an object score over 0.5")
    assert all(0.1 < labels[s, q].float().mean() < 0.9 for q, s in enumerate(sure.T) if s.sum() > 30), "finds both"
(ap, rate), (two, twice), (listed, _) = results.values()
assert ap > max(0.6, two + 0.1, listed + 0.4) and 0.6 < rate < min(2, twice - 0.5) and scores.min() > 0, "one query"
