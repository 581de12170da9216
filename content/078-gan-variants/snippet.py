# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A GAN whose discriminator grows steep drops modes: a gradient penalty or spectral norm limits the slope."""

import os
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import leaky_relu, normalize, one_hot, softplus
from torch.nn.utils.parametrizations import spectral_norm

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it saves
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close


# %% In short
def gradient_penalty(D, real, fake, share):  # real, fake (N, ...), share (N,) of real in each mixture -> (N,)
    # hole: gradient-penalty
    share = share.view(-1, *[1] * (real.dim() - 1))  # (N, 1, ..., 1)
    mixed = (share * real + (1 - share) * fake).detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(mixed).sum(), mixed, create_graph=True)  # (N, ...)
    return (slope.flatten(1).norm(dim=1) - 1).square()
    # end


def critic_step(G, D, d_optimizer, real, z, weight=10.0):
    fake = G(z).detach()
    distance = D(real).mean() - D(fake).mean()
    share = torch.rand(len(real), dtype=real.dtype, device=real.device)
    d_loss = weight * gradient_penalty(D, real, fake, share).mean() - distance
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    return distance.item()


# %% The penalty on a critic whose slope is known: D(x) = a |x|^2 / 2 has the slope a x
a = torch.tensor(0.5, requires_grad=True)
for shape in ((3, 2), (1, 5), (3, 2, 2, 2)):
    real, fake, share = torch.randn(shape), torch.randn(shape), torch.rand(shape[0])
    length = torch.stack([(t * r + (1 - t) * f).norm() for t, r, f in zip(share, real, fake, strict=True)])
    penalty = gradient_penalty(lambda x: a / 2 * (x * x).flatten(1).sum(1, True), real, fake, share)  # harmless: summed
    close(penalty.detach(), (0.5 * length - 1).square(), rtol=1e-4, atol=1e-4)
    assert penalty.requires_grad and a.grad is None, "a graph leads to D's weights, and no gradient is there yet"
    to_a = (2 * (0.5 * length - 1) * length).sum()  # create_graph: D can be trained by it
    close(torch.autograd.grad(penalty.sum(), a)[0], to_a, rtol=1e-4, atol=1e-4)
flat = gradient_penalty(lambda x: (0 * a * x).sum(1), real.flatten(1), fake.flatten(1), share)  # harmless: zeros
assert (flat - 1).abs().max() < 1e-3 and torch.autograd.grad(flat.sum(), a)[0] == 0, "flat: it costs 1, and no nan"


# %% The hinge losses
def hinge_losses(on_real, on_fake):  # scores of any shapes -> D's loss and G's loss
    # hole: hinge-losses
    d_loss = (1 - on_real).relu().mean() + (1 + on_fake).relu().mean()
    g_loss = -on_fake.mean()
    # end
    return d_loss, g_loss


scores = torch.tensor([[2.0], [0.5], [-1.0]], requires_grad=True), torch.tensor([-3.0, 1.0], requires_grad=True)
d_loss, g_loss = hinge_losses(*scores)
close(torch.stack([d_loss, g_loss]).detach(), torch.tensor([2.5 / 3 + 2 / 2, 1.0]))  # missed by 0, 0.5, 2; 0, 2
to_scores = torch.tensor([[0.0], [-1 / 3], [-1 / 3]]), torch.tensor([0.0, 0.5])  # beyond the margin D learns nothing
close(torch.autograd.grad(d_loss, scores), to_scores)
close(torch.autograd.grad(g_loss, scores[1])[0], torch.tensor([-0.5, -0.5]))  # G has no margin
assert hinge_losses(*torch.zeros(2, 4, 1, 2, 2)) == (2.0, 0.0), "a D that cannot tell costs 2"


# %% What the critic measures: fakes z, data z + apart, D(x) = slope x + bias; best is the slope 1 + apart / (2 weight)
for apart, weight, slope in ((1.0, 10.0, 1.05), (3.0, 10.0, 1.15), (3.0, 0.0, 6.0)):
    D, z = nn.Linear(1, 1), torch.randn(64, 1, requires_grad=True)  # harmless: the assert below asks for it
    nn.init.zeros_(D.weight)
    optimizer, bias = torch.optim.SGD(D.parameters(), lr=0.02), D.bias.item()
    for _ in range(100):
        distance = critic_step(nn.Identity(), D, optimizer, z.detach() + apart, z, weight)
    print(f"{apart:.0f} apart, weight {weight:.0f}: slope {D.weight.item():.2f}, the critic says {distance:.2f}")
    close(D.weight.item(), slope, rtol=1e-3, atol=1e-3)  # without penalty each step adds 0.02 * apart, for ever
    close(distance, slope * apart, rtol=0.02, atol=0.0)
    assert D.bias.item() == bias and z.grad is None, "no loss moves the level of the scores; D's step leaves G alone"


# %% Spectral norm: divides a weight by its largest singular value
for layer, x in ((nn.Linear(32, 64), torch.randn(5, 32)), (nn.Conv2d(8, 16, 3), torch.randn(2, 8, 6, 6))):
    spectral_norm(layer)
    for _ in range(50):
        layer(x)  # in training mode each call improves the estimate by one step
    free, now = (w.flatten(1) for w in (layer.parametrizations.weight.original, layer.weight))  # (out, rest)
    top, ratio = (torch.linalg.matrix_norm(weight, 2).item() for weight in (free, now))
    print(f"largest singular value {top:.2f}, with spectral norm {ratio:.2f}")
    assert abs(ratio - 1) < 0.01, "largest singular value near 1"
    close(now * top, free, rtol=0.01, atol=0.01)


# %% A ring of eight Gaussians: S seeds of six trainings, all nets side by side
S, N, Z, H, MODES, ROUNDS = 6, 32, 4, 24, 8, 120  # seeds, batch, noise, hidden units, Gaussians, steps of G
T, NAMES = 6, ("BCE", "BCE, spectral norm", "hinge", "hinge, spectral norm", "Wasserstein", "Wasserstein, penalty")


class Nets(nn.Module):  # one net for each training and seed, each with samples of its own: (nets, n, in)
    def __init__(self, *sizes, normed=()):  # normed: the names of those with spectral norm
        super().__init__()
        draws = ((2 * torch.rand(S, i, o) - 1) / i**0.5 for i, o in pairwise(sizes))
        self.weights = nn.ParameterList(draw.repeat(T, 1, 1) for draw in draws)  # each training begins with the same
        self.biases = nn.ParameterList(torch.zeros(S * T, 1, o) for o in sizes[1:])
        self.tops = [torch.ones(S * T, 1, o) for o in sizes[1:]]
        self.normed = torch.tensor([name in normed for name in NAMES]).repeat_interleave(S).view(-1, 1, 1)

    def forward(self, x, part=slice(None)):  # part: which of the nets
        is_normed = self.normed[part].any()
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if is_normed:  # harmless: it saves time
                with torch.no_grad():  # one step of the power iteration
                    self.tops[k] = normalize(self.tops[k] @ weight.mT @ weight, dim=2)
                top = (self.tops[k] @ weight.mT).norm(dim=2, keepdim=True)
                weight = weight / torch.where(self.normed, top, 1)
            x = torch.baddbmm(bias[part], leaky_relu(x, 0.2) if k else x, weight[part])
        return x


def losses(on_real, on_fake):  # D's and G's for each pair of trainings, on scores of all nets
    (real, fake), hinge, (high, low) = zip(on_real.chunk(3), on_fake.chunk(3), strict=True)
    bce = softplus(-real).mean() + softplus(fake).mean(), softplus(-fake).mean()  # harmless: Adam undoes a factor
    return [bce, hinge_losses(*hinge), (low.mean() - high.mean(), -low.mean())]  # harmless: Adam undoes a factor


def draw():
    real = centres[torch.randint(MODES, (S, N))] + 0.15 * torch.randn(S, N, 2)
    return [part.repeat(T, 1, 1) for part in (real, torch.randn(S, N, Z))]  # the same for each training


def watch(samples):  # how many Gaussians get over 2 % of the samples, and the share that lies near one
    near, which = torch.cdist(samples, centres).view(T, S, -1, MODES).min(3)
    hits = one_hot(which, MODES) * (near < 0.9)[..., None]  # (trainings, S, n, MODES)
    return (hits.float().mean(2) > 0.02).sum(2).float().mean(1), hits.sum(3).float().mean((1, 2))


centres = 3 * torch.view_as_real(torch.polar(torch.ones(MODES), 2 * torch.pi * torch.arange(MODES) / MODES))
G, D, last = Nets(Z, H, H, 2), Nets(2, H, H, 1, normed=NAMES[1:4:2]), slice(-S, None)
g_optimizer, d_optimizer = (torch.optim.Adam(n.parameters(), 0.015, betas=(0.0, 0.9), fused=True) for n in (G, D))
held_out = torch.randn(S, 512, Z).repeat(T, 1, 1)
for step in range(1, ROUNDS + 1):
    for _ in range(3):  # steps of D for one of G
        real, fake = draw()[0], G(draw()[1]).detach()  # harmless: G's gradient is cleared below
        on_real, on_fake = D(torch.cat([real, fake], 1)).chunk(2, 1)
        pair = (part[last].flatten(0, 1) for part in (real, fake))
        penalty = gradient_penalty(lambda x: D(x.view(S, N, 2), last), *pair, torch.rand(S * N)).mean()
        d_optimizer.zero_grad()
        (sum(d for d, _ in losses(on_real, on_fake)) + penalty / 2).backward()  # one of two  # harmless: a setting
        d_optimizer.step()
    g_optimizer.zero_grad()
    sum(g for _, g in losses(on_real, D(G(draw()[1])))).backward()
    g_optimizer.step()
    if step % 40 == 0:
        modes, near = watch(G(held_out))
        print(f"step={step} modes_bce={modes[0]:.1f} modes_bce_spectral_norm={modes[1]:.1f}")

# %% What came of it
real = draw()[0].requires_grad_()
slopes = torch.autograd.grad(D(real).sum(), real)[0].norm(dim=2).view(T, -1)
levels = -D(G(held_out)).view(T, -1).mean(1)  # the loss of G in its hinge and Wasserstein forms
for row in zip(NAMES, modes, near, slopes.mean(1), levels, strict=True):
    print("{}: {:.1f} modes, {:.0%} near one, slope {:.1f}, minus the fakes' score {:.1f}".format(*row))
assert modes[[0, 2]].max() < 6 and modes[[1, 3]].min() > 7, "BCE and hinge drop modes, unless slopes are limited"
assert modes[5] > max(6.5, modes[4] + 0.25) and near[4] < near[5], "Wasserstein: the penalty helps too"
assert near[5] < 0.5 and (near[[0, 2]] > near[[1, 3]] + 0.03).all(), "where modes are dropped, more lie near one"
assert levels[2] < min(5, levels[5] / 2), "and their G has the lower loss"
assert slopes[[1, 3]].max() < 1.05 and slopes[5].mean() < 2 < slopes[0].mean() and slopes[4].mean() > 5
second = [((top @ w.mT)[S : 2 * S], w[S : 2 * S]) for top, w in zip(D.tops, D.weights, strict=True)]  # of six trainings
ratio = torch.stack([estimate.norm(dim=(1, 2)) / torch.linalg.matrix_norm(w, 2) for estimate, w in second])
assert 0.85 < ratio.mean() < 1.001, "one step of the power iteration at a time follows the largest singular value"
