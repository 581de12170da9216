# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A narrow code forces an autoencoder to choose what to keep; a linear one keeps PCA's subspace, in axes of its own."""

import os
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # the tensors are so small that threads would mostly wait for each other
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, D, K, WIDE = 500, 10, 3, 16  # samples, features, size of the narrow code, size of the wide code
svd = partial(torch.linalg.svd, full_matrices=False)  # U, singular values, directions in rows  # harmless: U is unused


# %% In short
def autoencoder(inputs: int, hidden: int, code: int) -> nn.Sequential:
    encoder = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, code))
    decoder = nn.Sequential(nn.Linear(code, hidden), nn.Tanh(), nn.Linear(hidden, inputs))
    return nn.Sequential(encoder, decoder).to(device)


def train(net: nn.Module, x: torch.Tensor, steps: int) -> float:
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for step in range(1, steps + 1):
        loss = F.mse_loss(net(x), x)  # the input is the target
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 250 == 0:
            print(f"step={step} loss={loss.item():.5f}")
    return loss.item()


# %% Data: three strong directions, weak noise in all ten, and a mean that is not zero
directions = torch.linalg.qr(torch.randn(D, K, device=device))[0].mT  # (K, D), orthonormal rows
strength = torch.tensor([4.0, 2.5, 1.5], device=device)
x = 1 + torch.randn(N, K, device=device) * strength @ directions + 0.5 * torch.randn(N, D, device=device)  # (N, D)


# %% PCA sets the mark: no code of K numbers with a linear decoder has a smaller mean squared error
def pca(x: torch.Tensor, K: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    # hole: pca-optimum
    center = x.mean(dim=0)
    _, singular, axes = svd(x - center)  # (D,) from large to small, (D, D) in rows
    top = axes[:K].mT  # (D, K)
    best = singular[K:].square().sum() / x.numel()
    # end
    return center, top, best


for size in 1, 2, 3, 4, 5:
    center, top, best = pca(x, size)
    projected = center + (x - center) @ top @ top.mT
    print(f"PCA with {size} numbers leaves an error of {best:.3f}")
    torch.testing.assert_close(top.mT @ top, torch.eye(size, device=device), rtol=0, atol=1e-4)
    torch.testing.assert_close(F.mse_loss(projected, x), best, rtol=1e-3, atol=1e-5)
center, top, best = pca(x, K)
assert pca(x, K - 1)[2] > 1.8 * best and pca(x, K + 1)[2] > 0.8 * best, "the third number is worth it, the fourth not"


# %% The undercomplete linear autoencoder reaches the mark, and cannot pass it
def linear(code: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(D, code), nn.Linear(code, D)).to(device)


narrow = linear(K)
reached = train(narrow, x, steps=1000)
print(f"linear autoencoder {reached:.4f}, PCA {best:.4f}")
assert 0.999 < reached / best < 1.03, "the optimum is PCA's error, and nothing linear is below"

far, far_center = x + 10, center + 10
torch.testing.assert_close(far.mean(dim=0), far_center, rtol=1e-4, atol=1e-3)
late, early = train(linear(K), far, steps=250), train(linear(K), far - far_center, steps=250)
print(f"after 250 steps: mean far from zero {late:.4f}, centred {early:.4f}")
assert late > 1.5 * best and early < 1.1 * best, "centre the data, or the code serves the mean at first"

# %% The decoder's columns span the top principal directions, but they are not these directions
encoder, decoder = narrow
with torch.no_grad():
    code, output = encoder(x), narrow(x)  # (N, K), (N, D)
    spanned = torch.linalg.qr(decoder.weight)[0]  # (D, K), an orthonormal basis of what the decoder can reach
    overlap = torch.linalg.svdvals(spanned.mT @ top)  # (K,), cosines of the angles between the two subspaces
    cosines = F.normalize(decoder.weight, dim=0).mT @ top  # (K, K), of each column with each axis
    column = cosines.abs().amax(dim=1)  # (K,), with the nearest axis
    found = pca(output, K)[1]  # (D, K), PCA of the outputs
print(f"smallest cosine: subspaces {overlap.min():.4f}, columns {column.min():.4f}")
assert overlap.min() > 0.999, "the subspace is PCA's"
torch.testing.assert_close(cosines.square().sum(dim=1), torch.ones(K, device=device), rtol=0, atol=1e-3)
correlation = torch.corrcoef(code.mT).fill_diagonal_(0)  # (K, K)
assert (cosines.abs() <= column[:, None]).all() and correlation.shape == (K, K), "of columns, and of the code's numbers"
assert 0.57 < column.min() < 0.99 and correlation.abs().max() > 0.1, "its axes are not, and the code is correlated"
assert (found.mT @ top).abs().diag().min() > 0.98, "PCA of the outputs brings the axes back, up to sign"

# %% The loss cannot tell one basis of the code from another: other codes, the same outputs
mix = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]], device=device)
mixed = code @ mix.mT  # (N, K), another code, from the encoder with weight mix @ W
other_decoder = decoder.weight @ torch.linalg.inv(mix)  # (D, K)
torch.testing.assert_close(mixed @ other_decoder.mT + decoder.bias, output, rtol=1e-3, atol=1e-3)

# %% A code as wide as the input, or wider: the net copies whatever comes
wide = linear(WIDE)
copied = train(wide, x, steps=500)
noise = 4 * torch.randn(N, D, device=device)  # nothing like the data
with torch.no_grad():
    wide_error, narrow_error = F.mse_loss(wide(noise), noise).item(), F.mse_loss(narrow(noise), noise).item()
print(f"wide: data {copied:.1e}, noise {wide_error:.1e}; narrow: noise {narrow_error:.1f}")
assert copied < best / 100, "no bottleneck, no error"
assert wide_error < 0.1 < 5 < narrow_error, "the copy works on noise too: it says nothing about the data"

# %% Where the data are curved, one nonlinear number does what one principal component cannot
plane = torch.linalg.qr(torch.randn(D, 2, device=device))[0].mT  # (2, D)


def arc(n: int) -> torch.Tensor:
    angle = 1.5 * torch.pi * (torch.rand(n, 1, device=device) - 0.5)  # 3/4 of a circle  # harmless: other arcs would do
    return torch.cat([angle.cos(), angle.sin()], dim=1) @ plane + 0.03 * torch.randn(n, D, device=device)


seen = arc(N)
curved = autoencoder(D, 32, 1)
train(curved, seen, steps=500)
middle, line, floor = pca(seen, 1)
fresh = arc(N)  # drawn now, so that nothing above has seen it
with torch.no_grad():
    straight = middle + (fresh - middle) @ line @ line.mT
    torch.testing.assert_close((fresh - straight) @ line, torch.zeros(N, 1, device=device), rtol=0, atol=1e-4)
    one_component, one_number = F.mse_loss(straight, fresh).item(), F.mse_loss(curved(fresh), fresh).item()
    assert curved[0](fresh).shape == (N, 1)
print(f"fresh points of an arc, a code of one number: PCA {one_component:.4f}, nonlinear {one_number:.4f}")
assert abs(one_component / floor - 1) < 0.2, "PCA does on fresh points what it did on the others"
assert 0.0005 < one_number < one_component / 5 < 0.02, "a curve is one-dimensional, though no line holds it"
