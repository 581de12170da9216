# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Segmentation classifies every pixel; mean IoU shows what pixel accuracy hides: whether small classes are found."""

import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, C, H, W = 16, 3, 32, 48  # batch, classes, height, width


# %% In short
criterion = nn.CrossEntropyLoss(ignore_index=255)  # 255 marks pixels that do not count


def train_step(net, optimizer, images, target, criterion):
    loss = criterion(net.train()(images), target)  # logits (N, C, H, W), no softmax; class indices (N, H, W), long
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()  # harmless: it only spares memory
def evaluate(net, batches):
    matrix = 0
    for images, target in batches:
        guess, known = net.eval()(images).argmax(1), target != 255  # (N, H, W) each
        matrix += confusion(guess[known], target[known])  # (C, C), counts add up  # harmless: transposed, the same IoU
    return mean_iou(matrix)


# %% Drawn scenes in noise: a bright disc (1) and a dark square (2) on background (0)
def draw(n):
    y, x = torch.arange(H, device=device).unsqueeze(1), torch.arange(W, device=device)  # (H, 1), (W,)
    target = torch.zeros(n, H, W, dtype=torch.long, device=device)  # (n, H, W), one class index a pixel
    for kind in (1, 2):
        a, b, radius = torch.rand(3, n, 1, 1, device=device)
        dx, dy = (x - 6 - (W - 12) * a).abs(), (y - 6 - (H - 12) * b).abs()  # (n, 1, W), (n, H, 1)
        away = (dx**2 + dy**2).sqrt() if kind == 1 else torch.maximum(dx, dy)  # harmless: other shapes would do
        target[away < 4 - kind + 2 * radius] = kind
    images = torch.tensor([0.0, 1, -1], device=device)[target].unsqueeze(1)  # (n, 1, H, W)
    return images + 0.5 * torch.randn_like(images), target


# %% Shapes: logits (N, C, H, W) against class indices (N, H, W) are N * H * W classifications
images, target = draw(N)
one_hot = F.one_hot(target, C).movedim(-1, 1)  # (N, C, H, W), long
logits = torch.randn(N, C, H, W, device=device) + 2 * one_hot  # the true class scores higher, often highest
loss = F.cross_entropy(logits, target)
rows = logits.movedim(1, -1).reshape(-1, C)  # (N * H * W, C)
torch.testing.assert_close(loss, F.cross_entropy(rows, target.flatten()), rtol=1e-4, atol=1e-5)
shuffled = logits.reshape(-1, C)  # runs too
assert F.cross_entropy(shuffled, target.flatten()) > loss + 0.5, "reshape alone puts scores of other pixels into a row"
torch.testing.assert_close(F.cross_entropy(logits, one_hot.float()), loss, rtol=1e-4, atol=1e-5)  # as probabilities


# %% Mean IoU from a confusion matrix: entry (t, g) counts pixels of class t that were given class g
def confusion(guess, target):  # (..., H, W) each -> (C, C)
    # hole: confusion-matrix
    return (C * target + guess).flatten().bincount(minlength=C * C).view(C, C)
    # end


def mean_iou(matrix):
    # hole: mean-iou
    hits = matrix.diagonal()  # (C,)
    union = matrix.sum(0) + matrix.sum(1) - hits  # (C,), pixels that are of the class or were given it
    return (hits / union)[union > 0].mean()  # a class that is nowhere has no IoU
    # end


matrix = confusion(guess := logits.argmax(1), target)  # (N, H, W) each  # harmless: any guess would do here
iou = torch.stack([((guess == c) & (target == c)).sum() / ((guess == c) | (target == c)).sum() for c in range(C)])
assert matrix.sum() == target.numel() and matrix[2, 0] == ((target == 2) & (guess == 0)).sum(), "rows are the truth"
torch.testing.assert_close(mean_iou(matrix), iou.mean())  # the matrix agrees with the direct count
absent = target[0] * 0  # classes 1 and 2 do not occur  # harmless: any mask
assert confusion(absent, absent).tolist() == [[H * W, 0, 0], [0, 0, 0], [0, 0, 0]], "absent classes keep their rows"
worked = torch.tensor([[1, 1, 0], [0, 0, 0], [0, 0, 0]], device=device)  # IoU 1/2 and 0/1, the third is absent
assert abs(mean_iou(worked).item() - 0.25) < 1e-5, "an absent class is left out, one that is only guessed counts 0"


# %% Dice: the overlap as a loss, with probabilities in place of hard choices
def dice(logits, target):  # (N, C, H, W), (N, H, W) -> (C,)
    share, truth = logits.softmax(1), F.one_hot(target, C).movedim(-1, 1)  # (N, C, H, W) each
    return 2 * (share * truth).sum((0, 2, 3)) / (share + truth).sum((0, 2, 3))


sure = 100.0 * F.one_hot(guess, C).movedim(-1, 1)  # (N, C, H, W), probabilities of 0 and 1
torch.testing.assert_close(dice(sure, target), 2 * iou / (1 + iou))  # then Dice is F1


# %% An encoder-decoder: down to a quarter of the size, and back up to one score a class and pixel
def block(inputs, outputs, stride=1):
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())  # harmless: these images are easy


def with_dice(logits, target):
    return F.cross_entropy(logits, target) + 1 - dice(logits, target).mean()  # harmless: other weights would do


fresh, reached = draw(128), {}
halves = list(zip(*(part.split(64) for part in fresh), strict=True))  # two batches
for loss_of in (F.cross_entropy, with_dice):  # the same first weights, the same images
    torch.manual_seed(1)
    up = nn.Upsample(scale_factor=2, mode="bilinear")  # no weights, so one serves twice  # harmless: nearest would do
    encoder = [block(1, 16, 2), block(16, 32, 2), block(32, 32)]  # (N, 32, H / 4, W / 4)
    decoder = [up, block(32, 16), up, nn.Conv2d(16, C, 3, padding=1)]  # (N, C, H, W)
    net = nn.Sequential(*encoder, *decoder).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(1, 81):
        images, target = draw(N)  # harmless: one batch of these easy images would do
        assert not (images[:, None, 0, 0] == fresh[0][:, 0, 0]).all(2).any(), "no image of the test is trained on"
        train_step(net, optimizer, images, target, loss_of)
        if step in (10, 20, 30, 80):
            reached[loss_of, step] = evaluate(net, halves).item()
            print(f"step={step} iou={reached[loss_of, step]:.2f} {loss_of.__name__}")
early = [sum(reached[loss_of, step] for step in (10, 20, 30)) for loss_of in (F.cross_entropy, with_dice)]
assert early[1] > early[0] and reached[F.cross_entropy, 80] > 0.5, "with Dice the small classes are found sooner"

# %% Fresh images: the net against a guess of background everywhere
images, target = fresh
with torch.no_grad():
    logits = net.eval()(images)
    torch.testing.assert_close(net(images[:1]), logits[:1], rtol=1e-3, atol=1e-3)  # eval: no image depends on its batch
    assert net(images[:1, :, :20, :28]).shape == (1, C, 20, 28), "any sides that are multiples of four"
guesses = torch.zeros_like(target), logits.argmax(1)
assert logits.shape == (128, C, H, W) and target.shape == (128, H, W), "the logits alone have a class dimension"
matrices = [confusion(guess, target) for guess in guesses]  # harmless: transposed, the same IoU
accuracy = [(matrix.trace() / matrix.sum()).item() for matrix in matrices]
miou = [mean_iou(matrix).item() for matrix in matrices]
print(f"background everywhere: pixel accuracy {accuracy[0]:.3f}, mean IoU {miou[0]:.3f}")
print(f"trained net: pixel accuracy {accuracy[1]:.3f}, mean IoU {miou[1]:.3f}")
assert accuracy[0] > 0.9 and miou[0] < 0.35, "accuracy flatters a guess that finds nothing"
assert miou[1] > 0.7 and miou[1] - miou[0] > 3 * (accuracy[1] - accuracy[0]), "the net finds both small classes"
probe = nn.Conv2d(1, C, 1).to(device).eval()  # harmless: either mode
target[..., 24:] = 255  # the right half of every mask is unknown
assert evaluate(net, [(images, target)]) == mean_iou(confusion(guesses[1][..., :24], target[..., :24]))
for _ in range(2):  # a gradient that is left over from the first step would make the second too long
    loss = F.cross_entropy(probe(images[..., :24]), target[..., :24])
    wanted = (probe.weight - torch.autograd.grad(loss, probe.weight)[0]).detach().clone()  # harmless: a copy
    train_step(probe, torch.optim.SGD(probe.parameters(), lr=1.0), images, target, criterion)
    torch.testing.assert_close(probe.weight, wanted, rtol=1e-3, atol=1e-5)  # unknown pixels do not count
assert probe.training, "a step is taken in training mode"
