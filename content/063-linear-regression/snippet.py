# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Gradient descent arrives where lstsq solves to at once, and the condition number of the features sets how fast."""

import math
import os

import torch
from torch import nn

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)  # unscaled features waste digits: float32 would blur the comparisons
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))

# %% In short
N, TRAIN, D = 400, 320, 3  # electricity demand falls with temperature and swings with the hour
temperature, hour = 30 * torch.rand(N, 1, device=device), 24 * torch.rand(N, 1, device=device)
angle = 2 * math.pi * hour / 24  # harmless: any wave
y = 40 - 0.5 * temperature + 6 * torch.cos(angle - 4) + torch.randn(N, 1, device=device)  # (N, 1)
x, ones = torch.cat([temperature, angle.cos(), angle.sin()], dim=1), torch.ones_like(y)  # (N, D), (N, 1)
y_train, y_test = y[:TRAIN], y[TRAIN:]  # (TRAIN, 1), (N - TRAIN, 1)
A = torch.cat([x, ones], dim=1)[:TRAIN]  # (TRAIN, D + 1), the weight of the ones is the intercept
exact = torch.linalg.lstsq(A, y_train).solution  # (D + 1, 1), in one call

mean, std = x[:TRAIN].mean(dim=0), x[:TRAIN].std(dim=0)  # (D,), or by gradient descent: scale, by the training rows
z = (x - mean) / std  # (N, D)
model = nn.Linear(D, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
for _ in range(100):
    loss = nn.functional.mse_loss(model(z[:TRAIN]), y_train)  # (TRAIN, 1) against (TRAIN, 1), never (TRAIN,)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

fit = A @ exact  # (TRAIN, 1)
torch.testing.assert_close(model(z[:TRAIN]), fit)  # both ways lead to the same line
torch.testing.assert_close(exact, torch.linalg.solve(A.mT @ A, A.mT @ y_train))  # the normal equations
torch.testing.assert_close(z[:TRAIN].std(dim=0), torch.ones_like(std))
assert z[:TRAIN].mean(dim=0).abs().max() < 1e-9 < z[TRAIN:].mean(dim=0).abs().max(), "the test rows had no say"


# %% R²: 1 minus the squared error over that of the best constant
def r2(prediction: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    assert prediction.shape == y.shape, "(N,) against (N, 1) would broadcast to (N, N)"
    # hole: r-squared
    unexplained = (y - prediction).square().sum()
    total = (y - y.mean()).square().sum()
    return 1 - unexplained / total
    # end


correlation = torch.corrcoef(torch.cat([fit, y_train], dim=1).mT)[0, 1]
torch.testing.assert_close(r2(fit, y_train), correlation**2)  # holds for least squares on its own training rows
assert r2(y_train.mean().expand_as(y_train), y_train).abs() < 1e-9, "the mean as prediction scores 0"
assert math.isclose(r2(torch.tensor([[2.0], [2], [3], [5]]), torch.tensor([[1.0], [2], [3], [4]])), 0.6)
assert r2(fit + 100, y_train) < 0, "R² has no lower limit, although its name says squared"

# %% Features: linear means linear in the weights, so a curve in the hour is within reach
plain = torch.cat([temperature, hour, ones], dim=1)  # (N, 3)
line = plain[TRAIN:] @ (weights := torch.linalg.lstsq(plain[:TRAIN], y_train).solution)  # (N - TRAIN, 1)
assert (plain[:TRAIN].mT @ (y_train - plain[:TRAIN] @ weights)).abs().max() < 1e-6, "fitted to the training rows alone"
wave = x[TRAIN:] @ exact[:D] + exact[D]  # (N - TRAIN, 1)
(straight, curved), rmse = (r2(p, y_test).item() for p in (line, wave)), (y_test - wave).square().mean().sqrt().item()
print(f"R² on held-out rows: {straight:.3f} with the hour as it is, {curved:.3f} with its cosine and sine")
assert curved > 0.9 and curved > straight + 0.05, "the features decide what a linear model can express"
assert 0.5 < rmse < 1.5 and straight > 0.3, "the error is in the units of y, and what is left is the noise of 1"
assert math.isclose(curved, 1 - rmse**2 / y_test.var(correction=0).item()), "R² has none"

# %% Scaling: same fit, fewer steps
scaled = torch.cat([z, ones], dim=1)[:TRAIN]  # (TRAIN, D + 1)
exact_scaled = torch.linalg.lstsq(scaled, y_train).solution
torch.testing.assert_close(scaled @ exact_scaled, fit)  # a change of units cannot improve least squares


def gaps(A: torch.Tensor, lr: float, steps: int) -> list[float]:  # full-batch, from zero: distances to the fit
    w, path = torch.zeros_like(exact), []
    for _ in range(steps):
        w = w - lr * 2 / TRAIN * (A.mT @ (A @ w - y_train))
        path.append((torch.dist(A @ w, fit) / fit.norm()).item())
    return path


taken = {}
for name, matrix in (("raw", A), ("scaled", scaled)):
    flattest, *_, steepest = torch.linalg.eigvalsh(2 / TRAIN * matrix.mT @ matrix).tolist()  # the loss's curvatures
    kappa = torch.linalg.cond(matrix).item() ** 2
    assert math.isclose(kappa, steepest / flattest, rel_tol=1e-6), "the square of the features' condition number"
    bound = math.ceil(math.log(1e-2) / math.log((kappa - 1) / (kappa + 1)))
    path = gaps(matrix, 2 / (steepest + flattest), bound)  # the best constant learning rate
    taken[name] = next(k for k, gap in enumerate(path, 1) if gap <= 1e-2)
    print(f"{name} features: κ {kappa:.1f}, {taken[name]} steps to 1% (theory: at most {bound})")
    assert path[taken[name] - 1] <= 1e-2 and taken[name] > 0.98 * bound - 1, "κ sets the steps"
    assert gaps(matrix, 2.2 / steepest, 100)[-1] > 1 > gaps(matrix, 1.8 / steepest, 100)[-1], "diverges above 2 / λ_max"
assert taken["raw"] > 100 * taken["scaled"], "a large κ is paid for in steps"


# %% Mini-batch SGD: the weights settle only if the learning rate decays
def sgd(gamma: float) -> float:  # how far its weights end from the exact ones
    torch.manual_seed(1)
    model = nn.Linear(D, 1).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)
    for step in range(1, 1001):
        rows = torch.randint(TRAIN, (64,), device=device)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(z[rows]), y[rows])  # (64, 1) against (64, 1)
        loss.backward()
        optimizer.step()
        decay.step()
        if gamma < 1 and step in (1, 3, 10, 30, 100, 300, 1000):
            print(f"step={step} loss={loss.item():.4f}")
    return torch.dist(torch.cat([model.weight.mT, model.bias[None]]), exact_scaled).item()


off, moving = sgd(gamma=0.994), sgd(gamma=1.0)
print(f"distance of SGD's weights from lstsq's: {off:.3f} with a decaying rate, {moving:.3f} with a constant one")
assert off < 0.03 and moving > 3 * off, "a constant rate keeps the weights moving"
assert (A[:64].mT @ (y_train - fit)[:64]).norm() > 1, "for the gradient of a single batch is not zero there"


# %% Fold the scaling into the weights: a model for raw inputs
def fold(model: nn.Linear, mean: torch.Tensor, std: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    # hole: fold-scaling
    slopes = model.weight / std  # (1, D)
    intercept = model.bias - slopes @ mean  # (1,)
    # end
    return slopes, intercept


by_hand = nn.Linear(2, 1).to(device)
by_hand.load_state_dict({"weight": torch.tensor([[2.0, 3.0]]), "bias": torch.ones(1)})
folded = fold(by_hand, *torch.tensor([[4.0, 10.0], [2.0, 5.0]], device=device))
torch.testing.assert_close(torch.cat([folded[0][0], folded[1]]).tolist(), [1.0, 0.6, -9.0])
slopes, intercept = fold(model, mean, std)
torch.testing.assert_close(x @ slopes.mT + intercept, model(z))  # training and test rows alike

# %% The trap: (N, 1) minus (N,) is (N, N), and the best answer to that loss is a constant
error = fit - y_train.squeeze(1)  # (TRAIN, 1) - (TRAIN,) = (TRAIN, TRAIN), every prediction against every target
crossed, variance = error.square().mean(), y_train.var(correction=0)
torch.testing.assert_close(crossed, variance + (fit - y_train.mean()).square().mean())  # least for a constant, the mean
for _ in range(100):
    optimizer.zero_grad()
    loss = (model(z[:TRAIN]) - y_train.squeeze(1)).square().mean()  # harmless: any rows of z
    loss.backward()
    optimizer.step()
print(f"loss of shape (N, N): from {crossed.item():.1f} for the least-squares fit down to {loss.item():.1f}")
torch.testing.assert_close(loss.detach(), variance)
assert model.weight.abs().max() < 1e-3 and torch.isclose(model.bias, y_train.mean()), "the slopes are gone"
