# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A GAN is a game: D learns to tell real from fake, G to be taken for real, each with an optimizer of its own."""

import math
import os
from copy import deepcopy

import torch
from torch import nn
from torch.nn.functional import softplus

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close = torch.testing.assert_close
MEAN, STD = 4.0, 0.5  # the data: one number a sample, normally distributed
N, Z, H = 128, 4, 32  # batch, size of the noise, hidden units
bce = nn.BCEWithLogitsLoss()


def draw(n: int) -> tuple[torch.Tensor, torch.Tensor]:  # real samples (n, 1) and noise (n, Z)
    return MEAN + STD * torch.randn(n, 1, device=device), torch.randn(n, Z, device=device)


# %% In short
def mlp(inputs: int) -> nn.Sequential:  # (N, inputs) -> (N, 1)
    layers = nn.Linear(inputs, H), nn.LeakyReLU(0.2), nn.Linear(H, H), nn.LeakyReLU(0.2), nn.Linear(H, 1)
    return nn.Sequential(*layers).to(device)


def update(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def play(G, D, g_optimizer, d_optimizer, real, z) -> tuple[float, float]:
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)  # (N, 1) each
    # hole: one-round
    fake = G(z)  # (N, 1)
    d_loss = bce(D(real), ones) + bce(D(fake.detach()), zeros)
    update(d_optimizer, d_loss)
    g_loss = bce(D(fake), ones)
    update(g_optimizer, g_loss)
    # end
    return d_loss.item(), g_loss.item()


G, D = mlp(Z), mlp(1)  # G: noise (N, Z) -> samples (N, 1); D: samples (N, 1) -> logits (N, 1)
g_optimizer, d_optimizer = (torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (G, D))
for _ in range(10):  # D's step, then G's step against the new D
    d_loss, g_loss = play(G, D, g_optimizer, d_optimizer, *draw(N))
G.eval()
with torch.no_grad():
    samples = G(torch.randn(16, Z, device=device))  # (16, 1): once trained, G alone is needed


# %% A game is not a minimisation: min over x, max over y of V = x y, whose solution is (0, 0)
for name, rule, distance in (
    ("both at once", lambda x, y: (x - 0.1 * y, y + 0.1 * x), 2.70),  # outward by sqrt(1 + rate^2) a step
    ("in turns", lambda x, y: (x - 0.1 * y, y + 0.1 * (x - 0.1 * y)), 1.02),  # around the solution
    ("both minimise", lambda x, y: (x - 0.1 * y, y - 0.1 * x), 1.34e8),  # V goes to minus infinity
):
    point = (1.0, 0.0)
    for _ in range(200):
        point = rule(*point)
    print(f"V = x y, {name}: 200 steps from distance 1 to {math.hypot(*point):.3g}")
    assert math.isclose(math.hypot(*point), distance, rel_tol=0.01), "following the gradients reaches no solution here"


# %% One round: each net moves by the gradient of its own loss
G, D, (real, z), arrived = mlp(Z), mlp(1), draw(N), []
old_G, old_D = deepcopy(G), deepcopy(D)
G[0].weight.register_hook(lambda slope: arrived.append(1))  # called whenever a gradient reaches G's first layer
play(G, D, torch.optim.SGD(G.parameters(), lr=1.0), torch.optim.SGD(D.parameters(), lr=1.0), real, z)
d_value = softplus(-old_D(real)).mean() + softplus(old_D(old_G(z))).mean()  # -log D(x) - log(1 - D(G(z)))
g_value = softplus(-D(old_G(z))).mean()  # -log D(G(z)), with D after its step
for new, old, value in ((D, old_D, d_value), (G, old_G, g_value)):  # each net moved by its own loss and nothing else
    slopes = torch.autograd.grad(value, list(old.parameters()))
    stepped = [weight - slope for weight, slope in zip(old.parameters(), slopes, strict=True)]
    close(list(new.parameters()), stepped, rtol=1e-4, atol=1e-5)
assert len(arrived) == 1, "one gradient reaches G in a round, its own: D's loss is cut off by detach"

# %% detach: what D's loss does to G with it and without
zeros, weights = torch.zeros_like(real), list(old_G.parameters())
D.zero_grad()
bce(D(old_G(z).detach()), zeros).backward()
assert D[0].weight.grad is not None and all(w.grad is None for w in weights), (
    "with detach, D's backward leaves no gradient in G"
)
bce(D(old_G(z)), zeros).backward()
slopes = torch.autograd.grad(-softplus(D(old_G(z))).mean(), weights)  # of log(1 - D(G(z))), G's loss in minimax
close([w.grad for w in weights], [-slope for slope in slopes])  # without detach, G gets its own gradient, sign turned

# %% Saturating or not: what G's loss still says when D rejects every fake
s = torch.tensor([-10.0, 0.0, 10.0], device=device, requires_grad=True)  # D's logits for three fakes
close(torch.autograd.grad(-softplus(s).sum(), s)[0], -s.sigmoid())  # log(1 - D): slope -D, gone where D is near 0
close(torch.autograd.grad(softplus(-s).sum(), s)[0], -(-s).sigmoid())  # -log D: slope -(1 - D), same sign
G, D, z = mlp(Z), mlp(1), draw(4000)[1]
still, winner = torch.optim.SGD(G.parameters(), lr=0.0), torch.optim.Adam(D.parameters(), lr=0.01)
for _ in range(150):  # G stands still, so D wins
    play(G, D, still, winner, *draw(N))
g_losses = -softplus(D(G(z))).mean(), softplus(-D(G(z))).mean()
slopes = [torch.autograd.grad(g_loss, list(G.parameters())) for g_loss in g_losses]
sizes = [nn.utils.get_total_norm(slope).item() for slope in slopes]
print(f"D(G(z)) = {D(G(z)).sigmoid().mean().item():.1e}: G's gradient {sizes[0]:.1e} saturating, {sizes[1]:.1e} not")
assert 100 > sizes[1] > 50 * sizes[0], "log(1 - D) is flat where -log D is steep"


# %% Training: an optimizer for each net, with Adam's memory cut short; and the same with Adam's default betas
def train(betas: tuple[float, float], report: int) -> tuple[nn.Sequential, nn.Sequential, torch.Tensor]:
    torch.manual_seed(0)
    G, D, history = mlp(Z), mlp(1), []
    optimizers = [torch.optim.Adam(net.parameters(), lr, betas=betas) for net, lr in ((G, 0.002), (D, 0.01))]
    decays = [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.994) for optimizer in optimizers]
    for step in range(1, 401):
        history.append(play(G, D, *optimizers, *draw(N)))
        for decay in decays:
            decay.step()
        if step % report == 0:
            print(f"step={step} d_loss={history[-1][0]:.3f} g_loss={history[-1][1]:.3f}")
    return G, D, torch.tensor(history)[:, 0]  # and D's losses (400,)


swing = train((0.9, 0.999), report=1000)[2][-100:].std().item()
G, D, d_loss = train((0.0, 0.9), report=100)
fake, belief = G(z).detach(), D(G(z)).sigmoid().mean().item()
print(f"data {MEAN} +- {STD}, fakes {fake.mean().item():.2f} +- {fake.std().item():.2f}, D(G(z)) = {belief:.3f}")
assert abs(fake.mean() - MEAN) < 0.25 and 0.7 < fake.std() / STD < 1.3, "samples match the data in mean and spread"
assert abs(belief - 1 / 2) < 0.05, "D ends undecided"
assert d_loss.min() < 0.7 and abs(d_loss[-50:].mean() - 2 * math.log(2)) < 0.03, "D's loss rises to 2 log 2"
print(f"swing of D's loss in the last 100 rounds: {d_loss[-100:].std().item():.4f}, with default betas {swing:.4f}")
assert swing > 4 * d_loss[-100:].std(), "with Adam's default betas the two do not come to rest"

# %% The mistake: one optimizer for both nets
both = torch.optim.Adam([*G.parameters(), *D.parameters()], lr=0.001, betas=(0.0, 0.9))
for _ in range(150):
    real, noise = draw(N)
    fake = G(noise)
    update(both, softplus(-D(real)).mean() + softplus(D(fake.detach())).mean())
    update(both, softplus(-D(fake)).mean())  # G's loss has left gradients in D: this step makes D call fakes real
belief = D(G(z)).sigmoid().mean().item()  # harmless: its logit is log 2, near 2/3 as well
print(f"one optimizer for both nets: D(G(z)) = {belief:.3f}")
assert abs(belief - 2 / 3) < 0.05, "D is pulled from 1/2 to 2/3, the optimum of -2 log D - log(1 - D)"
