# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A rare class drowns in the mean of cross entropy; Dice measures it by its own size. Add the two, watch precision."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny images: more threads wait longer than they work
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
def rare_class_loss(logits, target, weight=None, ignore_index=255):  # logits, not softmax; long targets (N, H, W)
    share, truth = masked(logits, target, ignore_index)
    dice = dice_loss(share[:, 1:], truth[:, 1:])  # class 0, the background, is left to cross entropy
    return F.cross_entropy(logits, target, weight=weight, ignore_index=ignore_index) + dice


def masked(logits, target, ignore_index=255):  # (N, C, H, W), class indices (N, H, W)
    # hole: ignored-pixels
    known = (target != ignore_index).unsqueeze(1)  # (N, 1, H, W)
    safe = target * known.squeeze(1)  # one_hot refuses 255 and -100
    truth = F.one_hot(safe, logits.shape[1]).movedim(-1, 1)  # (N, C, H, W)
    return logits.softmax(1) * known, truth * known  # 0 at ignored pixels: they leave every sum
    # end


def dice_loss(share, truth):  # probabilities and one-hot truth, (N, C, H, W) each
    # hole: dice-loss
    present = truth.any((0, 2, 3))  # (C,), a class that the batch lacks has no Dice
    overlap, areas = (x.sum((0, 2, 3))[present] for x in (share * truth, share + truth))  # (C,)  # harmless: means do
    return (1 - 2 * overlap / areas).sum() / present.sum().clamp(min=1)
    # end


# %% Ignored pixels count nowhere: the loss is that of the image without them
logits = torch.randn(2, 4, 4, 6, dtype=torch.float64, device=device, requires_grad=True)
weight = torch.tensor([1.0, 2, 5, 4], dtype=torch.float64, device=device)
for ignored in (-100, 255):
    target = torch.arange(48, device=device).view(2, 4, 6) % 3  # the last of the four classes does not occur
    target[:, :, 0] = ignored
    given, (cut, known) = target.clone(), (logits[..., 1:], target[..., 1:])  # harmless: nothing changes it
    share, truth = masked(logits, target, ignored)
    assert torch.equal(target, given) and not share[..., 0].any() and not truth[..., 0].any()
    torch.testing.assert_close(share[..., 1:], cut.softmax(1))
    assert torch.equal(truth[..., 1:].bool(), F.one_hot(known, 4).movedim(-1, 1).bool())
    loss, dice = rare_class_loss(logits, target, weight, ignored), dice_loss(share, truth)
    torch.testing.assert_close(dice, dice_loss(*masked(cut, known, ignored)))
    torch.testing.assert_close(loss, F.cross_entropy(cut, known, weight) + dice_loss(share[:, 1:], truth[:, 1:]))
    for slope in (torch.autograd.grad(x, logits, retain_graph=True)[0] for x in (loss, dice)):  # (2, 4, 4, 6)
        assert not slope[..., 0].any() and slope[..., 1:].all(), "ignored pixels: exactly no gradient"
nothing = dice_loss(*masked(logits, target * 0 + ignored, ignored))
assert nothing == 0 and not torch.autograd.grad(nothing, logits, retain_graph=True)[0].any(), "all ignored"


# %% Tversky prices false alarms and misses apart; focal loss damps the pixels that are sure
def tversky_loss(share, truth, alpha, beta):  # alpha: price of a false alarm, beta: of a miss
    hit, called, real = (x.sum((0, 2, 3)) for x in (share * truth, share, truth))  # (C,)
    return (1 - hit / (hit + alpha * (called - hit) + beta * (real - hit))).mean()


def focal_loss(logits, target, gamma=2.0, ignore_index=255):
    ce = F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="none")  # (N, H, W), 0 where ignored
    return ((1 - torch.exp(-ce)) ** gamma * ce).sum() / (target != ignore_index).sum()


torch.testing.assert_close(tversky_loss(share[:, :3], truth[:, :3], 0.5, 0.5), dice_loss(share, truth))
torch.testing.assert_close(focal_loss(logits, target, gamma=0), F.cross_entropy(logits, target, ignore_index=255))
pixels, void = torch.tensor([[0.9, 0.5, 0.3], [0.1, 0.5, 0.7]]).log().view(1, 2, 1, 3), torch.tensor([[[0, 0, 255]]])
assert abs(focal_loss(pixels, void) - 0.08717) < 1e-5, "(0.1**2 * 0.10536 + 0.5**2 * 0.69315) / 2, by hand"

# %% On hard masks Dice is F1
guess, target = (torch.randint(classes, (4, 16, 16), device=device) for classes in (3, 2))  # 2 does not occur
hard, truth = (F.one_hot(x, 3).movedim(-1, 1).double() for x in (guess, target))  # (4, 3, 16, 16) each
hits = torch.stack([((guess == c) & (target == c)).sum() for c in (0, 1)]).double()  # (2,), counted
called, real = (torch.stack([(x == c).sum() for c in (0, 1)]).double() for x in (guess, target))
f1 = 2 / (called / hits + real / hits)  # the harmonic mean of precision and recall
torch.testing.assert_close(dice_loss(hard, truth), 1 - f1.mean())
wanted = hits / (0.3 * called + 0.7 * real)  # as 0.3 + 0.7 is 1
torch.testing.assert_close(tversky_loss(hard[:, :2], truth[:, :2], 0.3, 0.7), 1 - wanted.mean())

# %% Who pulls? The gradient on an image of 1% foreground, at the same probability everywhere
target = (torch.arange(10_000, device=device) < 100).long().view(1, 100, 100)
balanced = 1 / target.flatten().bincount()  # (2,), only the ratio counts
losses = {
    "CE": F.cross_entropy,
    "weighted CE": lambda logits, target: F.cross_entropy(logits, target, weight=balanced.to(logits)),
    "Dice of both classes": lambda logits, target: dice_loss(*masked(logits, target)),
    "Dice of the foreground": lambda logits, target: dice_loss(*(x[:, 1:] for x in masked(logits, target))),
    "CE + Dice": rare_class_loss,
}
part, pull = {}, {}
for name, loss_of in losses.items():
    for p in (0.5, 0.01, 0.0001):
        margin = torch.full((1, 1, 100, 100), p, dtype=torch.float64, device=device).logit().requires_grad_()
        slope = torch.autograd.grad(loss_of(torch.cat([0 * margin, margin], 1), target), margin)[0].flatten().abs()
        part[name, p], pull[name, p] = (slope[:100].sum() / slope.sum()).item(), slope[0].item()  # harmless: all alike
    print(f"{name}: foreground has {part[name, 0.5]:.3f} of the gradient at p = 0.5, {part[name, 0.01]:.3f} at 0.01")
ce, weighted, whole, front, both = losses
assert abs(part[ce, 0.5] - 0.01) < 1e-6 and abs(part[weighted, 0.5] - 0.5) < 1e-6
assert part[whole, 0.5] < 0.05 and part[front, 0.5] > 0.5, "the Dice of the background pulls as cross entropy does"
assert abs(part[ce, 0.01] - 0.5) < 1e-6 and part[front, 0.01] > 0.6, "cross entropy is content with 1% everywhere"
assert pull[front, 0.0001] < pull[front, 0.5] / 40 and pull[ce, 0.0001] > 1.9 * pull[ce, 0.5], "sure misses"


# %% A boundary: pixels with another label among their 3x3 neighbours
def edge(target):  # (N, H, W) -> the same, bool
    labels = target.float()
    return F.max_pool2d(labels, 3, 1, 1) != -F.max_pool2d(-labels, 3, 1, 1)


assert edge(F.pad(torch.ones(1, 3, 3, device=device), (4, 4, 4, 4))).sum() == 8 + 16, "an object's rim, and a ring"

# %% Empty masks: the object of the first image is found; in the three others every pixel has 1%
truth, share = torch.zeros(2, 4, 1, 10, 10, device=device)
truth[0, 0, :2, :2], share[1:] = 1, 0.01
share = (share + truth).requires_grad_()
overlap, areas = (x.sum((1, 2, 3)) for x in (share * truth, share + truth))  # (4,), one an image
tiny, one = (((2 * overlap + smooth) / (areas + smooth)).mean() for smooth in (1e-6, 1.0))
batch = 1 - dice_loss(share, truth)  # harmless: swapped, Dice is the same
for name, dice, wanted in (("1e-6", tiny, 0.25), ("1", one, 0.625), ("none, whole batch", batch, 8 / 11)):
    slope = torch.autograd.grad(dice, share, retain_graph=True)[0][1:].abs().max()  # harmless: all alike
    print(f"smooth {name}: Dice {dice:.3f}, gradient where the mask is empty {slope:.0e}")
    assert abs(dice - wanted) < 1e-4 and (slope < 1e-6) == (name == "1e-6"), "no gradient behind a tiny smooth"


# %% Drawn images: a 2x2 object in noise, 1% of the pixels
def draw(n):
    down, right = torch.randint(19, (2, n, 1, 1), device=device)
    y, x = torch.arange(20, device=device).view(20, 1), torch.arange(20, device=device)
    target = ((y - down) // 2 == 0) & ((x - right) // 2 == 0)  # (n, 20, 20)
    return torch.randn(n, 1, 20, 20, device=device) + 2.25 * target.unsqueeze(1), target.long()


def judge(net, rows):
    p = net(images[rows]).detach().softmax(1)[:, 1]  # (n, 20, 20)  # harmless: it would only keep the graph
    assert rows.min() >= 128 and 0 <= p.min() <= p.max() <= 1, "the last images are for the test alone"
    called, real = p > 0.5, target[rows] == 1
    return torch.stack([(called & real).sum(), called.sum(), real.sum(), p[called].sum()])


sums = {}
for seed in range(3):
    torch.manual_seed(seed)
    images, target = draw(192)
    train, test = torch.arange(192, device=device).split(128)
    for name, loss_of in losses.items():
        torch.manual_seed(seed)  # the same first weights and the same batches for each loss
        first, second, last = (nn.Conv2d(i, o, 3, padding=1) for i, o in ((1, 8), (8, 8), (8, 2)))
        net = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last).to(device)  # harmless: one ReLU would do
        optimizer = torch.optim.Adam(net.parameters(), lr=0.02, fused=True)
        for step in range(1, 201 if name in (ce, both) else 61):
            rows = train[torch.randperm(128, device=device)[:8]]
            assert rows.max() < 128, "trained on the first images alone"
            optimizer.zero_grad()
            loss_of(net(images[rows]), target[rows]).backward()
            optimizer.step()
            if step in (60, 200):  # harmless: more steps may be judged
                sums[step, name] = sums.get((step, name), 0) + judge(net, test)
recall, precision, sure = {}, {}, {}
for key, (hits, called, real, said) in sorted(sums.items()):  # harmless: order
    called = called.clamp(min=1)  # harmless: 0 is printed, not nan
    recall[key], precision[key] = (hits / real).item(), (hits / called).item()
    sure[key] = (said / called).item()  # the mean probability of what is called foreground
    print(f"step={key[0]} recall={recall[key]:.2f} precision={precision[key]:.2f} probability={sure[key]:.2f} {key[1]}")
assert 1 > recall[60, both] > recall[60, ce] + 0.25 and recall[200, ce] > max(0.4, recall[200, both] - 0.2), "late"
assert recall[60, weighted] > 0.85 and precision[60, weighted] < precision[60, both] - 0.15, "weights: false alarms"
assert recall[60, whole] < 0.3 and real == 3 * 64 * 4, "Dice alone, with the background in its mean, loses the class"
assert 1 > sure[200, both] > max(sure[200, ce] + 0.04, precision[200, both] + 0.02), "Dice is surer than it is right"
