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
N, C, S, STEPS = 8, 8, 30, 80  # batch, channels at full resolution, image side (30, 15, 7), training steps

# %% Sizes: pooling floors, and doubling cannot know it
double = nn.ConvTranspose2d(1, 1, 2, stride=2, device=device)
for side in range(32, 65):
    full = torch.zeros(1, 1, side, side, device=device)
    half, quarter = F.max_pool2d(full, 2), F.max_pool2d(F.max_pool2d(full, 2), 2)
    down, doubled = [x.shape[-1] for x in (full, half, quarter)], [double(x).shape[-1] for x in (half, quarter)]
    assert (doubled == down[:-1]) == (side % 4 == 0), "two poolings: only multiples of 4 come back"
    if side in (48, 50):
        print(f"side {side}: {down} on the way down, the last two doubled: {doubled}")


# %% Join: fit what comes up to the skip, then put the two side by side
def join(up: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
    # hole: join-odd-sizes
    (_, _, height, width), (_, _, h, w) = skip.shape, up.shape
    up = F.pad(up, (0, width - w, 0, height - h))  # F.pad takes the last dimension first
    return torch.cat([up, skip], dim=1)
    # end


for h, w in ((24, 18), (25, 18), (24, 19), (25, 19)):
    up, skip = torch.rand(2, C, 24, 18, device=device), torch.rand(2, C, h, w, device=device)
    joined = join(up, skip)
    assert joined.shape == (2, 2 * C, h, w), "both keep all their channels, at the skip's size"
    assert torch.equal(joined[:, C:], skip), "the skip comes second and is not touched"
    assert torch.equal(joined[:, :C, :24, :18], up), "no pixel of `up` leaves its row and column"

stretched = F.interpolate(up, size=(25, 19))  # (2, C, 25, 19), mode="nearest"
assert torch.equal(stretched[..., 1:, 1:], up), "nearest moves every row and column but the first by one"

# %% Transposed convolution: how many kernel taps land on each output pixel
for k, s in ((2, 2), (3, 2), (4, 2), (4, 3), (6, 3)):
    taps = F.conv_transpose2d(torch.ones(1, 1, 8, 8, device=device), torch.ones(1, 1, k, k, device=device), stride=s)
    counted = torch.zeros(7 * s + k, 7 * s + k, device=device)
    for i, j in torch.cartesian_prod(torch.arange(8), torch.arange(8)).tolist():
        counted[s * i : s * i + k, s * j : s * j + k] += 1
    torch.testing.assert_close(taps[0, 0], counted)  # each input pixel stamps the kernel once, s pixels apart
    inside = counted[k:-k, k:-k].unique().int().tolist()
    print(f"kernel {k}, stride {s}: taps per inner pixel {inside}")
    assert (len(inside) == 1) == (k % s == 0), "the overlap is even when the stride divides the kernel"

grow = nn.ConvTranspose2d(C, C, 2, stride=2, device=device)
resize = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(C, C, 3, padding=1)).to(device)
flat = torch.ones(1, C, 8, 8, device=device)
checks, smooth = grow(flat), resize(flat)[..., 1:-1, 1:-1]  # (1, C, 16, 16), (1, C, 14, 14)
assert (checks[..., 0, 0] - checks[..., 0, 1]).abs().max() > 0.1, "even overlap, uneven weights: still a checkerboard"
torch.testing.assert_close(smooth, smooth[..., :1, :1].expand_as(smooth), rtol=0, atol=0.01)  # flat stays flat


# %% The net: without skips, the same layers see zeros in their place
def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, skips: bool) -> None:
        super().__init__()
        self.gate = float(skips)
        self.top, self.middle, self.bottom = block(1, C), block(C, 2 * C), block(2 * C, 4 * C)
        self.up2, self.merge2 = nn.ConvTranspose2d(4 * C, 2 * C, 2, stride=2), block(4 * C, 2 * C)
        self.up1, self.merge1 = nn.ConvTranspose2d(2 * C, C, 2, stride=2), nn.Conv2d(2 * C, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        full = self.top(x)  # (N, C, H, W)
        half = self.middle(F.max_pool2d(full, 2))  # (N, 2 * C, H // 2, W // 2)
        x = self.bottom(F.max_pool2d(half, 2))  # (N, 4 * C, H // 4, W // 4)
        x = self.merge2(join(self.up2(x), self.gate * half))  # (N, 2 * C, H // 2, W // 2)
        return self.merge1(join(self.up1(x), self.gate * full))  # (N, 1, H, W), logits


# %% Thick and thin: half of the images show a disc, half a line one pixel wide, all in noise
def draw(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    y, x = torch.meshgrid(*[torch.arange(S, device=device) - S / 2] * 2, indexing="ij")
    cx, cy, radius, angle, offset = torch.rand(5, n, 1, 1, device=device)
    disc = (x + 8 - 16 * cx) ** 2 + (y + 8 - 16 * cy) ** 2 < (5 + 3 * radius) ** 2  # (n, S, S)
    line = (x * torch.cos(angle * torch.pi) + y * torch.sin(angle * torch.pi) + 20 * (offset - 0.5)).abs() < 0.5
    mask = torch.cat([disc[: n // 2], line[n // 2 :]]).float().unsqueeze(1)  # (n, 1, S, S)
    return mask + 0.3 * torch.randn_like(mask), mask


iou = {}
for skips in (True, False):
    torch.manual_seed(1)  # the same first weights and the same images for both
    net = UNet(skips).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(1, STEPS + 1):
        images, mask = draw(N)
        loss = F.binary_cross_entropy_with_logits(net(images), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0:
            print(f"step={step} loss={loss.item():.4f} skips={int(skips)}")
    with torch.no_grad():
        images, mask = draw(128)
        guess, truth = net.eval()(images) > 0, mask > 0
    halves = zip((guess & truth).chunk(2), (guess | truth).chunk(2), strict=True)  # discs, then lines
    iou[skips] = [(both.sum() / either.sum()).item() for both, either in halves]
    print(f"{'with' if skips else 'without'} skips: IoU of discs {iou[skips][0]:.2f}, of lines {iou[skips][1]:.2f}")

lost_disc, lost_line = (a - b for a, b in zip(iou[True], iou[False], strict=True))
assert lost_line > 0.1, "after the same training, the net without skips draws thin lines worse"
assert lost_disc < 0.75 * lost_line, "thick discs lose less than thin lines"
