# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Tasks that share a trunk add up their gradients in it, so the scale of each loss decides which task is heard."""

import os
from itertools import islice

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.heads = nn.ModuleDict({"arm": nn.Linear(32, 4), "far": nn.Linear(32, 1)})

    def forward(self, x):
        features = self.trunk(x)  # (N, 32), computed once
        return {task: head(features) for task, head in self.heads.items()}  # (N, 4) and (N, 1)


def train_step(net, optimizer, x, arm, far, total=torch.sum):  # (N, 2), (N,) long, (N, 1) float
    out = net(x)
    losses = torch.stack([F.cross_entropy(out["arm"], arm), F.mse_loss(out["far"], far)])  # (2,)
    optimizer.zero_grad()
    total(losses).backward()  # one number: the sum, or lambda losses: (weights * losses).sum()
    optimizer.step()
    return losses.detach()  # log each task by itself


# %% Two tasks on points of the plane: which of four spiral arms is it in, and how far out?
N = 512
x = torch.randn(2 * N, 2, device=device)
radius = x.norm(dim=1)  # (2N,)
arm = ((x[:, 1].atan2(x[:, 0]) + radius) / (torch.pi / 2)).floor().long() % 4  # harmless: (2N,), any four classes do
metres = (radius + 0.1 * torch.randn_like(radius)).unsqueeze(1)  # (2N, 1), noise of 10 cm
rows, fresh = torch.arange(2 * N).split(N)  # numbers of the rows to train on, and of those to test with


# %% Another design: share one layer, give each task a branch of two
class Branches(Net):
    def __init__(self):
        super().__init__()
        branches = {task: nn.Sequential(nn.Linear(32, 32), nn.ReLU(), head) for task, head in self.heads.items()}
        self.trunk, self.heads = self.trunk[:2], nn.ModuleDict(branches)


kinds = [[type(layer) for layer in part] for part in (Net().trunk, Branches().trunk, Branches().heads["far"])]
step = [nn.Linear, nn.ReLU]
assert kinds == [[*step, *step], step, [*step, nn.Linear]], "the branches share one layer instead of two"

# %% The trunk receives the sum of the tasks' gradients
net = Net().to(device)
out = net(x)
pulls = [F.cross_entropy(out["arm"], arm), F.mse_loss(out["far"], metres), F.mse_loss(out["far"], 100 * metres)]
grads = [torch.autograd.grad(loss, net.trunk.parameters(), retain_graph=True) for loss in (*pulls, pulls[0] + pulls[1])]
by_arm, by_metres, by_cm, by_sum = (torch.cat([g.flatten() for g in grad]) for grad in grads)
print(f"trunk gradient norms: arm {by_arm.norm():.2f}, distance in m {by_metres.norm():.2f}, in cm {by_cm.norm():.0f}")
torch.testing.assert_close(by_sum, by_arm + by_metres, rtol=1e-3, atol=1e-5)
assert by_cm.norm() > 50 * by_metres.norm() > 100 * by_arm.norm(), "both reach the trunk; the unit decides who is heard"


# %% Missing labels: the mean over the known ones
def known_mse(guess, truth):  # (N, 1), (N, 1) with NaN where the label is missing
    # hole: missing-labels
    known = ~truth.isnan()
    return (guess[known] - truth[known]).square().sum() / known.sum().clamp(min=1)
    # end


nan, guess = float("nan"), torch.tensor([[1.0], [2.0], [3.0]], device=device, requires_grad=True)
for truth, value, slope in ([0, nan, 1], 2.5, [1, 0, 2]), ([nan] * 3, 0, [0] * 3), ([nan, nan, 1], 4, [0, 0, 4]):
    loss = known_mse(guess, torch.tensor(truth, device=device).float().unsqueeze(1))
    assert abs(loss.item() - value) < 1e-5, "the mean over the known labels, 0 if there are none"
    (grad,) = torch.autograd.grad(loss, guess)  # (3, 1)
    assert grad.flatten().tolist() == slope, "a missing label has no gradient, NaN least of all"


# %% Loaders of unequal length: turn each into an endless stream
def forever(loader):
    # hole: endless-stream
    while True:
        yield from loader
    # end


loader = DataLoader(rows, batch_size=64, shuffle=True)  # 8 batches
stream = list(islice(forever(loader), 16))
assert len(list(islice(forever([0]), 3000))) == 3000, "the stream goes on after any number of passes"
assert all(torch.cat(half).unique().numel() == N for half in (stream[:8], stream[8:])), "a pass sees every sample"
assert len({frozenset(batch.tolist()) for batch in stream}) > 8, "every pass is shuffled anew, none is replayed"
small = DataLoader(rows[:192], batch_size=64, shuffle=True)  # harmless: 3 batches, in any order
assert len(small) < len(loader), "the lengths differ"
for one, other in islice(zip(forever(loader), forever(small), strict=True), 20):  # harmless: in any order
    out = net(x[torch.cat([one, other])])  # the trunk runs once, over both batches
    logits, distance = out["arm"][: len(one)], out["far"][len(one) :]  # each head on the rows that have its label
    torch.testing.assert_close([logits, distance], [net(x[one])["arm"], net(x[other])["far"]], rtol=1e-3, atol=1e-4)


# %% Uncertainty weighting: divide each loss by a learned variance
def weigh(losses, log_vars):  # (2,), (2,)
    # hole: uncertainty-weighting
    return 0.5 * (losses * torch.exp(-log_vars) + log_vars).sum()
    # end


guess, truth = torch.randn(2, 2, 64, device=device, requires_grad=True)
log_vars = torch.tensor([0.7, -1.2], device=device, requires_grad=True)
likelihood = 2 * F.gaussian_nll_loss(guess, truth, log_vars.exp())  # harmless: symmetric; a mean over two tasks
total = weigh((guess - truth).square().mean(1), log_vars)
ours, theirs = ((value, *torch.autograd.grad(value, (guess, log_vars))) for value in (total, likelihood))
torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


# %% The same net, start and batches; what differs is the unit of the distance and the weighting of the losses
def train(name, design=Net, unit=1, mean=0.0, how="sum", rate=0.2):  # unit in metres
    torch.manual_seed(0)
    net, far = design().to(device), (metres - mean) / unit
    out = net(x[rows])
    first = torch.stack([F.cross_entropy(out["arm"], arm[rows]), F.mse_loss(out["far"], far[rows])])
    net.log_vars = nn.Parameter(first.log(), requires_grad=how == "learned")  # each loss starts divided by itself
    layers = [*net.trunk.parameters(), *net.heads.parameters()]
    optimizer = torch.optim.Adam([{"params": layers}, {"params": [net.log_vars], "lr": rate}], lr=0.02)
    for some in islice(forever(loader), 100):
        total = torch.sum if how == "sum" else lambda losses: weigh(losses, net.log_vars)
        logged = train_step(net, optimizer, x[some], arm[some], far[some], total)
        assert not logged.requires_grad, "what is logged keeps no graph"
        assert not set(some.tolist()) & set(fresh.tolist()), "no row is both trained on and tested with"
    with torch.no_grad():
        out = net(x[fresh])
    right = (out["arm"].argmax(1) == arm[fresh]).float().mean().item()
    error = F.mse_loss(out["far"] * unit + mean, radius[fresh].unsqueeze(1)).sqrt().item()  # in metres
    print(f"{name:32} {right:.0%} of fresh arms right, distance off by {error:.2f} m")
    return right, error


in_metres, branches = train("metres, sum"), train("metres, sum, branches", Branches)
scale = {"unit": metres[rows].std(), "mean": metres[rows].mean()}
assert abs(((metres[rows] - scale["mean"]) / scale["unit"]).square().mean() - 1) < 0.01, "mean 0 and variance 1"
standard, fixed_metres = train("standardised, sum", **scale), train("metres, fixed weights", how="fixed")
assert in_metres not in (standard, fixed_metres, branches), "these are trainings of their own"
cm = 0.01
summed, fixed = train("centimetres, sum", unit=cm), train("centimetres, fixed weights", unit=cm, how="fixed")
learned, slowly = (train(f"centimetres, learned at {rate}", unit=cm, how="learned", rate=rate) for rate in (0.2, 0.02))
assert min(in_metres[0], branches[0]) > 0.8, "one summed loss trains classifier and regressor together, in both designs"
errors = in_metres[1], branches[1], summed[1], standard[1], learned[1]
assert max(errors) < 0.2 and min(errors) > 0.05, "the distance is learned, if not exactly"
assert min(standard[0], fixed[0], learned[0]) > summed[0] + 0.1, "standardised or weighted, the arms are learned too"
assert min(fixed[1], slowly[1]) > max(fixed_metres[1], learned[1]), "weights alone do not help outputs of over 100"
