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
SIZE = 32  # side of the images


# %% In short: Gram matrices of the channels, and an image as the only parameter
def gram(features: torch.Tensor) -> torch.Tensor:
    # hole: gram-matrix
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w)
    return flat @ flat.mT / (h * w)  # (N, C, C)
    # end


def stylise(weight: float, steps: int = 100) -> tuple[torch.Tensor, float, float]:
    image = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.03)  # the image, not layers.parameters()
    for step in range(1, steps + 1):
        content_loss, style_loss = losses(image)
        loss = content_loss / first_content + weight * style_loss / first_style  # each in units of its start
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)  # stay a picture
        if step % 50 == 0:
            print(f"step={step} loss={loss:.4f} content={content_loss:.4f} style={style_loss:.4f} weight={weight}")
    return image.detach(), *(loss.item() for loss in losses(image.detach()))  # harmless: it frees memory only


# %% The Gram matrix: how often two channels are active together, averaged over all positions
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
discrepancy = kernel(maps, maps) - 2 * kernel(maps, others) + kernel(others, others)  # harmless: a symmetric kernel
torch.testing.assert_close(distance, discrepancy, rtol=1e-3, atol=1e-4)

# %% A frozen random net stands in for the pretrained VGG-19 of the paper
convs = [nn.Conv2d(i, o, 3, padding=1, bias=False) for i, o in [(3, 32), (32, 64), (64, 64)]]  # harmless: any net
layers = nn.ModuleList(convs)
for layer in layers:
    nn.init.kaiming_normal_(layer.weight)
layers.requires_grad_(False).to(device)
before = [weight.clone() for weight in layers.parameters()]  # harmless: no optimizer has them


def extract(image: torch.Tensor) -> list[torch.Tensor]:
    features = [F.relu(layers[0](2 * image - 1))]  # (1, 32, SIZE, SIZE)  # harmless: any net
    for layer in layers[1:]:
        features.append(F.relu(layer(F.avg_pool2d(features[-1], 2))))  # half the side  # harmless: any net
    return features


# %% Content: a disc. Style: diagonal stripes
grid = torch.arange(SIZE, device=device)
disc = ((grid[:, None] - 16) ** 2 + (grid - 12) ** 2 < 64).float()  # harmless: any outline
stripe = ((grid[:, None] + grid) // 3 % 2).float()  # harmless: any stripes
content = torch.stack([0.1 + 0.8 * disc, 0.2 + 0.2 * disc, 0.9 - 0.8 * disc])[None]  # harmless: any colours
style = torch.stack([stripe, 0.2 + 0.5 * stripe, 1 - stripe])[None]  # (1, 3, SIZE, SIZE)  # harmless: any
content_target, style_targets = extract(content)[-1], [gram(features) for features in extract(style)]


def losses(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    features = extract(image)
    content_loss = F.mse_loss(features[-1], content_target)
    style_loss = sum(F.mse_loss(gram(f), target) for f, target in zip(features, style_targets, strict=True))
    return content_loss, style_loss


grams = zip(extract(content), extract(style), strict=True)  # harmless: a symmetric distance
shares = [(gram(mine) - gram(other)).square().mean() for mine, other in grams]
torch.testing.assert_close(losses(content)[1], sum(shares), rtol=1e-4, atol=1e-6)  # all three layers count
assert min(shares) > 0.02 * sum(shares), "and each of them has a say"

moved = style.roll((4, 8), dims=(2, 3))
mixed = style.flatten(2)[..., torch.randperm(SIZE**2, device=device)].view_as(style)
print(f"style loss of the style image moved: {losses(moved)[1]:.4f}, with its pixels mixed: {losses(mixed)[1]:.4f}")
assert losses(moved)[1] < losses(mixed)[1] / 5, "the layout is lost, the texture within a receptive field is kept"

start = torch.rand_like(content)
first_content, first_style = (loss.item() for loss in losses(start))


# %% Optimise the image
image, content_after, style_after = stylise(1.0)
assert content_after < first_content / 2 and style_after < first_style / 2, "from noise, both losses fall below half"
assert (image - start).abs().mean() > 0.05 and image.min() >= 0 and image.max() <= 1, "the image changes, in range"
assert all(torch.equal(weight, old) for weight, old in zip(layers.parameters(), before, strict=True))
assert all(weight.grad is None for weight in layers.parameters()), "no weight ever had a gradient"

_, mild_content, mild_style = stylise(0.1)
_, bold_content, bold_style = stylise(10.0)
assert mild_content < content_after < bold_content, "a larger style weight costs content"
assert mild_style > style_after > bold_style, "and buys style"
assert losses(content)[0] < 1e-6, "from the content image the content loss starts at zero and can only rise"


# %% L-BFGS, the paper's optimizer: it takes a closure, calls it many times in one step, and knows no bounds
def stylise_lbfgs(clamp: bool) -> float:
    pixels = (start if clamp else start.logit(1e-3)).clone().requires_grad_()  # harmless: another start
    optimizer = torch.optim.LBFGS([pixels], max_iter=100, max_eval=100, line_search_fn="strong_wolfe")  # harmless: fair

    def closure() -> torch.Tensor:
        if clamp:  # harmless: clamped only at the end it comes no further
            pixels.data.clamp_(0, 1)  # harmless: as above
        optimizer.zero_grad()
        content_loss, style_loss = losses(pixels if clamp else pixels.sigmoid())  # harmless: in bounds, either
        loss = content_loss / first_content + style_loss / first_style  # harmless: the content starts near its best
        loss.backward()
        return loss

    optimizer.step(closure)
    found = pixels.detach()  # harmless: it frees memory only
    content_loss, style_loss = losses(found.clamp(0, 1) if clamp else found.sigmoid())  # harmless: in bounds, either
    return (content_loss / first_content + style_loss / first_style).item()  # harmless: runs are compared by it


adam, free, clamped = content_after / first_content + style_after / first_style, *map(stylise_lbfgs, (False, True))
print(f"100 evaluations: Adam {adam:.2f}, L-BFGS through a sigmoid {free:.2f}, clamped in the closure {clamped:.2f}")
assert free < 1.2 * adam and clamped > 1.1 * free, (
    "through a sigmoid it comes as far as Adam, and further than with clamping"
)
