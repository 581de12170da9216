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
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, ARMS, WIDTH, STEPS = 512, 4, 32, 100

# %% Two tasks on points of the plane: which of four spiral arms is it in, and how far out?
x = torch.randn(2 * N, 2, device=device)
radius = x.norm(dim=1)  # (2N,)
turns = (torch.atan2(x[:, 1], x[:, 0]) + radius) / (2 * torch.pi)  # (2N,)
arm = (turns * ARMS).floor().long() % ARMS  # (2N,), 0 to 3
metres = (radius + 0.1 * torch.randn_like(radius)).unsqueeze(1)  # (2N, 1), noise of 10 cm
(x, fresh_x), (arm, fresh_arm), (metres, fresh_metres) = (t.split(N) for t in (x, arm, metres))


# %% One trunk, a list of heads; the designs differ in how many of the two hidden layers are shared
def layer(size):
    return nn.Sequential(nn.Linear(size, WIDTH), nn.ReLU())


class MultiTask(nn.Module):
    def __init__(self, shared):  # 2: two heads of one layer each; 1: two branches of two layers each
        super().__init__()
        sizes = [2, WIDTH]  # inputs of the two hidden layers
        self.trunk = nn.Sequential(*map(layer, sizes[:shared]))
        self.heads = nn.ModuleList(nn.Sequential(*map(layer, sizes[shared:]), nn.Linear(WIDTH, n)) for n in (ARMS, 1))

    def forward(self, x):
        features = self.trunk(x)  # (N, WIDTH), computed once
        return [head(features) for head in self.heads]  # (N, ARMS), (N, 1)


# %% The trunk receives the sum of the tasks' gradients
def task_losses(net, unit):
    logits, distance = net(x)
    return torch.stack([F.cross_entropy(logits, arm), F.mse_loss(distance, unit * metres)])  # (2,)


net = MultiTask(shared=2).to(device)
losses = task_losses(net, unit=1)
pulls = (*losses, losses.sum(), task_losses(net, unit=100)[1])
grads = [torch.autograd.grad(loss, net.trunk.parameters(), retain_graph=True) for loss in pulls]
by_arm, by_metres, by_sum, by_cm = (torch.cat([g.flatten() for g in grad]) for grad in grads)
print(f"trunk gradient norms: arm {by_arm.norm():.2f}, distance in m {by_metres.norm():.2f}, in cm {by_cm.norm():.0f}")
torch.testing.assert_close(by_sum, by_arm + by_metres, rtol=1e-3, atol=1e-5)
assert by_cm.norm() > 50 * by_arm.norm() > 0.5, "both tasks reach the trunk, the unit decides which is heard"

# %% Heads in a plain list are hidden from the optimizer
plain = nn.Module()
plain.trunk, plain.heads = net.trunk, list(net.heads)  # what self.heads = [...] leaves
seen, every = (sum(p.numel() for p in module.parameters()) for module in (plain, net))
print(f"heads in a plain list: the optimizer gets {seen} of {every} parameters")
assert seen == sum(p.numel() for p in net.trunk.parameters()) < every, "a plain list registers nothing"


# %% Two loaders of unequal length: turn each into an endless stream
def forever(loader):
    # hole: endless-stream
    while True:
        yield from loader
    # end


loader = DataLoader(torch.arange(32), batch_size=4, shuffle=True)  # 8 batches
stream = list(islice(forever(loader), 16))
assert len(stream) == 16, "the stream goes on after the last batch"
assert all(torch.cat(half).unique().numel() == 32 for half in (stream[:8], stream[8:])), "a pass sees every sample"
assert len({frozenset(batch.tolist()) for batch in stream}) > 8, "every pass is shuffled anew, none is replayed"


# %% Uncertainty weighting: divide each loss by a learned variance
def weigh(losses, log_vars):  # (2,), (2,)
    # hole: uncertainty-weighting
    return 0.5 * (losses * torch.exp(-log_vars) + log_vars).sum()
    # end


guess, truth = torch.randn(2, 2, 64, device=device)
log_vars = torch.tensor([0.7, -1.2], device=device)
likelihood = 2 * F.gaussian_nll_loss(guess, truth, log_vars.exp().unsqueeze(1))  # a mean over two tasks
total = weigh((guess - truth).square().mean(1), log_vars)
assert isinstance(total, torch.Tensor), "a plain number has no gradient"
torch.testing.assert_close(total, likelihood, rtol=1e-4, atol=1e-5)


# %% One loss trains both tasks, each from a loader of its own
def train(name, shared, unit=1, learned=False):
    net = MultiTask(shared).to(device)
    arms = forever(DataLoader(TensorDataset(x, arm), batch_size=64, shuffle=True))  # 8 batches a pass
    distances = forever(DataLoader(TensorDataset(x[:192], unit * metres[:192]), batch_size=64, shuffle=True))  # 3
    log_vars = task_losses(net, unit).detach().log().requires_grad_()  # each loss starts divided by itself
    optimizer = torch.optim.Adam([{"params": net.parameters()}, {"params": [log_vars], "lr": 0.2}], lr=0.02)
    for step in range(STEPS + 1):
        (x_arm, y_arm), (x_far, y_far) = next(arms), next(distances)
        losses = torch.stack([F.cross_entropy(net(x_arm)[0], y_arm), F.mse_loss(net(x_far)[1], y_far)])  # (2,)
        loss = weigh(losses, log_vars) if learned else losses.sum()
        if learned and step % 20 == 0:
            print(f"step={step} loss={loss:.3f} arm={losses[0]:.3f} spread={(log_vars[1] / 2).exp():.1f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        logits, distance = net(fresh_x)
    right = (logits.argmax(1) == fresh_arm).float().mean().item()
    error = F.mse_loss(distance / unit, fresh_metres).sqrt().item()
    print(f"{name:30} {right:.0%} of fresh arms right, distance off by {error:.2f} m")
    assert error < 0.4, "the distance is learned in every run"
    return right, (log_vars[1] / 2).exp()  # the learned spread (standard deviation) of the distance


heads, _ = train("two heads, m, plain sum", shared=2)
branches, _ = train("two branches, m, plain sum", shared=1)
assert min(heads, branches) > 0.7, "one summed loss trains classifier and regressor together, in both designs"
summed, _ = train("two heads, cm, plain sum", shared=2, unit=100)
weighed, spread = train("two heads, cm, learned weights", shared=2, unit=100, learned=True)
assert weighed > summed + 0.1, "summed as they are, the larger loss drowns the other task"
print(f"learned spread of the distance labels: {spread:.1f} cm, their noise is 10 cm")
assert 5 < spread < 30, "the learned variance comes down to the loss that remains"
