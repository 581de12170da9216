# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A point hides how wrong it may be: quantiles and a learnt variance tell the noise, an ensemble what is not known."""

import math
import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, TEST, MEMBERS, WIDTH, STEPS = 1200, 4000, 4, 24, 200
QUANTILES = torch.tensor([0.05, 0.5, 0.95], device=device)


# %% In short
def nll(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:  # (N, 2), a mean and a raw variance; (N, 1)
    mean, raw = output.chunk(2, dim=1)
    return F.gaussian_nll_loss(mean, y, F.softplus(raw))  # the variance last, and positive  # harmless: a square


def interval(output: torch.Tensor, z: float = 1.645) -> tuple[torch.Tensor, ...]:  # 90% of a normal distribution
    mean, raw = output.chunk(2, dim=1)
    std = F.softplus(raw).sqrt()
    return mean - z * std, mean + z * std


# %% Three losses by hand
def pinball(prediction: torch.Tensor, y: torch.Tensor) -> torch.Tensor:  # (N, 3), a column a quantile; (N, 1)
    # hole: pinball
    error = y - prediction
    return (QUANTILES * error).maximum((QUANTILES - 1) * error).mean()
    # end


def gaussian_nll(mean: torch.Tensor, var: torch.Tensor, y: torch.Tensor, eps: float = 1e-6) -> torch.Tensor:
    # hole: gaussian-nll
    var = var.clamp(min=eps)
    return 0.5 * (var.log() + (y - mean) ** 2 / var).mean()
    # end


def huber(prediction: torch.Tensor, y: torch.Tensor, delta: float = 0.3) -> torch.Tensor:
    size = (prediction - y).abs()
    return torch.where(size < delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean()


three, at = torch.tensor([[1.0, 2.0, 3.0]], device=device), torch.tensor([[2.5]], device=device)
torch.testing.assert_close(pinball(three, at), torch.tensor((0.075 + 0.25 + 0.025) / 3, device=device))
skewed = torch.rand(999, 1, device=device) ** 3
best = skewed.quantile(QUANTILES).expand(999, 3)
for shift in 0.03 * torch.cat([torch.eye(3), -torch.eye(3)]).to(device):
    assert pinball(best, skewed) < pinball(best + shift, skewed), "the quantiles have the least pinball loss"
mean, var, y = 0.1 + torch.rand(3, 50, 2, device=device)  # (50, 2) each
normal = torch.distributions.Normal(mean, var.sqrt()).log_prob(y).mean()
torch.testing.assert_close(F.gaussian_nll_loss(mean, y, var, full=True), -normal)
torch.testing.assert_close(gaussian_nll(mean, var, y) + 0.5 * math.log(2 * math.pi), -normal)
var[0], var[1] = 5e-7, 0.0  # below eps, so both treat them as 1e-6  # harmless: for wrong lines
torch.testing.assert_close(gaussian_nll(mean, var, y), F.gaussian_nll_loss(mean, y, var), rtol=1e-4, atol=1e-4)
torch.testing.assert_close(huber(mean, y), F.huber_loss(mean, y, delta=0.3))
words = ("tree", "forest", "svr", "quantile")
absent = [name for name in dir(nn) if any(word in name.lower() for word in words)]  # harmless: none is there
assert not absent, "torch.nn has no trees, no forests, no support vector regression, and no quantile loss"


# %% Data and one net for all losses: a wave whose noise grows from left to right
def sample(n: int) -> tuple[torch.Tensor, ...]:
    x = 2 * torch.rand(n, 1, device=device) - 1
    mean, std = torch.sin(4 * x), 0.25 + 0.2 * x  # harmless: any curve
    return x, mean + std * torch.randn_like(x), mean, std  # (n, 1) each


def fit(outputs: int, loss, x: torch.Tensor, y: torch.Tensor) -> nn.Module:
    hidden = nn.Linear(1, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU()  # harmless: one is enough
    net = nn.Sequential(*hidden, nn.Linear(WIDTH, outputs)).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02, fused=True)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for step in range(1, STEPS + 1):
        value = loss(net(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        decay.step()  # harmless: a smoother end
        if loss is pinball and step % 50 == 0:
            print(f"step={step} loss={value.item():.4f}")
    return net.requires_grad_(False)  # harmless: saves memory


(x, y, _, _), (new_x, new_y, new_mean, new_std) = sample(N), sample(TEST)
assert not (torch.isin(new_x, x) & torch.isin(new_y, y)).any(), "no fresh row is among those of the training"
quiet, noisy, anywhere = new_x < -1 / 3, new_x > 1 / 3, new_x < 2  # harmless: all are below

# %% Huber: every tenth target is 5 too high
dirty = torch.where(torch.rand_like(y) < 0.1, y + 5, y)
curves = [fit(1, loss, x, dirty)(new_x) for loss in (F.mse_loss, huber)]  # (TEST, 1) each
by_mse, by_huber = (F.mse_loss(curve, new_mean).sqrt().item() for curve in curves)  # harmless: in the unit of y
print(f"error against the true curve after training with outliers: MSE {by_mse:.3f}, Huber {by_huber:.3f}")
assert by_huber < by_mse / 2, "an outlier pulls on MSE as hard as it is far, on Huber no harder than delta"

# %% A point with one error bar for all, against quantiles
point = fit(1, F.mse_loss, x, y)
bar = 1.645 * (point(x) - y).std()  # 90% of a normal distribution
levels = fit(3, pinball, x, y)
bands = levels(new_x)  # (TEST, 3)
members = [fit(2, nll, x, y) for _ in range(MEMBERS)]
low, high = interval(members[0](new_x))  # harmless: or another
inside = {"one bar": (new_y - point(new_x)).abs() < bar, "quantiles": (bands[:, :1] < new_y) & (new_y < bands[:, 2:])}
below = (new_y < bands).float().mean(dim=0)  # (3,), the share below each
assert abs(inside["quantiles"].float().mean() - (below[2] - below[0])) < 1e-4, "between the outer two"
inside["Gaussian"] = (new_y > low) & (new_y < high)
cover = {name: [hit[part].float().mean().item() for part in (quiet, noisy, anywhere)] for name, hit in inside.items()}
for name, (left, right, both) in cover.items():
    print(f"{name}: covers {both:.3f} of fresh targets, {left:.3f} where quiet, {right:.3f} where noisy")
assert cover["one bar"][0] > 0.97 and cover["one bar"][1] < 0.83, "too wide where it is quiet, too narrow where noisy"
for name in ("quantiles", "Gaussian"):
    assert all(abs(share - 0.9) < 0.07 for share in cover[name]), "they cover near 90% in every part"
    assert abs(cover[name][2] - 0.9) < 0.035, "and over all rows, nearer"
torch.testing.assert_close(below, QUANTILES, rtol=0, atol=0.08)

# %% Conformal: rows kept aside widen any band until it covers 90%; here bands of half the width
held_x, held_y, _, _ = sample(500)
middle = torch.tensor([[0.75, 0.0, 0.25], [0.0, 1.0, 0.0], [0.25, 0.0, 0.75]], device=device)  # (3, 3)
narrow, held = bands @ middle, levels(held_x) @ middle
score = torch.maximum(held[:, :1] - held_y, held_y - held[:, 2:]).flatten()  # (500,), how far outside its band
margin = score.sort().values[math.ceil(0.9 * (len(score) + 1)) - 1]  # harmless: a row more or less
before, after = (((new_y > narrow[:, :1] - m) & (new_y < narrow[:, 2:] + m)).float().mean().item() for m in (0, margin))
print(f"bands of half the width: cover {before:.3f}, after calibration {after:.3f}")
assert before < 0.7 and abs(after - 0.9) < 0.05 and not (torch.isin(held_x, x) & torch.isin(held_y, y)).any()

# %% A variance for every input, and an ensemble of such nets
std = F.softplus(members[0](new_x)[:, 1:]).sqrt()  # (TEST, 1), of a single net  # harmless: or another
print(f"learnt standard deviation: {std[quiet].mean():.3f} where quiet, {std[noisy].mean():.3f} where noisy")
assert (std / new_std).log().abs().mean() < 0.2, "the noise at each x is learnt, though no x comes twice"
places = torch.tensor([[-3.0], [0.0], [3.0]], device=device)  # training data lie in [-1, 1]
outputs = torch.stack([net(places) for net in members])  # (MEMBERS, 3, 2)
spread = outputs[..., 0].std(dim=0)  # (3,), how far the members' means lie apart  # harmless: grows alike
claimed = F.softplus(outputs[..., 1]).mean(dim=0).sqrt()  # (3,), the noise that they predict
print(f"at x=-3 they predict a noise of {claimed[0]:.3f}, and their means disagree by {spread[0]:.3f}")
print(f"at x=0  they predict a noise of {claimed[1]:.3f}, and their means disagree by {spread[1]:.3f}")
assert min(spread[0], spread[2]) > 5 * spread[1], "away from the data the members disagree"
assert abs(claimed[1] - 0.25) < 0.08, "at x=0 they have learnt the true noise"
assert claimed[0] < spread[0] / 5, "a predicted variance knows noise, and nothing of what the net has not seen"
