# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A convolutional autoencoder trained to undo noise learns what normal images look like, and errs on the others."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # the tensors are so small that threads would mostly wait for each other
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, SIZE, SIGMA = 1000, 18, 0.5  # anomalies of a kind, side, standard deviation of the noise


# %% In short: 18 -> 9 -> 5 -> 9 -> 18, a code of 5 * 5 * 32 = 800 numbers for 324 pixels
def autoencoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),  # (N, 16, 9, 9)
        nn.GELU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # (N, 32, 5, 5)
        nn.GELU(),
        nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=0),  # (N, 16, 9, 9)  # harmless: the default
        nn.GELU(),
        nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1),  # (N, 1, 18, 18)
    ).to(device)


def train(net: nn.Module, sigma: float) -> nn.Module:
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(1, 201):
        chosen = seen[torch.randint(len(seen), (32,), device=device)]
        used.update(chosen.tolist())
        clean = rectangles[chosen]  # (32, 1, SIZE, SIZE)
        # hole: denoising-loss
        noisy = torch.normal(clean, sigma)
        loss = (net(noisy) - clean).square().mean()
        # end
        torch.testing.assert_close(loss, (net(noisy) - clean).square().mean(), msg="the mean of the squares, no other")
        far = ((noisy - clean).abs() > 2 * sigma).float().mean().item()
        assert sigma == 0 or 0.03 < far < 0.06, "a Gaussian leaves 4.6% beyond two standard deviations"
        assert abs((noisy - clean).std().item() - sigma) < 0.03, "sigma is a standard deviation, a draw for each pixel"
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step={step} loss={loss.item():.4f} sigma={sigma}")
    return net


def score(net: nn.Module, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return (net(images) - images).square().mean(dim=(1, 2, 3))  # (N,)


# %% Normal images hold one rectangle; in an anomaly one pixel, anywhere, is wrong, or the shape is a disc
grid, start, side = (torch.arange(*ends, device=device) for ends in ((SIZE,), (1, 8), (5, 11)))
bars = ((grid >= start[:, None, None]) & (grid < (start[:, None] + side)[..., None])).flatten(0, 1)  # (42, SIZE)
rectangles = (bars[:, None, :, None] & bars[:, None]).flatten(0, 1).float()[:, None]  # (1764, 1, SIZE, SIZE)
seen, held, test = torch.randperm(len(rectangles), device=device).split([764, 500, 500])
used: set[int] = set()  # the rectangles that a net was trained on


def spoil(images: torch.Tensor) -> torch.Tensor:
    pixel = torch.arange(SIZE**2, device=device).view(SIZE, SIZE)
    return torch.where(pixel == torch.randint(SIZE**2, (len(images), 1, 1, 1), device=device), 1 - images, images)


def discs(n: int) -> torch.Tensor:
    row, column, radius = torch.rand(3, n, 1, 1, device=device)
    far = (grid[:, None] - 6.5 - 5 * row) ** 2 + (grid - 6.5 - 5 * column) ** 2  # (n, SIZE, SIZE)
    return (far < (3.5 + 1.5 * radius) ** 2).float()[:, None]  # (n, 1, SIZE, SIZE)


plain, denoiser = train(autoencoder(), sigma=0.0), train(autoencoder(), sigma=SIGMA)
assert used == set(seen.tolist()) and len(rectangles.unique(dim=0)) == len(rectangles), "no rectangle occurs twice"
assert [type(layer) for layer in plain][1::2] == [nn.GELU] * 3, "without activations it would be linear"

# %% Denoising: mean squared error against clean images that were not trained on
with torch.no_grad():
    clean = rectangles[test]
    noisy = clean + SIGMA * torch.randn_like(clean)  # (500, 1, SIZE, SIZE)
    blur = F.avg_pool2d(noisy, 3, stride=1, padding=1)
    guesses = {"identity": noisy, "blur": blur, "plain": plain(noisy), "denoiser": denoiser(noisy)}
    mse = {name: F.mse_loss(guess, clean).item() for name, guess in guesses.items()}
print("mse on noisy images:", ", ".join(f"{name} {value:.4f}" for name, value in mse.items()))
assert abs(mse["identity"] - SIGMA**2) < 0.01, "leaving the image alone costs the variance of the noise"
assert mse["denoiser"] < min(mse["identity"], mse["blur"], mse["plain"]) / 2, "the task removes noise, not the layers"


# %% Anomaly detection: the reconstruction error ranks images, no noise is added
def auc(anomalous: torch.Tensor, normal: torch.Tensor) -> float:
    return ((anomalous[:, None] - normal).sign() + 1).mean().item() / 2  # over pairs: win 1, tie 0.5, loss 0


assert auc(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 2.0])) == 0.625, "two wins, a tie and a loss in four pairs"


def median(images: torch.Tensor) -> torch.Tensor:  # each pixel replaced by the median of its 3x3 neighbourhood
    return F.pad(images, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1).flatten(4).median(-1).values


normal, spare = rectangles[test], rectangles[held]
spoilt, round_ = spoil(normal.repeat(N // len(normal), 1, 1, 1)), discs(N)
for known, images in ((seen, clean), (seen, normal), (seen, spare), (held, normal)):
    assert torch.cdist(images.flatten(1), rectangles[known].flatten(1)).min() > 1, (
        "neither trained on nor for two tests"
    )
assert (spoilt - normal.repeat(N // len(normal), 1, 1, 1)).abs().sum() == N and spoilt.max() == 1, "one pixel is wrong"
assert all(round_.amax(dim=(0, 1, dim)).nonzero()[:, 0].tolist() == [*range(2, 17)] for dim in (2, 3)), "whole discs"
aucs = {}
for name, net in {"median": median, "untrained": autoencoder(), "plain": plain, "denoiser": denoiser}.items():
    aucs[name] = [auc(score(net, odd), score(net, normal)) for odd in (spoilt, round_)]
    print(f"auc of {name}: wrong pixel {aucs[name][0]:.3f}, disc {aucs[name][1]:.3f}")
assert min(aucs["plain"]) > 0.9 and min(aucs["denoiser"]) > 0.8, "both kinds score higher, with noise or without"
assert aucs["median"][0] > 0.9 and aucs["median"][1] < 0.3, "a filter finds wrong pixels, but takes a disc for normal"
assert max(aucs["untrained"]) < 0.7, "the score means nothing before the net has seen normal images"

# %% The score is no probability: a threshold comes from scores of held-out normal images
scores = score(denoiser, spare)
torch.testing.assert_close(scores.mean(), F.mse_loss(denoiser(spare), spare).detach(), msg="a mean over the pixels")
assert SIZE**2 * score(denoiser, spoilt).max() > 1, "nothing keeps an error below 1: summed over the pixels it is above"
threshold = scores.quantile(0.95)
alarms, found = ((score(denoiser, images) > threshold).float().mean().item() for images in (normal, spoilt))
blank = score(denoiser, torch.zeros(1, 1, SIZE, SIZE, device=device)).item()
print(f"alarms {alarms:.3f}, wrong pixels found {found:.3f}, blank {blank:.4f}, median {scores.median():.4f}")
assert 0.01 < alarms < 0.12 and found > 2 * alarms, "the quantile fixes false alarms, not what is found"
assert blank < scores.median(), "a blank image, never seen in training, scores as more normal than most normal ones"

# %% Shapes: a strided convolution floors a division, output_padding gives the lost remainder back
for kernel, stride, padding in [(3, 2, 1), (4, 2, 1), (2, 2, 0), (5, 3, 2)]:
    for size in range(8, 24):
        quotient, remainder = divmod(size + 2 * padding - kernel, stride)
        image, weight = (torch.ones(1, 1, side, side, device=device) for side in (size, kernel))
        small = F.conv2d(image, weight, stride=stride, padding=padding)
        large = F.conv_transpose2d(small, weight, stride=stride, padding=padding, output_padding=remainder)
        assert small.shape[-1] == quotient + 1 and large.shape == image.shape, "output_padding is the remainder"

# %% It is the transpose of the convolution, neither its inverse nor a zero border (whole numbers: exact sums)
weight, other, image = (torch.randint(1, 4, (1, 1, side, side), device=device).float() for side in (3, 9, SIZE))
small = F.conv2d(image, weight, stride=2, padding=1)  # (1, 1, 9, 9)
full = F.conv_transpose2d(other, weight, stride=2, padding=1, output_padding=1)  # (1, 1, 18, 18)
torch.testing.assert_close((small * other).sum(), (image * full).sum())
torch.testing.assert_close(full[..., :-1, :-1], F.conv_transpose2d(other, weight, stride=2, padding=1))
assert full[..., -1, :].gt(0.5).all(), "the row gained was computed and had been cropped, it is not filled with zeros"
back = F.conv_transpose2d(small, weight, stride=2, padding=1, output_padding=1)
assert F.cosine_similarity(back.flatten(), image.flatten(), dim=0) < 0.99, "an inverse, even a scaled one, gives 1"
