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


# %% In short
class Net(nn.Module):  # the net of one task
    def __init__(self, outputs, trunk=None, width=FEATURES):
        super().__init__()
        self.trunk = trunk or nn.Sequential(nn.Linear(D, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, width))
        self.head = nn.Linear(width, outputs)

    def forward(self, x):
        return self.head(self.trunk(x))  # (N, outputs)


def share(outputs_a, outputs_b, width=FEATURES):  # hard sharing: one trunk, a head for each task
    a = Net(outputs_a, width=width).to(device)
    b = Net(outputs_b, a.trunk, width).to(device)
    return a, b, torch.optim.Adam(nn.ModuleList([a, b]).parameters(), lr=0.03)  # lists the trunk once


# %% A family of tasks: noisy mixtures of the same three hidden features of x
def family(x, count):
    features = torch.tanh(2 * x @ torch.randn(D, FEATURES, device=device) / D**0.5)  # harmless: any would do
    y = features @ torch.randn(FEATURES, count, device=device)  # (N, count)
    return y / y.std(dim=0) + 0.1 * torch.randn_like(y)  # variance 1 and 0.01 of noise  # harmless: as above


# %% Hard sharing: both nets call one and the same trunk
def tie(a, b):
    # hole: hard-sharing
    b.trunk = a.trunk
    # end


def pull(loss, net):  # gradient of the loss for the net's trunk, or None where no path leads there
    grads = torch.autograd.grad(loss, net.trunk.parameters(), retain_graph=True, allow_unused=True)
    return None if grads[0] is None else parameters_to_vector(grads)  # harmless: any of them tells


def size(*modules):
    return sum(p.numel() for p in nn.ModuleList(modules).parameters())  # a shared parameter is listed once


x = torch.randn(64, D, device=device)
a, b = Net(TASKS).to(device), Net(1).to(device)
trunk, heads = D * HIDDEN + HIDDEN + HIDDEN * FEATURES + FEATURES, (FEATURES + 1) * (TASKS + 1)
assert size(a, b) == 2 * trunk + heads, "nets side by side share nothing, whatever list holds them"
b.trunk.load_state_dict(a.trunk.state_dict())  # harmless: unequal ones share no more
assert pull(a(x).square().mean(), b) is None, "equal weights are not shared weights"

tie(a, b)  # harmless: it works both ways
assert size(a, b) == trunk + heads, "one trunk, and each task keeps a head of its own"
print(f"separate: {2 * trunk + heads} parameters, hard sharing: {size(a, b)}")
loss_a, loss_b = a(x).square().mean(), b(x).square().mean()  # harmless: any two losses would do
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
assert penalty(a, b).requires_grad and penalty(a, b) > 0, "the penalty is part of the loss, so gradients must pass"
pairs = list(zip(a.trunk.parameters(), b.trunk.parameters(), strict=True))
torch.testing.assert_close(penalty(a, b), sum(torch.dist(p, q) ** 2 for p, q in pairs), rtol=1e-4, atol=1e-5)
torch.testing.assert_close(pull(penalty(a, b), a), 2 * torch.cat([(p - q).flatten() for p, q in pairs]))
torch.testing.assert_close(pull(penalty(a, b), b), -pull(penalty(a, b), a))  # each is drawn to the other


# %% B has few labels: does it gain from A, and from tasks that use other features?
SHARES = {"alone": (1, 0, 0), "hard": (1, 1, 0), "soft": (1, 1, 0.3), "frozen": (0, 1, 0)}  # of B, A, the penalty


def train(design, x, others, y, width=FEATURES):
    assert torch.cdist(x, fresh).min() > 0.01, "no row of the test is trained on"
    a, b, optimizer = share(TASKS, 1, width)
    if design in ("alone", "soft"):
        b.trunk = Net(1).trunk.to(device)
        b.trunk.load_state_dict(a.trunk.state_dict())  # the same start, which alone binds nothing
        optimizer = torch.optim.Adam(nn.ModuleList([a, b]).parameters(), lr=0.03)
    assert (a.trunk is b.trunk) == (design in ("hard", "frozen")), "alone and soft sharing: two trunks"
    for _ in range(STEPS):
        parts = mse_loss(b(x[: len(y)]), y), mse_loss(a(x), others), penalty(a, b)  # B has labels for the first rows
        loss = sum(share * part for share, part in zip(SHARES[design], parts, strict=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if design == "frozen":  # B's loss never reached the trunk  # harmless: elsewhere this is the trained head
        rows = torch.cat([b.trunk(x[: len(y)]), torch.ones_like(y)], dim=1).detach()  # harmless: it only spares memory
        best = torch.linalg.lstsq(rows, y).solution  # (width + 1, 1)
        b.head.weight.data, b.head.bias.data = best[:-1].T.contiguous(), best[-1]
    return b


runs = {  # design, partner, labels of B, width of the trunk's output
    "alone": ("alone", "A", FEW, 3),
    "hard sharing with A": ("hard", "A", FEW, 3),
    "soft sharing with A": ("soft", "A", FEW, 3),
    "frozen trunk of A": ("frozen", "A", FEW, 3),
    "hard sharing with unrelated tasks": ("hard", "unrelated", FEW, 3),
    "the same, trunk of width 6": ("hard", "unrelated", FEW, 6),
    "frozen trunk of unrelated tasks": ("frozen", "unrelated", FEW, 3),
    "alone, 400 labels": ("alone", "A", MANY, 3),
    "hard sharing with A, 400 labels": ("hard", "A", MANY, 3),
    "hard sharing with unrelated tasks, 400 labels": ("hard", "unrelated", MANY, 3),
}
error = {name: torch.zeros(WORLDS, 2) for name in runs}  # mean squared error of B on its labels and on fresh rows
for world in range(WORLDS):
    x = torch.randn(MANY + TEST, D, device=device)
    tasks = family(x, TASKS + 1)  # (MANY + TEST, TASKS + 1), the last one is B
    y, others, fresh = tasks[:, -1:], {"A": tasks[:, :-1], "unrelated": family(x, TASKS)}, x[MANY:]
    for name, (design, partner, labels, width) in runs.items():
        b = train(design, x[:MANY], others[partner][:MANY], y[:labels], width)
        error[name][world] = torch.stack([mse_loss(b(x[:labels]), y[:labels]), mse_loss(b(fresh), y[MANY:])]).detach()
for name, values in error.items():
    fit, mean, median = *values.mean(dim=0).tolist(), values[:, 1].median().item()  # over the worlds
    print(f"{name}: error on its labels {fit:.3f}, on fresh rows {mean:.3f} (median {median:.3f})")
fit, mean = ({name: values[:, part].mean().item() for name, values in error.items()} for part in (0, 1))
alone, hard, unrelated = (mean[name] for name in ("alone", "hard sharing with A", "hard sharing with unrelated tasks"))
assert hard < min(0.1, 0.8 * alone), "with few labels B gains from related tasks"
assert error["soft sharing with A"][:, 1].median() < 0.4 * error["alone"][:, 1].median(), "so it does by soft sharing"
assert mean["frozen trunk of A"] < hard, "B's 30 labels bend the shared trunk, to no good"
assert unrelated > max(alone, mean["the same, trunk of width 6"]), "a trunk too narrow for both tasks does harm"
assert fit["frozen trunk of unrelated tasks"] > 0.2, "the head alone cannot fit the labels on features of others"
assert fit["hard sharing with unrelated tasks"] < 0.05, "so the trunk does: it memorises them"
gain, harm = alone - hard, unrelated - alone  # harmless: a wider bound
alone, hard, unrelated = (mean[name] for name in list(runs)[-3:])
assert alone - hard < 0.25 * gain and unrelated - alone < 0.25 * harm, "with many labels little is left to gain or lose"
