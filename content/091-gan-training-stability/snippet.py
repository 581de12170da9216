# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""The game of G and D circles its solution, or runs away, unless something damps it, as R1 does."""

import os
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import leaky_relu, one_hot, softplus
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it saves
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
S, N, Z, H, MODES = 4, 64, 2, 32, 4  # seeds, batch, noise, hidden units, Gaussians


# %% In short
def update(G, D, ema, g_optimizer, d_optimizer, real, z, gamma, label=1.0):
    on_real, on_fake = D(real), D(G(z).detach())  # logits  # harmless: G's gradient is cleared below
    d_loss = (softplus(on_real) - label * on_real + softplus(on_fake)) / 2  # BCE with the labels `label` and 0
    d_optimizer.zero_grad()
    (d_loss.mean() + r1(D, real, gamma).mean()).backward()
    d_optimizer.step()
    g_loss = softplus(-D(G(z)))  # BCE with the label 1
    g_optimizer.zero_grad()
    g_loss.mean().backward()
    g_optimizer.step()
    ema.update_parameters(G)
    return d_loss.detach(), g_loss.detach()  # harmless: it frees memory only


# %% R1: gamma / 2 times the mean squared slope of D at real data
def r1(D, real, gamma):  # real (..., N, F) -> (...)
    # hole: r1-penalty
    real = real.detach().requires_grad_()  # harmless: data carry no graph
    (slope,) = torch.autograd.grad(D(real).sum(), real, create_graph=True)  # (..., N, F)
    return gamma / 2 * slope.square().sum(-1).mean(-1)
    # end


A = torch.randn(3, 3, device=device, requires_grad=True)
x = torch.randn(2, 1, 5, 3, device=device)
B = (A + A.mT).detach()  # D(x) = x^T A x has the slope B x  # harmless: nothing is derived from it
penalty = r1(lambda x: (x @ A * x).sum(-1, keepdim=True), x, gamma=0.6)  # (2, 1)  # harmless: r1 sums it
assert penalty.requires_grad and A.grad is None, "a graph leads to D's weights, and no gradient is there yet"
dB = 0.6 * ((x @ B).mT @ x / 5).sum((0, 1))  # (3, 3), the penalty's slope in B
torch.testing.assert_close(penalty.detach(), 0.3 * (x @ B).square().sum((-2, -1)) / 5, rtol=1e-4, atol=1e-4)
torch.testing.assert_close(torch.autograd.grad(penalty.sum(), A)[0], dB + dB.mT, rtol=1e-4, atol=1e-4)


# %% The smallest GAN: data at 0, G is the number theta, D(x) = psi x; solved at theta = psi = 0
def play(gamma=0.0, momentum=0.0, ratio=1, faster=1, rounds=300):  # -> (8,), share of the first distance that is left
    theta, psi, theta_step, psi_step = *starts, 0.0, 0.0
    for _ in range(rounds):
        for _ in range(ratio):  # psi descends softplus(-psi 0) + softplus(psi theta) + gamma / 2 psi^2
            psi_step = momentum * psi_step + theta * (psi * theta).sigmoid() + gamma * psi
            psi = psi - 0.1 * faster * psi_step
        theta_step = momentum * theta_step - psi * (-psi * theta).sigmoid()  # theta descends softplus(-psi theta)
        theta = theta - 0.1 * theta_step
    return torch.hypot(theta, psi) / torch.hypot(*starts)


starts = 0.5 + torch.rand(2, 8, device=device)  # theta and psi of eight runs
left = {"plain": play(), "5 steps of D": play(ratio=5), "D 4 times faster": play(faster=4), "R1": play(gamma=1.0)}
left |= {"momentum": play(momentum=0.9), "momentum, R1": play(momentum=0.9, gamma=1.0)}
left |= {"plain, 4800 rounds": play(rounds=4800), "D 4 times faster, 4800 rounds": play(faster=4, rounds=4800)}
assert (play(rounds=0) == 1).all() and len({share.min().item() for share in left.values()}) == 8
for name, share in left.items():
    print(f"{name}: {share.min():.2g} to {share.max():.2g} of the distance left")
assert min(share.min() for share in list(left.values())[:3]) > 0.2, "after 300 rounds they still circle the solution"
for name in ("plain", "D 4 times faster"):
    slower = left[f"{name}, 4800 rounds"] / left[name]  # 16 times the rounds, a quarter of the distance: 1 / sqrt(t)
    assert ((slower > 0.12) & (slower < 0.4)).all(), "they do settle, but ever more slowly"
assert left["momentum"].min() > 1e7, "with momentum the circle grows"
assert left["R1"].max() < 1e-4 and left["momentum, R1"].max() < 0.01, "R1 makes it a spiral inwards"


# %% A ring of Gaussians: 3 * S nets side by side: S plain ones, copies trained with R1, copies with smoothed labels
class Nets(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        pairs = list(pairwise(sizes))
        draws = [(2 * torch.rand(S, i + 1, o, device=device) - 1) / i**0.5 for i, o in pairs]
        self.layers = nn.ParameterList(draw.repeat(3, 1, 1) for draw in draws)  # (3 * S, i + 1, o), bias last

    def forward(self, x):  # (3 * S, n, i) -> (3 * S, n, o)
        for k, layer in enumerate(self.layers):
            x = torch.baddbmm(layer[:, -1:], leaky_relu(x, 0.2) if k else x, layer[:, :-1])
        return x


def draw(n):  # data (3 * S, n, 2) and noise (3 * S, n, Z), the same for all three treatments
    real = centres[torch.randint(MODES, (S, n), device=device)] + 0.05 * torch.randn(S, n, 2, device=device)
    return real.repeat(3, 1, 1), torch.randn(S, n, Z, device=device).repeat(3, 1, 1)


def energy(x, y):  # energy distance of two samples: 0 if they are the same
    return sum(w * torch.cdist(*pair).mean((1, 2)) for w, pair in ((2, (x, y)), (-1, (x, x)), (-1, (y, y))))


def train(name, beta1, faster):  # Adam's first beta, and how many times G's learning rate D's is
    G, D, (held_out, fixed), history = Nets(Z, H, H, 2), Nets(2, H, H, 1), draw(256), []
    average = torch.zeros_like(G.layers[-1])  # harmless: the first step replaces it
    ema = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.98), use_buffers=True)  # harmless: G has none
    g_optimizer = torch.optim.Adam(G.parameters(), lr=0.005, betas=(beta1, 0.999), fused=True)
    d_optimizer = torch.optim.Adam(D.parameters(), lr=0.005 * faster, betas=(beta1, 0.999), fused=True)
    for step in range(1, 241):
        real, z = draw(N)
        d_loss, g_loss = update(G, D, ema, g_optimizer, d_optimizer, real, z, gammas, labels)  # (3 * S, N, 1) each
        average = average.lerp(G.layers[-1].detach(), 0.02 if step > 1 else 1.0)  # harmless: it frees memory only
        if step > 120 and step % 10 == 0:
            fake, smooth = G(fixed).detach(), ema(fixed).detach()  # (3 * S, 256, 2)  # harmless: it frees memory only
            nearest = torch.cdist(fake, centres).argmin(-1)  # harmless: the farthest one is opposite, as rare
            modes = (one_hot(nearest, MODES).float().mean(1) > 0.05).sum(1)  # harmless: any small share
            far = [energy(samples, held_out) for samples in (fake, smooth)]  # harmless: a symmetric distance
            row = d_loss.mean((1, 2)), g_loss.mean((1, 2)), *far, modes
            history.append(torch.stack(row).view(5, 3, S))
        if step % 80 == 0:
            print(f"step={step} {name}_d_loss={d_loss[:S].mean():.3f} {name}_g_loss={g_loss[:S].mean():.3f}")
    torch.testing.assert_close(ema.module.layers[-1].detach(), average)  # every step of G went into the average
    return torch.stack(history, dim=-1)  # (5, 3, S, 12): quantity, treatment, seed, time


centres = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], device=device)  # (MODES, 2)
gammas = torch.tensor([0.0, 1.0, 0.0], device=device).repeat_interleave(S)  # (3 * S,)
labels = torch.tensor([1.0, 1.0, 0.9], device=device).repeat_interleave(S).view(-1, 1, 1)  # of real samples
runs = train("wild", 0.9, 1), train("fast_d", 0.9, 4), train("calm", 0.0, 1)
means, sways = (
    torch.stack(part) for part in zip(*[(run.mean((2, 3)), run.std(3).mean(2)) for run in runs], strict=True)
)
for name, mean, sway in zip(("wild", "fast_d", "calm"), means[..., 0].tolist(), sways[..., 0].tolist(), strict=True):
    print(f"{name}: losses {mean[0]:.2f} +- {sway[0]:.2f} and {mean[1]:.2f} +- {sway[1]:.2f}, modes {mean[4]:.1f}")
assert runs[0].shape == (5, 3, S, 12) and torch.equal(sways[0, 0, 1], runs[0][0, 1].std(1).mean()), "swings over time"
assert 0.5 < means[2, 0, 0] < 0.69, "settled, D's loss is nearly ln 2: the mean of two halves, both means over samples"
far, ema_far, modes = means[:, 2], means[:, 3, 0], means[:, 4, 0]  # (3, 3), (3,), (3,)
assert ema_far[0] > 2 * means[0, 3, 1], "an average of what swings is no cure: R1's is closer"
assert far.max() < 4, "a mean of distances: nothing in the ring is farther apart than 2"
for name, row in zip(("wild", "fast_d", "calm"), far.tolist(), strict=True):
    print(f"{name}: distance {row[0]:.2f}, with R1 {row[1]:.2f}, with smoothed labels {row[2]:.2f}")
assert far[0, 0] > 2 * far[0, 1] and sways[0, 2, 0] > 1.5 * sways[0, 2, 1], "R1: closer to the data, and steadier"
assert far[0, 2] > 2 * far[0, 1], "smoothed labels do not do what R1 does"
assert (far[1, :2] < 0.9 * far[0, :2]).all(), "a faster D brings G closer, with R1 and without"
assert ema_far[0] < 0.9 * far[0, 0] and sways[0, 3, 0] < 0.7 * sways[0, 2, 0], "the EMA is closer than G, and steadier"
assert far[0, 0] > 5 * far[2, 0] and modes[0] < 3 and modes[2] > 3.5, "one has collapsed, the other has not"
assert abs(means[0, 1, 0] - means[2, 1, 0]) < 0.4, "the level of G's loss does not tell the two apart"
assert sways[0, 0, 0] > 2 * sways[2, 0, 0], "but D's loss swings more where G has collapsed"

# %% One update by hand: G and D are one number each, and the data are 2
G, D = (nn.Linear(1, 1, bias=False, device=device) for _ in range(2))
theta, psi, z = G.weight.detach().clone(), D.weight.detach().clone(), torch.ones(3, 2, 1, device=device)
sgd = [torch.optim.SGD(net.parameters(), lr=0.1) for net in (G, D)]
update(G, D, AveragedModel(G), *sgd, real=2 * z, z=z, gamma=3.0, label=0.9)
slope = (2 * psi).sigmoid() - 0.9 + theta * (psi * theta).sigmoid() / 2 + 3 * psi
torch.testing.assert_close(D.weight.detach(), psi - 0.1 * slope)
psi = D.weight.detach()
torch.testing.assert_close(G.weight.detach(), theta + 0.1 * psi * (-psi * theta).sigmoid())
