# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""The game of G and D circles or runs away unless something damps it, as R1 does; its losses hide the outcome."""

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


# %% R1: gamma / 2 times the mean squared slope of D at real data
def r1(D, real, gamma):  # real (..., N, F) -> (...)
    # hole: r1-penalty
    real = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(real).sum(), real, create_graph=True)  # (..., N, F)
    return gamma / 2 * slope.square().sum(-1).mean(-1)
    # end


A = torch.randn(3, 3, device=device, requires_grad=True)
x, B = torch.randn(2, 1, 5, 3, device=device), (A + A.mT).detach()  # D(x) = x^T A x has the slope B x
penalty = r1(lambda x: (x @ A * x).sum(-1, keepdim=True), x, gamma=0.6)  # (2, 1)
assert penalty.requires_grad and A.grad is None, "a graph leads to D's weights, and no gradient is there yet"
dB = 0.6 * ((x @ B).mT @ x / 5).sum((0, 1))  # (3, 3), the penalty's slope in B
torch.testing.assert_close(penalty.detach(), 0.3 * (x @ B).square().sum((-2, -1)) / 5, rtol=1e-4, atol=1e-4)
torch.testing.assert_close(torch.autograd.grad(penalty.sum(), A)[0], dB + dB.mT, rtol=1e-4, atol=1e-4)


# %% The smallest GAN: data at 0, G is the number theta, D(x) = psi x; solved at theta = psi = 0
def play(gamma=0.0, momentum=0.0, ratio=1, faster=1):  # -> (8,), share of the first distance that is left
    theta, psi, theta_step, psi_step = *starts, 0.0, 0.0
    for _ in range(300):
        for _ in range(ratio):  # psi descends softplus(-psi 0) + softplus(psi theta) + gamma / 2 psi^2
            psi_step = momentum * psi_step + theta * (psi * theta).sigmoid() + gamma * psi
            psi = psi - 0.1 * faster * psi_step
        theta_step = momentum * theta_step - psi * (-psi * theta).sigmoid()  # theta descends softplus(-psi theta)
        theta = theta - 0.1 * theta_step
    return torch.hypot(theta, psi) / torch.hypot(*starts)


starts = 0.5 + torch.rand(2, 8, device=device)  # theta and psi of eight runs
left = {"plain": play(), "5 steps of D": play(ratio=5), "D 4 times faster": play(faster=4), "R1": play(gamma=1.0)}
left |= {"momentum": play(momentum=0.9), "momentum, R1": play(momentum=0.9, gamma=1.0)}
print(*(f"{name}: at least {share.min():.2g} of the distance left" for name, share in left.items()), sep="\n")
assert min(share.min() for share in list(left.values())[:3]) > 0.2, "they circle the solution and hardly come closer"
assert left["momentum"].min() > 1e7, "with momentum the circle grows"
assert left["R1"].max() < 1e-4 and left["momentum, R1"].max() < 0.01, "R1 makes it a spiral inwards"


# %% A ring of Gaussians: 3 * S nets side by side: S plain ones, copies trained with R1, copies with smoothed labels
class Nets(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        draws = [(2 * torch.rand(S, i + 1, o, device=device) - 1) / i**0.5 for i, o in pairwise(sizes)]
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
    ema = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.98), use_buffers=True)
    g_optimizer = torch.optim.Adam(G.parameters(), lr=0.005, betas=(beta1, 0.999), fused=True)
    d_optimizer = torch.optim.Adam(D.parameters(), lr=0.005 * faster, betas=(beta1, 0.999), fused=True)
    for step in range(1, 241):
        real, z = draw(N)
        on_real, on_fake = D(real), D(G(z).detach())  # (3 * S, N, 1); BCE of logit s, label y: softplus(s) - y s
        d_loss = (softplus(on_real) - labels * on_real + softplus(on_fake)).mean((1, 2)) / 2  # (3 * S,)
        d_optimizer.zero_grad()
        (d_loss + r1(D, real, gammas)).sum().backward()
        d_optimizer.step()
        g_loss = softplus(-D(G(z))).mean((1, 2))
        g_optimizer.zero_grad()
        g_loss.sum().backward()
        g_optimizer.step()
        ema.update_parameters(G)
        if step > 120 and step % 10 == 0:
            fake, smooth = G(fixed).detach(), ema(fixed).detach()  # (3 * S, 256, 2)
            modes = (one_hot(torch.cdist(fake, centres).argmin(-1), MODES).float().mean(1) > 0.05).sum(1)
            row = d_loss.detach(), g_loss.detach(), energy(fake, held_out), energy(smooth, held_out), modes
            history.append(torch.stack(row).view(5, 3, S))
        if step % 80 == 0:
            print(f"step={step} {name}_d_loss={d_loss[:S].mean():.3f} {name}_g_loss={g_loss[:S].mean():.3f}")
    return torch.stack(history, dim=-1)  # (5, 3, S, 12): quantity, treatment, seed, time


centres = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], device=device)  # (MODES, 2)
gammas = torch.tensor([0.0, 1.0, 0.0], device=device).repeat_interleave(S)  # (3 * S,)
labels = torch.tensor([1.0, 1.0, 0.9], device=device).repeat_interleave(S).view(-1, 1, 1)  # of real samples
runs = train("wild", 0.9, 1), train("fast_d", 0.9, 4), train("calm", 0.0, 1)
d, g = torch.stack([run[:2, 0].flatten(1).median(1).values for run in runs], dim=1).tolist()  # losses of the plain nets
far, modes = (torch.stack([run[k].mean((1, 2)) for run in runs]) for k in (2, 4))  # (3, 3): setting, treatment
ema_far, sway = runs[0][3].mean((1, 2)), runs[0].std(3).mean(2)  # (3,), (5, 3): how far each quantity moves in time
for k, name in enumerate(("wild", "fast_d", "calm")):
    print(f"{name}: losses {d[k]:.2f} {g[k]:.2f}, modes {modes[k, 0]:.1f}, distance {far[k, 0]:.2f}", end=", ")
    print(f"with R1 {far[k, 1]:.2f}, with smoothed labels {far[k, 2]:.2f}")
assert far[0, 0] > 2 * far[0, 1] and sway[2, 0] > 1.5 * sway[2, 1], "R1: closer to the data, and steadier"
assert far[0, 2] > 2 * far[0, 1], "smoothed labels do not do what R1 does"
assert (far[1, :2] < 0.9 * far[0, :2]).all(), "a faster D brings G closer, with R1 and without"
assert ema_far[0] < 0.9 * far[0, 0] and sway[3, 0] < 0.7 * sway[2, 0], "the EMA is closer than G, and steadier"
assert far[0, 0] > 5 * far[2, 0] and modes[0, 0] < 3 and modes[2, 0] > 3.5, "one has collapsed, the other has not"
assert abs(d[0] - g[0]) < 0.2 < abs(d[2] - g[2]) and g[0] < g[2], "the losses say the opposite"
