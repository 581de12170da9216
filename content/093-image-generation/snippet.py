# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A VAE, an autoregressive net and a diffusion model each minimise one loss, and each samples in its own way."""

import math
import os
from functools import partial

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close, nats = torch.testing.assert_close, partial(F.binary_cross_entropy_with_logits, reduction="sum")
S, P, N, Z, H, T, M = 5, 25, 128, 2, 128, 20, 600  # side, pixels, batch, code, hidden, noise steps, samples
lit = torch.tensor([[2, 7, 12, 17, 22], [10, 11, 12, 13, 14], [0, 6, 12, 18, 24]])  # a column, a row, a diagonal
patterns = torch.zeros(3, P).scatter(1, lit, 1.0).to(device)  # all the images there are


def recovered(name, images):  # (n, P) -> (3,), share of each pattern, with an error of at most one pixel
    share = (torch.cdist(images, patterns, p=1) < 1.5).float().mean(0)
    print(f"{name}: column, row, diagonal in {', '.join(f'{100 * part:.0f} %' for part in share)} of the samples")
    return share


def mlp(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, H), nn.ReLU(), nn.Linear(H, H), nn.ReLU(), nn.Linear(H, outputs)).to(device)


def train(name, net, loss_of, steps, lr=0.006):
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = lr * (1.01 - step / steps)
        loss = loss_of(patterns[torch.randint(3, (N,), device=device)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step={step} {name}={loss.item():.3f}")


# %% VAE: a code drawn from q = N(mu, sigma^2), and its cost KL(q, N(0, 1))
def encode(mu, log_var):  # (n, Z) each -> (n, Z), (n,)
    # hole: code-and-cost
    z = mu + (log_var / 2).exp() * torch.randn_like(mu)
    cost = (mu.square() + log_var.exp() - log_var - 1) / 2
    # end
    return z, cost.sum(1)


mu, log_var = (torch.tensor([v], device=device).repeat(200_000, 1) for v in ([0.5, -2.0], [-1.0, 0.6]))
(z, cost), q = encode(mu.requires_grad_(), log_var.requires_grad_()), Normal(mu, (log_var / 2).exp())
close(cost, kl_divergence(q, Normal(0.0 * mu, 1.0)).sum(1), rtol=1e-4, atol=1e-4)
close(z.mT.cov(), log_var[0].exp().diag(), rtol=0, atol=0.04)
slopes = [slope.mean(0) for slope in torch.autograd.grad(z.square().sum(), (mu, log_var))]  # of E z^2, through the draw
close(torch.stack(slopes), torch.stack([2 * mu[0], log_var[0].exp()]), rtol=0, atol=0.05)  # E z^2 = mu^2 + sigma^2


def negative_elbo(images):
    z, cost = encode(*encoder(images).chunk(2, dim=1))
    return nats(decoder(z), images) / len(images) + cost.mean()


encoder, decoder = mlp(P, 2 * Z), mlp(Z, P)
train("negative_elbo", nn.ModuleList([encoder, decoder]), negative_elbo, 200)
assert recovered("VAE", (decoder(torch.randn(M, Z, device=device)) > 0).float()).min() > 0.15, "one pass is enough"


# %% Autoregressive: each pixel given those before it, which a mask on the kernel enforces
class MaskedConv(nn.Conv2d):
    def __init__(self, kind, inputs, outputs):
        super().__init__(inputs, outputs, 5, padding=2)
        # hole: taps-in-sight
        before = 12 if kind == "A" else 13  # 12 of the 25 taps come before the centre; B adds the centre
        mask = (torch.arange(25) < before).view(5, 5)
        # end
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=2)


for kinds in ("BBB", "ABB"):
    first, second, third = (MaskedConv(*layer) for layer in zip(kinds, (1, 16, 16), (16, 16, 1), strict=True))
    net = nn.Sequential(nn.Unflatten(1, (1, S, S)), first, nn.ReLU(), second, nn.ReLU(), third, nn.Flatten()).to(device)
    jacobian = torch.autograd.functional.jacobian(net, torch.rand(1, P, device=device))[0, :, 0]  # output, input pixel
    assert jacobian.triu(1).abs().max() < 1e-6, "no output may depend on a later pixel"
    assert (jacobian.diag().abs().max() > 1e-4) == (kinds == "BBB"), "type B in the first layer lets a pixel see itself"
train("pixelcnn", net, lambda images: nats(net(images), images) / N, 150, lr=0.02)
images = torch.zeros(M, P, device=device)
for i in range(P):  # one pass for each pixel
    images[:, i] = net(images)[:, i].detach().sigmoid().bernoulli()
assert recovered("autoregressive", images).min() > 0.15, "drawn pixel by pixel, all patterns come back"
exact, bound, entropy = nats(net(patterns), patterns) / 3, negative_elbo(patterns.repeat(1000, 1)), math.log(3)
print(f"-log p of an image: entropy {entropy:.3f}, autoregressive {exact:.3f}, VAE at most {bound:.3f}")
assert entropy < exact < entropy + 0.2 < bound < 2.5, "a likelihood without a gap against a lower bound"

# %% Diffusion: T small steps of noise, jumped over in training, undone step by step in sampling
beta = torch.linspace(0.01, 0.4, T, device=device)
kept = torch.cat([torch.ones(1, device=device), (1 - beta).cumprod(0)])  # (T + 1,), alpha bar
levels, denoiser = torch.eye(T + 1, device=device), mlp(P + T + 1, P)


def jump(x, t):  # (n, ...), n steps t -> x_t at once
    return kept[t, None].sqrt() * x + (1 - kept[t, None]).sqrt() * torch.randn_like(x)


start = x = torch.full((1, 200_000), 3.0, device=device)
for t in range(T):  # the chain, step after step, against one jump
    x = (1 - beta[t]).sqrt() * x + beta[t].sqrt() * torch.randn_like(x)
    for way in (x, jump(start, [t + 1])):
        moments = torch.stack([3 * kept[t + 1].sqrt(), 1 - kept[t + 1]])
        close(torch.stack([way.mean(), way.var()]), moments, rtol=0, atol=0.02)


def denoising(images):
    x, t = 2 * images - 1, torch.randint(1, T + 1, (N,), device=device)
    return F.mse_loss(denoiser(torch.cat([jump(x, t), levels[t]], dim=1)), x)


train("denoising", denoiser, denoising, 400)
x, guesses = torch.randn(M, P, device=device), []  # of the clean image, (M, P) each
for t in range(T, 0, -1):
    guesses.append(denoiser(torch.cat([x, levels[[t] * M]], dim=1)).detach())
    mean = kept[t - 1].sqrt() * beta[t - 1] * guesses[-1] + (1 - beta[t - 1]).sqrt() * (1 - kept[t - 1]) * x
    spread = beta[t - 1] * (1 - kept[t - 1]) / (1 - kept[t])
    x = mean / (1 - kept[t]) + spread.sqrt() * torch.randn_like(x)
assert recovered(f"diffusion, {T} steps", (x + 1) / 2).min() > 0.15, "in T steps all patterns come back"
assert recovered("diffusion, 1 step", (guesses[0] + 1) / 2).sum() < 0.1, "in one step none does"
assert ((guesses[0] + 1) / 2 - patterns.mean(0)).abs().mean() < 0.1, "one step returns about the mean of all images"
