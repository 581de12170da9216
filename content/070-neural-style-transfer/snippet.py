# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Style transfer trains no network: it optimises an image until a frozen network's features match two targets."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
SIZE, STEPS = 32, 100  # side of the images, optimiser steps


# %% Gram matrix: how often two channels are active together, averaged over all positions
def gram(features: torch.Tensor) -> torch.Tensor:
    # hole: gram-matrix
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w)
    return flat @ flat.mT / (h * w)  # (N, C, C)
    # end


maps = torch.randn(2, 5, 6, 4, device=device)  # (N, C, H, W)
by_loop = torch.zeros(2, 5, 5, device=device)
for y in range(6):
    for x in range(4):
        by_loop += maps[:, :, None, y, x] * maps[:, None, :, y, x] / 24
torch.testing.assert_close(gram(maps), by_loop, rtol=1e-4, atol=1e-5)
torch.testing.assert_close(gram(maps.repeat(1, 1, 2, 3)), gram(maps), rtol=1e-4, atol=1e-5)  # any size compares

shuffled = maps.flatten(2)[..., torch.randperm(24, device=device)].view_as(maps)
assert not torch.allclose(shuffled, maps), "a loss on the features themselves sees the shuffle"
torch.testing.assert_close(gram(shuffled), gram(maps), rtol=1e-4, atol=1e-5)


# %% Equal Gram matrices mean equal distributions of feature vectors, as the kernel (u . v)^2 sees them
def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a.flatten(2).mT @ b.flatten(2)).square().mean(dim=(1, 2))  # (N,), mean over pairs of positions


others = torch.randn(2, 5, 3, 7, device=device)
distance = (gram(maps) - gram(others)).square().sum(dim=(1, 2))  # (N,)
discrepancy = kernel(maps, maps) - 2 * kernel(maps, others) + kernel(others, others)
torch.testing.assert_close(distance, discrepancy, rtol=1e-3, atol=1e-4)

# %% A frozen random net stands in for the pretrained VGG-19 of the paper
layers = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1, bias=False) for i, o in [(3, 32), (32, 64), (64, 64)])
for layer in layers:
    nn.init.kaiming_normal_(layer.weight)
layers.requires_grad_(False).to(device)
before = [weight.clone() for weight in layers.parameters()]


def extract(image: torch.Tensor) -> list[torch.Tensor]:
    features = [F.relu(layers[0](2 * image - 1))]  # (1, 32, SIZE, SIZE)
    for layer in layers[1:]:
        features.append(F.relu(layer(F.avg_pool2d(features[-1], 2))))  # half the side, then a quarter
    return features


# %% Content: a disc. Style: diagonal stripes
grid = torch.arange(SIZE, device=device)
disc = ((grid[:, None] - 16) ** 2 + (grid - 12) ** 2 < 64).float()
stripe = ((grid[:, None] + grid) // 3 % 2).float()
content = torch.stack([0.1 + 0.8 * disc, 0.2 + 0.2 * disc, 0.9 - 0.8 * disc])[None]  # (1, 3, SIZE, SIZE)
style = torch.stack([stripe, 0.2 + 0.5 * stripe, 1 - stripe])[None]  # (1, 3, SIZE, SIZE)
content_target, style_targets = extract(content)[-1], [gram(features) for features in extract(style)]


def losses(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    features = extract(image)
    content_loss = F.mse_loss(features[-1], content_target)
    style_loss = sum(F.mse_loss(gram(f), target) for f, target in zip(features, style_targets, strict=True))
    return content_loss, style_loss


moved = style.roll((4, 8), dims=(2, 3))
mixed = style.flatten(2)[..., torch.randperm(SIZE**2, device=device)].view_as(style)
print(f"style loss of the style image moved: {losses(moved)[1]:.4f}, with its pixels mixed: {losses(mixed)[1]:.4f}")
assert losses(moved)[1] < losses(mixed)[1] / 5, "the layout is lost, the texture within a receptive field is kept"

# %% Optimise the image
start = torch.rand_like(content)
first_content, first_style = (loss.item() for loss in losses(start))


def stylise(weight: float) -> tuple[torch.Tensor, float, float]:
    image = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.03)  # the image, not layers.parameters()
    for step in range(1, STEPS + 1):
        content_loss, style_loss = losses(image)
        loss = content_loss / first_content + weight * style_loss / first_style  # each in units of its start
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)  # stay a picture
        if step % 50 == 0:
            print(f"step={step} loss={loss:.4f} content={content_loss:.4f} style={style_loss:.4f} weight={weight}")
    return image.detach(), *(loss.item() for loss in losses(image.detach()))


image, content_loss, style_loss = stylise(1.0)
assert content_loss < first_content / 2 and style_loss < first_style / 2, "from noise, both losses fall below half"
assert (image - start).abs().mean() > 0.05, "the image is what changes"
assert all(torch.equal(weight, old) for weight, old in zip(layers.parameters(), before, strict=True))
assert all(weight.grad is None for weight in layers.parameters()), "no weight ever had a gradient"

_, mild_content, mild_style = stylise(0.1)
_, bold_content, bold_style = stylise(10.0)
assert mild_content < content_loss < bold_content, "a larger style weight costs content"
assert mild_style > style_loss > bold_style, "and buys style"
assert losses(content)[0] < 1e-6, "from the content image the content loss starts at zero and can only rise"
