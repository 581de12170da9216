# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Dropout2d drops whole channels: in a smooth map, a single dropped value is still known from its neighbours."""

import os
import warnings

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # the tensors are small
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise


# %% In short
def block(inputs: int, outputs: int, p: float = 0.1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),  # harmless: any
        nn.ReLU(),  # harmless: any
        nn.Dropout2d(p),  # (N, C, H, W): each image loses channels of its own, each with probability p
    )


net = nn.Sequential(block(3, 32), nn.MaxPool2d(2), block(32, 64, 0.3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
images = torch.rand(8, 3, 32, 32)
net.train()  # drops, and multiplies the channels that stay by 1 / (1 - p)
features = net(images)  # (8, 64)
net.eval()  # drops nothing, scales nothing
assert features.shape == (8, 64) and torch.equal(net(images), net(images)) and not torch.equal(net(images), features)


# %% The same by hand
def drop_channels(x: torch.Tensor, p: float, training: bool) -> torch.Tensor:  # (N, C, and any further axes)
    # hole: drop-channels
    if not training:
        return x
    keep = torch.rand(x.shape[:2], device=x.device) >= p  # one draw for each channel of each image
    scale = (keep.to(x.dtype) / (1 - p)).nan_to_num()  # where p = 1, 0 / 0
    return x * scale.reshape(*x.shape[:2], *[1] * (x.dim() - 2))  # (N, C, 1, 1)
    # end


peers = {(50, 60, 4): F.dropout1d, (50, 60, 3, 5): F.dropout2d, (50, 60, 2, 3, 2): F.dropout3d}
for drop, shape in [(drop_channels, shape) for shape in peers] + [(peer, shape) for shape, peer in peers.items()]:
    for p, dtype in ((0.2, torch.bfloat16), (0.75, torch.double)):
        ones = torch.ones(shape, dtype=dtype)
        dropped = drop(ones, p, True)
        assert dropped.dtype == dtype and torch.equal(drop(ones, p, False), ones) and (ones == 1).all()
        torch.testing.assert_close(dropped.unique(), torch.tensor([0, 1 / (1 - p)], dtype=dtype))
        lost = dropped.flatten(2) == 0
        assert torch.equal(lost.all(2), lost.any(2)), "all pixels of a channel, or none: not pixels"
        lost = lost[..., 0].double()  # (50, 60)  # harmless: all pixels are alike
        assert abs(lost.mean() - p) < 0.05 and not torch.equal(drop(ones, p, True), dropped)
        for axis in (0, 1):
            spread = lost.mean(axis).std() / (p * (1 - p) / lost.shape[axis]) ** 0.5
            assert 0.5 < spread < 1.6, "drawn for each image and each channel, and not a quota"
        assert len({(drop(ones, p, True) == 0).sum().item() for _ in range(5)}) > 1, "no quota for the batch either"
    x = torch.randn(4, 6, *shape[2:], requires_grad=True)
    assert torch.equal(drop(x, 0.0, True), x)
    gone = drop(x, 1.0, True)
    slopes = torch.autograd.grad(gone.sum(), x) if gone.requires_grad else ()  # harmless: zeros without a graph do too
    assert all((part == 0).all() for part in (gone, *slopes)), "no nan, nor in gradients"
    assert torch.equal(drop(x, 1.0, False), x), "evaluation drops nothing"
    out = drop(x, 0.5, True)
    out.sum().backward()
    assert torch.equal(out, x * x.grad) and set(x.grad.unique().tolist()) == {0, 2}


# %% Which axis are the channels? What shares its fate with the whole of an axis
def whole(layer: nn.Module, *shape: int) -> tuple[list[int], str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kept = layer(torch.ones(shape)) != 0  # harmless: what is dropped shares as what is kept
    shared = [axis for axis in range(kept.dim()) if torch.equal(kept.any(axis), kept.all(axis))]
    return shared, str(caught[0].message) if caught else ""


assert whole(nn.Dropout2d(), 8, 6, 5, 7) == ([2, 3], "") and whole(nn.Dropout(), 8, 6, 5, 7) == ([], "")
axes, said = whole(nn.Dropout2d(), 8, 6, 7)
assert axes == [2] and "Received a 3D input to dropout2d" in said and "interpreted as shape (N, C, L)" in said
print("Dropout2d of (8, 6, 7) shares axes", axes, "and warns:", said[:60], "...")
axes, said = whole(nn.Dropout2d(), 8, 60)
assert axes == [] and "Received a 2-D input to dropout2d, which is deprecated" in said, "as nn.Dropout"
assert whole(nn.Dropout1d(), 8, 6, 7) == ([2], "") and whole(nn.Dropout1d(), 64, 6) == ([1], ""), "(N, C, L), (C, L)"
axes, said = whole(nn.Dropout2d(), 8, 6, 3, 5, 7)  # videos (N, T, C, H, W)
assert axes == [2, 3, 4] and "Received a 5-D input" in said and "use dropout instead" in said, "not so in dropout"
assert whole(nn.Dropout3d(), 64, 6, 7, 5) == ([1, 2, 3], ""), "(C, D, H, W): a batch (N, C, H, W) loses whole images"
image, tokens = torch.ones(60, 8, 8), torch.ones(8, 20, 16)
one = nn.Dropout2d()(image[None])[0]  # (C, H, W): a batch of one
by_feature = nn.Dropout1d()(tokens.transpose(1, 2)).transpose(1, 2)  # (N, L, C): channels to the middle and back
for out, axes in ((one, (1, 2)), (by_feature, (1,)), (nn.Dropout1d()(tokens), (2,))):
    assert torch.equal(out.amax(axes), out.amin(axes)) and out.min() == 0 and out.max() == 2


# %% Why neighbours make elementwise dropout weak
def maps(count: int, rho: float) -> torch.Tensor:  # (count, 32, 6, 6): any two pixels of a channel correlate by rho
    alike, own = torch.randn(count, 32, 1, 1), torch.randn(count, 32, 6, 6)
    return rho**0.5 * alike + (1 - rho) ** 0.5 * own  # harmless: either sign


for rho in (0.9, 0.0):
    x = maps(400, rho)
    elements, channels = F.dropout(x), drop_channels(x, 0.5, True)
    for k in (1, 2, 6):
        noise = [F.avg_pool2d(dropped - x, k).var().item() for dropped in (elements, channels)]
        print(f"correlation {rho}, average of {k}x{k}: noise {noise[0]:.3f} by elements, {noise[1]:.3f} by channels")
        assert abs(noise[0] * k**2 - 1) < 0.1 and abs(noise[1] / noise[0] / (1 + (k**2 - 1) * rho) - 1) < 0.15
    lost = elements == 0
    guess = F.avg_pool2d(elements, 3, stride=1, padding=1)  # from the eight neighbours: the value itself is 0
    known = torch.corrcoef(torch.stack([guess[lost], x[lost]]))[0, 1].item()
    print(f"correlation {rho}: lost values and the guess from their neighbours correlate by {abs(known):.2f}")
    assert known > 0.8 if rho else abs(known) < 0.05
    gone = channels == 0
    assert not F.avg_pool2d(channels, 6)[gone.all(3).all(2)].any() and gone.float().mean() > 0.4, "gone for good"
positive = maps(400, 0.0).relu()  # uncorrelated, with a mean above 0
noise = [F.avg_pool2d(drop(positive) - positive, 6).var().item() for drop in (F.dropout, F.dropout2d)]
print(f"correlation 0.0 behind a ReLU, average of 6x6: noise {noise[0]:.3f} by elements, {noise[1]:.3f} by channels")
alike = positive.mean() ** 2 / (positive**2).mean()  # E[x_i x_j] / E[x_i^2]
assert abs(noise[1] / noise[0] / (1 + 35 * alike) - 1) < 0.15 and alike > 0.3, "the mean counts as a correlation does"


# %% In training: few images, noisy labels, a linear layer on averaged maps
def held_out(drop: nn.Module, rho: float, seed: int) -> float:
    torch.manual_seed(seed)
    x = maps(340, rho)
    x = x / x.mean((2, 3)).std()  # the averaged maps have variance 1, whatever rho
    y = x.mean((2, 3)).sum(1) / 32**0.5 + torch.randn(340)  # no net can expect an error below 1
    assert 1.2 < y.var() < 2.8, "signal and noise have variance 1 each"
    train, test = torch.arange(340).split([40, 300])
    assert not torch.isin(test, train).any(), "no test image is trained on"
    head = nn.Sequential(drop, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 1), nn.Flatten(0)).train()  # (N,)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.1)
    for _ in range(80):
        loss = F.mse_loss(head(x[train]), y[train])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        guess = head.eval()(x[test])
        assert torch.equal(guess, head(x[test])), "nothing is dropped in evaluation"
        return F.mse_loss(guess, y[test]).item()


drops = {"none": nn.Identity(), "Dropout": nn.Dropout(0.5), "Dropout2d": nn.Dropout2d(0.5)}
for rho in (0.9, 0.0):
    errors = {name: sum(held_out(drop, rho, seed) for seed in range(4)) / 4 for name, drop in drops.items()}
    print(f"correlation {rho}, test error:", ", ".join(f"{error:.2f} {name}" for name, error in errors.items()))
    assert errors["none"] > 1.5 * errors["Dropout2d"] and 1 < errors["Dropout2d"] < 3, (
        "otherwise noise is learnt by heart"
    )
    ratio = errors["Dropout"] / errors["Dropout2d"]
    assert ratio > 1.25 if rho else abs(ratio - 1) < 0.25, "only where neighbours correlate does it matter which"
