# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""The net that makes the sample and the net that judges it must both be told the label; dropping it allows guidance."""

import os

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it saves
torch.set_default_device(os.environ.get("KB_DEVICE"))  # harmless: None, so the CPU; naming it slows each call
P, NOISE, T, N, Z = 7, 0.2, 20, 128, 4  # segments of a display, noise, steps of diffusion, batch, numbers of a code


# %% In short
K, E, H = 10, 8, 64  # classes, numbers in a label's vector, width of a layer
NULL = K  # the label that means "none"


class Labelled(nn.Module):  # encoder, decoder, generator, discriminator, denoiser: any net that is told the label
    def __init__(self, inputs, outputs):
        super().__init__()
        self.embed = nn.Embedding(K + 1, E)  # labels 0 to K - 1, and NULL
        body = nn.Linear(inputs + E, H), nn.LeakyReLU(0.2), nn.Linear(H, H), nn.LeakyReLU(0.2)  # harmless: one will do
        self.layers = nn.Sequential(*body, nn.Linear(H, outputs))

    def forward(self, x, y):  # (N, inputs) and labels (N,), int64 -> (N, outputs)
        return self.layers(torch.cat([x, self.embed(y)], dim=1))


def drop_label(y, rate):  # in each training step, so that the net also learns to do without
    # hole: drop-label
    return torch.where(torch.rand(y.shape, device=y.device) < rate, NULL, y)
    # end


def guide(net, x, y, w):  # in each sampling step, instead of net(x, y)
    # hole: guide
    without, given = net(torch.cat([x, x]), torch.cat([torch.full_like(y, NULL), y])).chunk(2)
    return without + w * (given - without)
    # end


# %% drop_label: each label by itself, and the given tensor stays as it is
y = torch.arange(60_000, dtype=torch.int32) % K
gone = (dropped := drop_label(y.view(3, 20_000), 0.3)).flatten() == NULL
assert dropped.dtype == y.dtype and dropped.shape == (3, 20_000), "y's dtype, here int32, and y's shape"
assert torch.equal(dropped.flatten()[~gone], y[~gone]) and (y == torch.arange(60_000) % K).all(), "y stays as it was"
assert (drop_label(y, 1.0) == NULL).all() and torch.equal(drop_label(y, 0.0), y), "all or none"
assert all(abs(gone[y == c].float().mean() - 0.3) < 0.05 for c in range(K)), "every digit loses 30%"
assert all(abs((gone[s:] & gone[:-s]).float().mean() - 0.09) < 0.02 for s in (1, 2, 20_000)), "draws of their own"
assert 50 < sum((drop_label(torch.tensor([4]), 0.5) == NULL).item() for _ in range(200)) < 150, "one label, too"


# %% guide: a case by hand
rows, y = torch.tensor([[1.0, 0], [5, 2], [0, 0]], dtype=torch.float64), torch.tensor([3, 7, 0])
for n, w, shifts in ((3, 3.0, [-11.0, 1, -20]), (1, 0.5, [6.5]), (1, 1.0, [3.0]), (2, 0.0, [10.0, 10])):
    guided = guide(lambda x, y: 2 * x + y[:, None], rows[:n], y[:n], w)  # 10 + w (y - 10), and 2 x
    torch.testing.assert_close(guided, 2 * rows[:n] + torch.tensor(shifts, dtype=torch.float64)[:, None])


# %% The data: digits on a seven-segment display, each with a contrast of its own
CODES = "1110111 0010010 1011101 1011011 0111010 1101011 1101111 1010010 1111111 1111011".split()
SEGMENTS = torch.tensor([[2.0 * int(bit) - 1 for bit in code] for code in CODES])  # (K, P), -1 is dark, 1 is lit


def draw(n):
    y = torch.randint(K, (n,))
    return (0.5 + 0.5 * torch.rand(n, 1)) * SEGMENTS[y] + NOISE * torch.randn(n, P), y


def read(x):  # the contrast and the digit that fits best: a fixed rule, trained on nothing
    return (x @ SEGMENTS.mT / P).max(1)


def judge(name, x):  # shares of the digit asked for and of the commonest digit; contrast, its spread within a digit
    contrast, digit = read(x)
    share, top = (digit == asked).float().mean(), digit.bincount().max() / 1000
    mean, spread = contrast.mean(), contrast.view(K, 100).std(1).mean()
    print(f"{name}: {share:.0%} as asked, {top:.0%} the same digit, contrast {mean:.2f} +- {spread:.2f}")
    return share, top, mean, spread


def descend(optimizer, loss):
    optimizer.zero_grad()
    loss.mean().backward()  # harmless: Adam does not mind the scale
    optimizer.step()


asked, real, real_y = torch.arange(K).repeat_interleave(100), *draw(4000)  # 100 samples of each digit; data
same, none = lambda y: y, lambda y: torch.full_like(y, NULL)  # what a net is told
assert (read(real)[1] == real_y).float().mean() > 0.95 and abs(read(real)[0].mean() - 0.75) < 0.03, "the rule reads"


# %% Conditional VAE: the label goes to the decoder; the encoder may have it too
def posterior(encoder, x, y):
    mean, log_std = encoder(x, y).chunk(2, dim=1)
    return Normal(mean, log_std.exp())


def train_vae(name, to_encoder, to_decoder):
    torch.manual_seed(0)
    encoder, decoder, prior = Labelled(P, 2 * Z), Labelled(Z, P), Normal(0.0, 1.0)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=7e-3, fused=True)
    for x, y in (draw(N) for _ in range(150)):
        code = posterior(encoder, x, to_encoder(y))
        likelihood = Normal(decoder(code.rsample(), to_decoder(y)), NOISE).log_prob(x).sum()
        descend(optimizer, kl_divergence(code, prior).sum() - likelihood)
    nats = kl_divergence(posterior(encoder, real, to_encoder(real_y)), prior).sum().item() / len(real)
    samples = decoder(torch.randn(len(asked), Z), to_decoder(asked))  # the encoder is not needed
    return *judge(f"VAE, label to {name}, KL {nats:.1f} nats", samples), nats, encoder, decoder


both, decoder, encoder = map(train_vae, ("both", "decoder", "encoder"), (same, none, same), (same, same, none))
assert both[0] > 0.95 and decoder[0] > 0.95 and encoder[0] < 0.2, "the decoder must be told"
assert 0.04 < decoder[3] < 0.2, "a digit's samples differ: the code still tells the contrast"
assert max(both[4], decoder[4]) + 2.3 < encoder[4] < 8, "else the code must name the digit, too: ln 10 nats and more"
code, other = posterior(both[5], real, real_y).mean, K - 1 - real_y
assert (other != real_y).all() and (read(both[6](code, other))[1] == other).float().mean() > 0.95, "that label's digit"


# %% Conditional GAN: the same label for G and for D
def train_gan(name, with_real, with_fake):  # which labels D is told
    torch.manual_seed(0)
    G, D = Labelled(Z, P), Labelled(P, 1)
    g_optimizer = torch.optim.Adam(G.parameters(), lr=4e-3, betas=(0.0, 0.99), fused=True)
    d_optimizer = torch.optim.Adam(D.parameters(), lr=8e-3, betas=(0.0, 0.99), fused=True)
    for x, y in (draw(N) for _ in range(150)):
        fake, fake_y = G(torch.randn(N, Z), y), with_fake(y)
        descend(d_optimizer, F.softplus(-D(x, with_real(y))) + F.softplus(D(fake.detach(), fake_y)))
        descend(g_optimizer, F.softplus(-D(fake, fake_y)))
    return judge(f"GAN, D is told {name}", G(torch.randn(len(asked), Z), asked))


matched, untold = train_gan("G's label", same, same), train_gan("no label", none, none)
mixed = train_gan("another label", same, lambda y: torch.randint_like(y, K))
assert matched[0] > 0.9 and matched[3] > 0.04 and max(untold[0], mixed[0]) < 0.7, "what D is not told, it cannot ask"
assert untold[1] < 0.5 and mixed[2] < 0.95 * matched[2], "untold: any digit; wrong labels: pale ones"


# %% Diffusion with dropped labels: one net with and without a label, for guidance
kept, seen = (1 - torch.linspace(0, 0.4, T + 1)).cumprod(0), {}  # (T + 1,), the share of a sample's variance left


def noisy(x, t):
    return kept[t].sqrt() * x + (1 - kept[t]).sqrt() * torch.randn_like(x)


def step_back(x, clean, t):  # from noise level t to t - 1, if the clean sample is this one (DDIM)
    noise = (x - kept[t].sqrt() * clean) / (1 - kept[t]).sqrt()
    return kept[t - 1].sqrt() * clean + (1 - kept[t - 1]).sqrt() * noise


for t, clean in zip((T, 5, 1), torch.full((3, 100_000), 3.0), strict=True):
    back, there = step_back(noisy(clean, t), clean, t), noisy(clean, t - 1)
    assert all(abs(f(back) - f(there)) < 0.02 for f in (torch.mean, torch.std)), "the step undoes one step of noise"


def denoiser(net, t):  # x (N, P), y (N,) -> clean samples (N, P), for one t or for N
    a, b = kept[t].sqrt(), (1 - kept[t]).sqrt()  # harmless: the net may as well learn another scale
    return lambda x, y: a * x - b * net(torch.cat([x, t.expand(len(x), 1) / T], dim=1), y)  # harmless: or sign


def train_denoiser(rate):
    torch.manual_seed(0)
    net = Labelled(P + 1, P)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3, fused=True)
    for step in range(1, 301):
        (x, y), t = draw(N), torch.randint(1, T + 1, (N, 1))
        clean = denoiser(net, t)(noisy(x, t), drop_label(y, rate))
        descend(optimizer, loss := (clean - x).square() / (1 - kept[t]))  # harmless: other weights do, too
        if step % 100 == 0:
            print(f"step={step} loss={loss.mean():.3f} drop={rate}")
    assert net.embed.weight.grad[NULL].any() == (rate > 0), "never dropped, NULL's vector is never trained"
    return net


@torch.no_grad()
def sample(net, y, w):
    x = torch.randn(len(y), P)
    for t in torch.arange(T, 0, -1):
        x = step_back(x, guide(denoiser(net, t), x, y, w), t)
    return x


for rate in (0.2, 0.0):
    net = train_denoiser(rate)
    for w in (0.0, 1.0, 3.0):
        seen[rate, w] = judge(f"diffusion, dropped {rate:.0%}, w = {w:.0f}", sample(net, asked, w))
assert min(seen[0.2, 1.0][0], seen[0.2, 3.0][0], seen[0.0, 1.0][0]) > 0.9, "with a label both draw what is asked"
assert seen[0.2, 0.0][1] < 0.3 and seen[0.0, 0.0][1] > 1.2 * seen[0.2, 0.0][1], "w = 0: any digit, if trained so"
assert abs(seen[0.2, 1.0][2] - 0.75) < 0.1 < seen[0.2, 3.0][2] - 0.75, "w = 1: the data's contrast; w = 3: more"
assert seen[0.2, 3.0][3] < seen[0.2, 1.0][3] - 0.02, "w = 3: less variety"
assert seen[0.0, 3.0][2] > 1.05 * seen[0.2, 3.0][2], "guided against an untrained NULL: beyond that"
