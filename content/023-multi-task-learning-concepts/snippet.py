# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A task with few labels gains from a trunk that related tasks train too; beside unrelated tasks it does worse."""

import os

import torch
from torch import nn
from torch.nn.functional import mse_loss
from torch.nn.utils import parameters_to_vector

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
D, HIDDEN, FEATURES, TASKS = 10, 32, 3, 6  # inputs, hidden units, width of the trunk's output, tasks in group A
MANY, TEST, FEW, WORLDS, STEPS = 400, 1000, 30, 5, 100


# %% A family of tasks: noisy mixtures of the same three hidden features of x
def family(x, count):
    features = torch.tanh(2 * x @ torch.randn(D, FEATURES, device=device) / D**0.5)  # (N, FEATURES)
    y = features @ torch.randn(FEATURES, count, device=device)  # (N, count)
    return y / y.std(dim=0) + 0.1 * torch.randn_like(y)  # variance about 1, of which 0.01 is noise


class Net(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(D, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, FEATURES))
        self.head = nn.Linear(FEATURES, outputs)

    def forward(self, x):
        return self.head(self.trunk(x))  # (N, outputs)


# %% Hard sharing: both nets call one and the same trunk
def tie(a, b):
    # hole: hard-sharing
    b.trunk = a.trunk
    # end


def pull(loss, net):
    """Gradient of the loss for the net's trunk, or None where no path leads there."""
    grads = torch.autograd.grad(loss, net.trunk.parameters(), retain_graph=True, allow_unused=True)
    return None if grads[0] is None else parameters_to_vector(grads)


def size(*modules):
    return sum(p.numel() for p in nn.ModuleList(modules).parameters())  # a shared parameter is listed once


x = torch.randn(64, D, device=device)
a, b = Net(TASKS).to(device), Net(1).to(device)
trunk, heads = D * HIDDEN + HIDDEN + HIDDEN * FEATURES + FEATURES, (FEATURES + 1) * (TASKS + 1)
assert size(a, b) == 2 * trunk + heads, "nets side by side share nothing, whatever list holds them"
b.trunk.load_state_dict(a.trunk.state_dict())
assert pull(a(x).square().mean(), b) is None, "equal weights are not shared weights"

tie(a, b)
assert size(a, b) == trunk + heads, "one trunk, and each task keeps a head of its own"
print(f"separate: {2 * trunk + heads} parameters, hard sharing: {size(a, b)}")
loss_a, loss_b = a(x).square().mean(), b(x).square().mean()
pull_a, pull_b = pull(loss_a, b), pull(loss_b, b)
assert pull_a is not None and pull_a.norm() > 0 and pull_b.norm() > 0, "each head's gradient reaches the trunk"
torch.testing.assert_close(pull(loss_a + loss_b, a), pull_a + pull_b, rtol=1e-3, atol=1e-5)


# %% Soft sharing: two trunks, and a penalty on the squared distance between their weights
def penalty(a, b):
    # hole: soft-sharing
    gap = parameters_to_vector(a.trunk.parameters()) - parameters_to_vector(b.trunk.parameters())  # (trunk,)
    return gap.square().sum()
    # end


a, b = Net(TASKS).to(device), Net(1).to(device)
assert penalty(a, b).requires_grad, "the penalty is part of the loss, so gradients must pass"
pairs = list(zip(a.trunk.parameters(), b.trunk.parameters(), strict=True))
torch.testing.assert_close(penalty(a, b), sum(torch.dist(p, q) ** 2 for p, q in pairs), rtol=1e-4, atol=1e-5)
torch.testing.assert_close(pull(penalty(a, b), a), 2 * torch.cat([(p - q).flatten() for p, q in pairs]))
torch.testing.assert_close(pull(penalty(a, b), b), -pull(penalty(a, b), a))  # each is drawn to the other


# %% B has few labels: does it gain from A, and from tasks that use other features?
def train(design, x, others, y, verbose):
    a, b = Net(TASKS).to(device), Net(1).to(device)
    if design == "hard":
        tie(a, b)
    else:
        b.trunk.load_state_dict(a.trunk.state_dict())  # equal at the start, which alone binds nothing
    optimizer = torch.optim.Adam(nn.ModuleList([a, b]).parameters(), lr=0.03, fused=True)
    for step in range(1, STEPS + 1):
        loss = mse_loss(b(x[: len(y)]), y)  # B has labels for the first rows
        if design != "alone":
            loss = loss + mse_loss(a(x), others)
        if design == "soft":
            loss = loss + 0.3 * penalty(a, b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if verbose and step % 20 == 0:
            print(f"step={step} loss={loss.item():.4f}")
    return b


runs = [("alone", "A", FEW), ("hard", "A", FEW), ("soft", "A", FEW), ("hard", "unrelated", FEW)]
runs += [("alone", "A", MANY), ("hard", "A", MANY), ("hard", "unrelated", MANY)]
error = torch.zeros(WORLDS, len(runs))  # mean squared error of B on held-out rows
for world in range(WORLDS):
    x = torch.randn(MANY + TEST, D, device=device)
    tasks = family(x, TASKS + 1)  # (MANY + TEST, TASKS + 1), the last one is B
    y, others = tasks[:, -1:], {"A": tasks[:, :-1], "unrelated": family(x, TASKS)}
    for i, (design, partner, labels) in enumerate(runs):
        b = train(design, x[:MANY], others[partner][:MANY], y[:labels], verbose=world == 0 and i == 1)
        error[world, i] = mse_loss(b(x[MANY:]), y[MANY:]).item()
mean, median = error.mean(dim=0).tolist(), error.median(dim=0).values.tolist()  # over the worlds
for i, (design, partner, labels) in enumerate(runs):
    how = design if design == "alone" else f"{design} sharing, {partner}"
    print(f"B with {labels:3} labels, {how}: mean error {mean[i]:.3f}, median {median[i]:.3f}")

alone, hard, _, unrelated, alone_many, hard_many, unrelated_many = mean
assert hard < 0.8 * alone, "with few labels B gains from related tasks"
assert median[2] < 0.8 * median[0], "by soft sharing too, in most worlds"
assert unrelated > alone, "a narrow trunk that unrelated tasks shape serves B worse than one of its own"
assert alone_many - hard_many < 0.25 * (alone - hard), "with many labels there is little left to gain"
assert unrelated_many - alone_many < 0.25 * (unrelated - alone), "and little left to lose"
