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


# %% Drawn scenes in noise: a bright disc (1) and a dark square (2) on background (0)
def draw(n):
    y, x = torch.arange(H, device=device).unsqueeze(1), torch.arange(W, device=device)  # (H, 1), (W,)
    target = torch.zeros(n, H, W, dtype=torch.long, device=device)  # (n, H, W), one class index a pixel
    for kind in (1, 2):
        a, b, radius = torch.rand(3, n, 1, 1, device=device)
        dx, dy = (x - 6 - (W - 12) * a).abs(), (y - 6 - (H - 12) * b).abs()  # (n, 1, W), (n, H, 1)
        inside = dx**2 + dy**2 < (3 + 2 * radius) ** 2 if kind == 1 else torch.maximum(dx, dy) < 2 + 2 * radius
        target[inside] = kind
    images = torch.tensor([0.0, 1, -1], device=device)[target].unsqueeze(1)  # (n, 1, H, W)
    return images + 0.5 * torch.randn_like(images), target


# %% Shapes: logits (N, C, H, W) against class indices (N, H, W) are N * H * W classifications
images, target = draw(N)
one_hot = F.one_hot(target, C).movedim(-1, 1)  # (N, C, H, W), long
logits = torch.randn(N, C, H, W, device=device) + 2 * one_hot  # the true class scores higher, often highest
loss = F.cross_entropy(logits, target)
rows = logits.movedim(1, -1).reshape(-1, C)  # (N * H * W, C)
torch.testing.assert_close(loss, F.cross_entropy(rows, target.flatten()), rtol=1e-4, atol=1e-5)
scrambled = F.cross_entropy(logits.reshape(-1, C), target.flatten())  # runs too, on shuffled scores
assert scrambled > loss + 0.5, "reshape alone puts scores of different pixels into one row"
torch.testing.assert_close(F.cross_entropy(logits, one_hot.float()), loss, rtol=1e-4, atol=1e-5)  # as probabilities
for wrong in (one_hot, target.unsqueeze(1), target.float()):
    try:
        F.cross_entropy(logits, wrong)
    except RuntimeError as error:
        print(f"{tuple(wrong.shape)} {str(wrong.dtype)[6:]}: {error}")
    else:
        raise AssertionError("class indices must be (N, H, W) and long")


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


guess = logits.argmax(1)  # (N, H, W), a class for each pixel
matrix = confusion(guess, target)
iou = torch.stack([((guess == c) & (target == c)).sum() / ((guess == c) | (target == c)).sum() for c in range(C)])
assert matrix.shape == (C, C) and matrix.sum() == target.numel(), "every pixel is counted once"
assert matrix[2, 0] == ((target == 2) & (guess == 0)).sum(), "rows are the truth, columns the guess"
torch.testing.assert_close(mean_iou(matrix), iou.mean())  # the matrix agrees with the direct count
absent = torch.zeros_like(target[0])  # classes 1 and 2 do not occur
assert confusion(absent, absent).tolist() == [[H * W, 0, 0], [0, 0, 0], [0, 0, 0]], "absent classes keep their rows"
worked = torch.tensor([[1, 1, 0], [0, 0, 0], [0, 0, 0]], device=device)  # IoU 1/2 and 0/1, the third is absent
assert mean_iou(worked).item() == 0.25, "an absent class is left out, one that is only guessed counts 0"


# %% Dice: the overlap as a loss, with probabilities in place of hard choices
def dice(share, target):  # (N, C, H, W), (N, H, W) -> (C,)
    truth = F.one_hot(target, C).movedim(-1, 1)  # (N, C, H, W)
    return 2 * (share * truth).sum((0, 2, 3)) / (share + truth).sum((0, 2, 3))


torch.testing.assert_close(dice(F.one_hot(guess, C).movedim(-1, 1), target), 2 * iou / (1 + iou))  # hard Dice is F1


# %% An encoder-decoder: down to a quarter of the size, and back up to one score a class and pixel
def block(inputs, outputs, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs), nn.ReLU())


up = nn.Upsample(scale_factor=2, mode="bilinear")  # no weights, so one serves twice
encoder = [block(1, 16, 2), block(16, 32, 2), block(32, 32)]  # (N, 32, H / 4, W / 4)
decoder = [up, block(32, 16), up, nn.Conv2d(16, C, 3, padding=1)]  # (N, C, H, W)
net = nn.Sequential(*encoder, *decoder).to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(1, 81):
    images, target = draw(N)
    logits = net(images)
    loss = F.cross_entropy(logits, target) + 1 - dice(logits.softmax(1), target).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(f"step={step} loss={loss.item():.4f}")

# %% Fresh images: the net against a guess of background everywhere
images, target = draw(128)
with torch.no_grad():
    logits = net.eval()(images)
assert logits.shape == (128, C, H, W) and target.shape == (128, H, W), "the logits alone have a class dimension"
matrices = [confusion(guess, target) for guess in (torch.zeros_like(target), logits.argmax(1))]
accuracy = [(matrix.trace() / matrix.sum()).item() for matrix in matrices]
miou = [mean_iou(matrix).item() for matrix in matrices]
print(f"background everywhere: pixel accuracy {accuracy[0]:.3f}, mean IoU {miou[0]:.3f}")
print(f"trained net: pixel accuracy {accuracy[1]:.3f}, mean IoU {miou[1]:.3f}")
assert accuracy[0] > 0.9 and miou[0] < 0.35, "accuracy flatters a guess that finds nothing"
assert miou[1] > 0.7 and miou[1] - miou[0] > 3 * (accuracy[1] - accuracy[0]), "the net finds both small classes"
