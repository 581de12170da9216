# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""U-Net: skips hand fine detail past the poolings to the way up; odd sizes must be fitted before they are joined."""

import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, S, STEPS = 8, 38, 70  # batch, image side (38, 19, 9: pooling floors), training steps


# %% In short
def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


def join(up: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
    # hole: join-odd-sizes
    (_, _, height, width), (_, _, h, w) = skip.shape, up.shape
    up = F.pad(up, (0, width - w, 0, height - h))  # F.pad takes the last dimension first
    return torch.cat([up, skip], dim=1)
    # end


class UNet(nn.Module):
    def __init__(self, inputs: int, outputs: int, C: int = 8) -> None:
        super().__init__()
        self.top, self.middle, self.bottom = block(inputs, C), block(C, 2 * C), block(2 * C, 4 * C)
        self.up2, self.merge2 = nn.ConvTranspose2d(4 * C, 2 * C, 2, stride=2), block(4 * C, 2 * C)
        self.up1, self.merge1 = nn.ConvTranspose2d(2 * C, C, 2, stride=2), nn.Conv2d(2 * C, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        full = self.top(x)  # (N, C, H, W)
        half = self.middle(F.max_pool2d(full, 2))  # (N, 2 * C, H // 2, W // 2)
        x = self.bottom(F.max_pool2d(half, 2))  # (N, 4 * C, H // 4, W // 4)
        x = self.merge2(join(self.up2(x), half))  # (N, 2 * C, H // 2, W // 2)
        return self.merge1(join(self.up1(x), full))  # (N, outputs, H, W), logits


# %% Sizes: pooling floors, and doubling cannot know it
double = nn.ConvTranspose2d(1, 1, 2, stride=2, device=device)
for side in range(32, 65):
    full = torch.zeros(1, 1, side, side, device=device)
    half, quarter = F.max_pool2d(full, 2), F.max_pool2d(F.max_pool2d(full, 2), 2)
    down, doubled = [len(x[0, 0]) for x in (full, half, quarter)], [len(double(x)[0, 0]) for x in (half, quarter)]
    assert (doubled == down[:-1]) == (side % 4 == 0), "two poolings: only multiples of 4 come back"
    if side in (48, 50):
        print(f"side {side}: {down} on the way down, the last two doubled: {doubled}")

# %% Join: fit what comes up to the skip, then put the two side by side
for h, w in ((24, 18), (25, 18), (24, 19), (25, 19)):
    up, skip = torch.rand(2, 8, 24, 18, device=device), torch.rand(2, 8, h, w, device=device)
    joined = join(up, skip)
    assert joined.shape == (2, 16, h, w), "both keep all their channels, at the skip's size"
    assert torch.equal(joined[:, 8:], skip), "the skip comes second and is not touched"
    assert torch.equal(joined[:, :8, :24, :18], up) and joined.isfinite().all(), "no pixel of `up` moves"
assert UNet(1, 1).up2(torch.rand(1, 32, 4, 4)).shape == (1, 16, 8, 8)
for side in ((32, 48), (37, 50)):
    assert UNet(3, 5)(torch.rand(2, 3, *side)).shape == (2, 5, *side), "any size of at least 4 goes through"

stretched = F.interpolate(up, size=(25, 19))  # (2, 8, 25, 19), mode="nearest"
assert torch.equal(stretched[..., 1:, 1:], up), "nearest moves every row and column but the first by one"

# %% Transposed convolution: how many kernel taps land on each output pixel
for k, s in ((2, 2), (3, 2), (4, 2), (4, 3), (6, 3)):
    taps = F.conv_transpose2d(torch.ones(1, 1, 8, 8, device=device), torch.ones(1, 1, k, k, device=device), stride=s)
    counted = torch.zeros(7 * s + k, 7 * s + k, device=device)
    for i, j in torch.cartesian_prod(torch.arange(8), torch.arange(8)).tolist():
        counted[s * i : s * i + k, s * j : s * j + k] += 1
    torch.testing.assert_close(taps[0, 0], counted)  # each input pixel adds the kernel once, s pixels apart
    inside = counted[k:-k, k:-k].unique().int().tolist()
    print(f"kernel {k}, stride {s}: taps per inner pixel {inside}")
    assert (len(inside) == 1) == (k % s == 0), "the overlap is even when the stride divides the kernel"

grow = nn.ConvTranspose2d(8, 8, 2, stride=2, device=device)
resize = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 3, padding=1)).to(device)
checks, smooth = grow(torch.ones(1, 8, 8, 8, device=device)), resize(torch.ones(1, 8, 8, 8, device=device))
assert checks.shape == smooth.shape == (1, 8, 16, 16)
assert (checks[..., 4, 4] - checks[..., 4, 5]).abs().max() > 0.1, "even overlap, uneven weights: still a checkerboard"
inner = smooth[..., 1:-1, 1:-1]
torch.testing.assert_close(inner, inner[..., :1, :1].expand_as(inner), rtol=0, atol=0.01)  # flat stays flat


# %% A task for both ends: fill the ring (wide context), but leave out lines one pixel wide (fine detail)
def draw(n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    at = torch.arange(S, device=device) - S / 2
    cx, cy, r, *lines = torch.rand(9, n, 1, 1, device=device)
    middle = ((at - 6 * cx + 3) ** 2 + (at[:, None] - 6 * cy + 3) ** 2).sqrt()  # (n, S, S), distance to it
    distance = middle - (10 + 4 * r)  # to the ring, below 0 inside
    drawn = torch.zeros(n, S, S, dtype=torch.bool, device=device)
    for angle, offset in zip(lines[::2], lines[1::2], strict=True):  # harmless: any lines will do
        cos, sin = (angle * torch.pi).cos(), (angle * torch.pi).sin()
        drawn |= (at * cos + at[:, None] * sin + 0.8 * S * (offset - 0.5)).abs() < 0.5
    image = (drawn | (distance.abs() < 0.7)).float()
    mask = (distance < -0.7) & ~drawn
    thin = drawn & (distance < -2)
    return (image + 0.1 * torch.randn_like(image))[:, None], mask[:, None], thin[:, None]  # (n, 1, S, S) each


def overlap(guess: torch.Tensor, truth: torch.Tensor) -> float:
    return ((guess & truth).sum() / (guess | truth).sum()).item()


assert overlap(torch.tensor([True, True, False]), torch.tensor([False, True, True])) == torch.tensor(1 / 3)


def no_skips(merge: nn.Module, inputs: tuple[torch.Tensor]) -> torch.Tensor:
    up, skip = inputs[0].chunk(2, dim=1)
    return torch.cat([up, 0 * skip], dim=1)


# %% The same net trained three times: as it is, with zeros for the skips, with zeros for what comes from the bottom
test_images, test_mask, test_thin = draw(128)
score, kept = {}, {}
for name in ("as it is", "no skips", "no bottom"):
    torch.manual_seed(1)  # the same first weights and the same images for all
    net = UNet(1, 1).to(device)
    if name == "no skips":
        net.merge1.register_forward_pre_hook(no_skips), net.merge2.register_forward_pre_hook(no_skips)
    if name == "no bottom":
        net.up2.register_forward_hook(lambda layer, inputs, output: 0 * output)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(STEPS):
        images, mask, _ = draw(N)
        loss = F.binary_cross_entropy_with_logits(net(images), mask.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    logits = net(test_images)
    torch.testing.assert_close(net(test_images[:1]), logits[:1], rtol=1e-4, atol=1e-4)  # eval: no batch statistics
    score[name] = overlap(logits > 0, test_mask)  # harmless: the threshold may lie elsewhere
    kept[name] = (logits[test_thin] < 0).float().mean().item()  # harmless: as above
    print(f"{name}: loss {loss.item():.3f}, IoU {score[name]:.2f}, pixels of the thin lines left out {kept[name]:.2f}")

assert score["as it is"] > 0.85 and score["as it is"] > max(score["no skips"], score["no bottom"]) + 0.03, (
    "the task needs both paths"
)
assert kept["no skips"] < 0.6 < 0.75 < min(kept["as it is"], kept["no bottom"]), "detail comes through the skips"
