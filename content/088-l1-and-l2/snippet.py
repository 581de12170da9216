# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""L2's pull fades with the weight and makes none zero; L1's does not, and its proximal step makes exact zeros."""

import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam, AdamW

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(None if device.type == "cpu" else device)  # harmless: with one, every call is slower
close = torch.testing.assert_close

# %% In short
x = torch.randn(256, 20)
y = 2 * x[:, :1].relu() - x[:, 1:2] + 0.1 * torch.randn(256, 1)  # two of the twenty inputs matter  # harmless: any y
net = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 1))
net.frozen = nn.Parameter(torch.ones(2, 2), requires_grad=False)  # as of a part that is not trained

matrices = [p for p in net.parameters() if p.requires_grad and p.ndim >= 2]
vectors = [p for p in net.parameters() if p.ndim < 2]  # biases and norms: no penalty
groups = [{"params": matrices, "weight_decay": 1e-4}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.SGD(groups, lr=0.1)  # weight_decay is the L2 part
l1 = 0.05  # strength of the L1 part
for step in range(1, 401):
    optimizer.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
    threshold = optimizer.param_groups[0]["lr"] * l1  # the rate of now: a scheduler may change it  # harmless: [1]
    with torch.no_grad():
        for p in matrices:  # the proximal step
            p.copy_(F.softshrink(p, threshold))
    if step % 100 == 0:
        print(f"step={step} loss={loss.item():.3f}")

used = (net[0].weight != 0).any(0)  # (20,), per input
print(f"{(net[0].weight == 0).float().mean():.0%} of the first layer is 0; inputs still used: {used.sum()} of 20")
assert loss < 0.1 and used[:2].all() and used.sum() < 6, "most useless inputs are cut off, exactly"
assert all((p != 0).any() and p.requires_grad for p in vectors) and (net.frozen == 1).all(), "biases, frozen: spared"


# %% The two steps by hand
def decay_step(groups, lr):
    # hole: decay-step
    with torch.no_grad():
        for group in groups:
            for p in group["params"]:
                if p.grad is not None:
                    p -= lr * (p.grad + group["weight_decay"] * p)
    # end


def soft_threshold(w, t):
    # hole: soft-threshold
    return w.sign() * (w.abs() - t).clamp(min=0)
    # end


ours, theirs = ([nn.Parameter(torch.linspace(-4, 4, size)) for size in (1, 2, 3, 4, 5)] for _ in range(2))
both = [[{"params": p[::2], "weight_decay": 0.5}, {"params": p[1::2], "weight_decay": 0.0}] for p in (ours, theirs)]
for lr in (0.1, 0.02):
    for a, b in zip(ours[1:], theirs[1:], strict=True):  # first: no gradient; last: zeros  # harmless: either order
        a.grad, b.grad = (5 - len(a)) * torch.arange(len(a)) * torch.ones(2, len(a))
    SGD(map(dict, both[1]), lr).step()
    decay_step(both[0], lr)
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)
        assert a.requires_grad and (b.grad is None or torch.equal(a.grad, b.grad)), "the gradient stays as it was"
close(ours[4].data, 0.95 * 0.99 * torch.linspace(-4, 4, 5), msg="gradient 0: it loses the share lr * weight_decay")
assert ours[0] == -4 == ours[1][0], "no gradient, or no weight_decay: it rests"

hand = torch.tensor([-3, -1, -0.5, 0, 0.5, 1, 1.5])
close(soft_threshold(hand, 1.0), torch.tensor([-2, 0, 0, 0, 0, 0, 0.5]), atol=0, rtol=0)  # the limit included
assert hand.tolist() == [-3, -1, -0.5, 0, 0.5, 1, 1.5] == soft_threshold(hand, 0.0).tolist(), "w stays as it was"
close(soft_threshold(hand.double(), 0.7), F.softshrink(hand.double(), 0.7))
limits, grid = torch.tensor([[0.0], [0.25], [2.0]]), torch.linspace(-4, 4, 8001)[:, None, None]  # a limit a row
best = (limits * grid.abs() + (grid - hand).square() / 2).argmin(0)  # (3, 7): what the proximal step is defined by
close(soft_threshold(hand.expand(3, 7), limits), grid[best, 0, 0], atol=2e-3, rtol=0)

# %% Where training ends: 100 rows, 20 features of which three matter
N, D, L1, L2 = 100, 20, 0.3, 0.5
x = torch.randn(N, D)
y = x[:, :3] @ torch.tensor([2, -1.5, 1]) + 0.5 * torch.randn(N)  # (N,)


def fit(kind, lr, way, factor=1, falling=True, batch=N, **options):
    w = nn.Parameter(torch.zeros(D))
    optimizer = kind([w], lr, weight_decay=L2 * (way == "weight_decay"), fused=True, **options)  # fused: faster
    for step in range(300):
        rate = optimizer.param_groups[0]["lr"] = lr * (1 - step / 300) if falling else lr
        rows = torch.randperm(N)[:batch]
        loss = F.mse_loss(x[rows] @ w, y[rows])
        loss = loss + {"L2 in the loss": L2 / 2 * w.square().sum(), "L1 in the loss": L1 * w.abs().sum()}.get(way, 0)
        optimizer.zero_grad()
        loss.backward()
        if way == "shrinking":
            w.data *= 1 - rate * L2
        optimizer.step()
        if way == "proximal":
            w.data = soft_threshold(w.data, factor * rate * L1)
    return w.data


ridge = torch.linalg.solve(2 / N * x.T @ x + L2 * torch.eye(D), 2 / N * x.T @ y)  # the penalised slope is 0
for kind, lr, options in ((SGD, 0.15, {}), (SGD, 0.03, {"momentum": 0.9}), (Adam, 0.05, {})):
    ends = {way: fit(kind, lr, way, **options) for way in ("weight_decay", "L2 in the loss", "shrinking")}
    gaps = {way: (w - ridge).norm(torch.inf).item() for way, w in ends.items()}
    print(f"{kind.__name__}{options or ''}, from ridge:", *(f"{way} {gap:.3f}" for way, gap in gaps.items()))
    assert all((w != 0).all() for w in ends.values()) and max(gaps["weight_decay"], gaps["L2 in the loss"]) < 0.01
    assert gaps["shrinking"] < 0.01 if (kind, options) == (SGD, {}) else gaps["shrinking"] > 0.05, "plain SGD alone"
close(fit(AdamW, 0.05, "weight_decay"), ends["shrinking"], atol=1e-4, rtol=0)  # after Adam's steps

lasso = fit(SGD, 0.15, "proximal")
slope = 2 / N * x.T @ (x @ lasso - y)
close(slope[lasso != 0], -L1 * lasso[lasso != 0].sign(), atol=1e-3, rtol=0)
assert (slope[lasso == 0].abs() <= L1).all(), "so it is the minimum: no weight gains by leaving 0"
runs = {
    "L1 in the loss": fit(SGD, 0.15, "L1 in the loss", falling=False),
    "L1 in the loss, falling rate": fit(SGD, 0.15, "L1 in the loss"),
    "proximal": lasso,
    "proximal, batches of 10": fit(SGD, 0.15, "proximal", batch=10),
    "proximal, momentum": fit(SGD, 0.03, "proximal", momentum=0.9),
    "proximal, momentum, / (1 - 0.9)": fit(SGD, 0.03, "proximal", 10, momentum=0.9),
    "proximal, Adam": fit(Adam, 0.05, "proximal"),
    "L1 in the loss, Adam": fit(Adam, 0.05, "L1 in the loss"),
}
zeros, gaps = zip(*(((w == 0).sum().item(), (w - lasso).norm(torch.inf).item()) for w in runs.values()), strict=True)
for name, zero, gap in zip(runs, zeros, gaps, strict=True):
    print(f"{name:32} zeros: {zero:2} of 20, {gap:.3f} from the minimum")
assert zeros[0] == zeros[1] == zeros[7] == 0 and max(gaps[1], gaps[7]) < 0.02 < gaps[0], "near, without a zero"
assert (lasso[:3].abs() > 0.3).all(), "so a cut at 0.15 keeps what matters, and finds each of its zeros"
assert zeros[2] == zeros[5] > 12 and gaps[5] < 0.01 and gaps[3] < 0.15, "ten times the step, ten times the threshold"
assert max(zeros[3], zeros[4], zeros[6]) < 13 and min(gaps[4], gaps[6]) > 0.05, "zeros are lost"

# %% Held out: which penalty for which truth? Eight draws each, the strength chosen on validation rows
train, validation, test = range(40), range(40, 120), range(120, 620)
assert len({*train, *validation, *test}) == 620, "no row has two parts"
x = torch.cat([torch.randn(8, 620, 60), torch.ones(8, 620, 1)], 2)  # the last weight is the bias
H = x[:, train].mT @ x[:, train] / 20  # (8, 61, 61)
strength, mask = torch.logspace(-3, 1, 17), (torch.arange(61) < 60).float()  # harmless: in any order
for truth, true in {"3 of 60 matter": 1.5 * (torch.arange(60) < 3), "60 alike": torch.full((60,), 0.34)}.items():
    y = x @ torch.cat([true, torch.tensor([3])])[:, None] + torch.randn(8, 620, 1)  # a bias of 3
    b = x[:, train].mT @ y[:, train] / 20
    arms, rate = {"L1": torch.zeros(8, 61, 17)}, 1 / torch.linalg.eigvalsh(H).max()
    for _ in range(500):
        arms["L1"] = soft_threshold(arms["L1"] - rate * (H @ arms["L1"] - b), rate * strength * mask[:, None])
    assert ((H @ arms["L1"] - b).abs() < strength * mask[:, None] + 0.1).all(), "at most this slope, 0 for the bias"
    for arm, on in {"L2": mask, "L2, bias too": torch.ones(61)}.items():
        arms[arm] = torch.linalg.solve(H[:, None] + strength[:, None, None] * on.diag(), b[:, None])[..., 0].mT
    arms["nearly none"], told = arms["L2"][..., strength < 0.0015], {}  # harmless: or the lowest two
    for arm, w in arms.items():
        errors = (x @ w - y).square()  # (8, 620, 17)
        pick = errors[:, validation].reshape(8, 80, -1).mean(1).argmin(1)  # (8,)  # harmless: sum
        told[arm] = errors[range(8), :, pick][:, test].reshape(4000).mean()
    print(f"{truth}, test error:", *(f"{arm} {error:.2f}" for arm, error in told.items()))
    better, worse = ("L1", "L2") if true.count_nonzero() == 3 else ("L2", "L1")
    assert told[better] < 0.85 * told[worse] and 1 < min(told.values()) < 9, "noise of variance 1 is left"
    assert told["L2, bias too"] / 1.3 > told["L2"] < 0.95 * told["nearly none"], "spare the bias"
