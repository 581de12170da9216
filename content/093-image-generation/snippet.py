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
device, close = torch.device(os.environ.get("KB_DEVICE", "cpu")), torch.testing.assert_close
S, P, N, Z, H, T, M = 5, 25, 128, 2, 128, 20, 600  # side, pixels, batch, code, hidden, noise steps, samples
lit = torch.tensor([[2, 7, 12, 17, 22], [10, 11, 12, 13, 14], [0, 6, 12, 18, 24]])  # a column, a row, a diagonal
patterns = torch.zeros(3, P).scatter(1, lit, 1.0).to(device)  # all the images there are
beta = F.pad(torch.linspace(0.01, 0.4, T), (1, 0)).to(device)  # (T + 1,), variance of the noise that step t adds
kept = (1 - beta).cumprod(0)  # (T + 1,), alpha bar; kept[0] is 1, the clean image


# %% In short: what is minimised, and how samples are drawn
def vae_loss(encoder, decoder, x, weight=1.0):  # x: (N, P) of 0 and 1; in nats for one image
    mu, log_var = encoder(x).chunk(2, dim=1)  # (N, Z) each
    q = Normal(mu, (log_var / 2).exp())  # harmless: the encoder would give half of it
    kl = kl_divergence(q, Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum()
    return (F.binary_cross_entropy_with_logits(decoder(q.rsample()), x, reduction="sum") + weight * kl) / len(x)


def pixel_loss(net, x):  # net: (N, P) -> (N, P) logits; none may depend on its own pixel or a later one
    return F.binary_cross_entropy_with_logits(net(x), x, reduction="sum") / len(x)


def diffusion_loss(net, x):  # x: (N, P), scaled to -1 and 1; net: noisy images and their t -> clean images
    t = torch.randint(1, T + 1, (len(x),), device=x.device)
    return F.mse_loss(net(jump(x, t), t), x)


@torch.no_grad()
def vae_sample(decoder, n):
    return decoder(torch.randn(n, Z, device=device)).sigmoid()  # (n, P) probabilities, in one pass


@torch.no_grad()  # harmless: bernoulli has no slope
def pixel_sample(net, n):
    x = torch.zeros(n, P, device=device)
    for i in range(P):  # one pass for each pixel
        x[:, i] = net(x)[:, i].sigmoid().bernoulli()
    return x


@torch.no_grad()
def diffusion_sample(net, n):
    x = torch.randn(n, P, device=device)
    for t in torch.arange(T, 0, -1, device=device):  # one pass for each step
        x = step_back(x, net(x, t.expand(n)).clamp(-1, 1), t)  # harmless: this net stays within
    return x  # (n, P), near -1 and 1


# %% Tools
def recovered(name, images):  # (n, P) -> (3,), share of each pattern, with an error of at most one pixel
    share = (torch.cdist(images, patterns, p=1) < 1.5).float().mean(0)  # harmless: a pixel more changes little
    print(f"{name}: column, row, diagonal in {', '.join(f'{part:.0%}' for part in share)} of the samples")
    return share


def mlp(inputs, outputs):
    layers = [nn.Linear(inputs, H), nn.ReLU(), nn.Linear(H, H), nn.ReLU()]  # harmless: one ReLU is enough
    return nn.Sequential(*layers, nn.Linear(H, outputs)).to(device)


def train(name, loss_of, steps, *nets, lr=0.006):
    optimizer = torch.optim.Adam([parameter for net in nets for parameter in net.parameters()], fused=True)
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = lr * (1.01 - step / steps)  # harmless: any small rate
        loss = loss_of(*nets, patterns[torch.randint(3, (N,), device=device)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step={step} {name}={loss.item():.3f}")


# %% VAE: a code drawn from q = N(mu, sigma^2), and its cost KL(q, N(0, 1))
def encode(mu, log_var):  # (n, Z) each -> (n, Z) each
    # hole: code-and-cost
    z = mu + (log_var / 2).exp() * torch.randn_like(mu)
    cost = (mu.square() + log_var.exp() - log_var - 1) / 2
    # end
    return z, cost


ends = [torch.tensor([v], device=device).repeat(200_000, 1).requires_grad_() for v in ([0.5, -2.0], [-1.0, 0.6])]
mu, sigma = ends[0], (ends[1] / 2).exp()
(z, cost), kl = encode(*ends), kl_divergence(Normal(mu, sigma), Normal(torch.zeros_like(mu), torch.ones_like(mu)))
close(cost, kl, rtol=1e-4, atol=1e-4)
assert cost.requires_grad, "the cost pulls on the encoder"
close(*(torch.autograd.grad(one.sum(), ends, retain_graph=True) for one in (cost, kl)), rtol=1e-4, atol=1e-4)
noise, at = ((z - mu) / sigma).detach(), torch.tensor([0.02, 0.16, 0.5, 0.84, 0.98], device=device)  # harmless: data
close(noise.mT.cov(), torch.eye(Z, device=device), rtol=0, atol=0.02)
close(noise.quantile(at, dim=0), Normal(0.0, 1.0).icdf(at)[:, None].expand(-1, Z), rtol=0, atol=0.03)
slopes = [slope.mean(0) for slope in torch.autograd.grad(z.square().sum(), ends)]  # averaged over the draws
close(slopes, [2 * mu[0].detach(), sigma[0].detach().square()], rtol=0, atol=0.05)  # those of mu^2 + sigma^2

torch.manual_seed(0)
for weight in (25.0, 0.0, 1.0):  # of the KL in the loss
    encoder, decoder = mlp(P, 2 * Z), mlp(Z, P)
    train(f"vae_kl_times_{weight:g}", partial(vae_loss, weight=weight), 200, encoder, decoder)
    (z, cost), images = encode(*encoder(patterns.repeat(M, 1)).chunk(2, dim=1)), vae_sample(decoder, M)
    spread, kl, off = z.std(), cost.sum(1).mean(), (images - patterns.mean(0)).abs().max()  # harmless: both sides
    print(f"KL times {weight:g}: codes with standard deviation {spread:.1f}, KL {kl:.2f} nats")
    share = recovered(f"VAE, KL times {weight:g}", images.round())  # harmless: nearly 0 or 1 already
    assert weight > 0 or (4 < spread < 99 and share.min() < 0.25), "no KL: codes far apart, and N(0, 1) misses some"
    assert (kl < 0.1) == (off < 0.2) == (weight == 25), "too heavy a KL: an empty code, and the mean image"
assert 1 < kl < 2.5, "to tell three images apart takes a code of about log 3 nats or more"
assert spread < 1.5 and share.min() > 0.2, "the KL: codes as N(0, 1), so that one pass from N(0, 1) gives every pattern"


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


for kind, count in (("A", 12), ("B", 13)):
    assert MaskedConv(kind, 1, 1).mask.flatten().tolist() == [1] * count + [0] * (25 - count), "all before, none after"
for kinds in ("BBB", "ABB"):
    first, second, third = (MaskedConv(*layer) for layer in zip(kinds, (1, 16, 16), (16, 16, 1), strict=True))
    layers = [first, nn.ReLU(), second, nn.ReLU(), third]  # harmless: one ReLU is enough
    net = nn.Sequential(nn.Unflatten(1, (1, S, S)), *layers, nn.Flatten()).to(device)
    jacobian = torch.autograd.functional.jacobian(net, torch.rand(1, P, device=device))[0, :, 0]  # output, input pixel
    assert jacobian.triu(1).abs().max() < 1e-6, "no output may depend on a later pixel"
    assert (jacobian.diag().abs().max() > 1e-4) == (kinds == "BBB"), "type B in the first layer lets a pixel see itself"
    assert not jacobian[5, 3:5].any(), "the blind spot: earlier pixels far to the right stay out of sight"
train("pixelcnn", pixel_loss, 150, net, lr=0.02)
assert recovered("autoregressive", pixel_sample(net, M)).min() > 0.15, "drawn pixel by pixel, all patterns come back"
exact, bound, entropy = pixel_loss(net, patterns), vae_loss(encoder, decoder, patterns.repeat(5000, 1)), math.log(3)
print(f"-log p: entropy {entropy:.3f}, autoregressive {exact:.3f}, VAE at most {bound:.2f} (5000 draws an image)")
assert entropy < exact < entropy + 0.2 < bound < 2.5, "a likelihood without a gap against an upper bound"


# %% Diffusion: T small steps of noise, jumped over in training, undone step by step in sampling
def jump(x, t):  # (n, ...), n steps t -> x_t at once
    return kept[t, None].sqrt() * x + (1 - kept[t, None]).sqrt() * torch.randn_like(x)


def step_back(x, clean, t):  # x_t and the clean image, (n, P) each, and t -> a draw of x_(t-1)
    # hole: one-step-back
    mean = kept[t - 1].sqrt() * beta[t] * clean + (1 - beta[t]).sqrt() * (1 - kept[t - 1]) * x
    variance = beta[t] * (1 - kept[t - 1])
    x = mean / (1 - kept[t]) + (variance / (1 - kept[t])).sqrt() * torch.randn_like(x)
    # end
    return x


start = x = torch.full((1, 200_000), 3.0, device=device)
for t in range(1, T + 1):  # the chain against one jump and one step back  # harmless: fewer checks
    before, x = x, (1 - beta[t]).sqrt() * x + beta[t].sqrt() * torch.randn_like(x)
    for one, other in ((jump(start, [t]), x), (torch.cat([step_back(x, start, t), x]), torch.cat([before, x]))):
        close(one.mean(1), other.mean(1), rtol=0, atol=0.02)
        close(one.cov(), other.cov(), rtol=0, atol=0.02)
body = mlp(P + T + 1, P)


def denoise(x, t):  # (n, P), (n,) -> (n, P), the guess of the clean images
    return body(torch.cat([x, F.one_hot(t, T + 1)], dim=1))


train("denoising", lambda _, x: diffusion_loss(denoise, 2 * x - 1), 400, body)
drawn = (diffusion_sample(denoise, M) + 1) / 2
assert recovered(f"diffusion, {T} steps", drawn).min() > 0.15, "in T steps all patterns come back"
guess = (denoise(torch.randn(M, P, device=device), torch.full((M,), T, device=device)) + 1) / 2
assert recovered("diffusion, 1 step", guess).sum() < 0.1, "in one step none does"
assert (guess - patterns.mean(0)).abs().mean() < 0.1, "one step returns about the mean of all images"
close(step_back(x, start, 1), start, rtol=0, atol=1e-3)  # before the first step stands the clean image itself
